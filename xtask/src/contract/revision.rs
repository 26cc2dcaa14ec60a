//! The old side: files as they stood at a git revision. Reads only.

use std::path::Path;
use std::process::Command;

/// A commit of the repository that holds `root`.
#[derive(Debug)]
pub(crate) struct Revision<'a> {
    root: &'a Path,
    /// Its full hash.
    pub(crate) commit: String,
}

impl<'a> Revision<'a> {
    /// The commit that `rev` names. The error says what to do.
    pub(crate) fn resolve(root: &'a Path, rev: &str) -> Result<Self, String> {
        let meant = format!("{rev}^{{commit}}");
        let commit = git(root, &["rev-parse", "--verify", "--end-of-options", &meant]).map_err(|error| {
            format!(
                "revision `{rev}`: not known to git ({error}); give a commit, branch or tag that `git log` shows, and \
                 in a shallow clone run `git fetch --unshallow` first"
            )
        })?;
        Ok(Self { root, commit: commit.trim().to_owned() })
    }

    /// The files in `folder`, as paths from the root. Empty where there was no such folder.
    pub(crate) fn files(&self, folder: &str) -> Result<Vec<String>, String> {
        let listed = git(self.root, &["ls-tree", "-z", "--name-only", &self.commit, &format!("{folder}/")])
            .map_err(|error| format!("{folder} at {}: {error}", self.commit))?;
        Ok(listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }

    /// The text of a file that [`files`](Self::files) listed.
    pub(crate) fn read(&self, path: &str) -> Result<String, String> {
        git(self.root, &["show", &format!("{}:./{path}", self.commit)])
            .map_err(|error| format!("{path} at {}: {error}", self.commit))
    }
}

/// What git prints. The error is the last line that it complains with.
fn git(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("git");
    // A hook sets these, for a repository that need not be the one of `root`.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(variable);
    }
    let output = command
        .current_dir(root)
        .args(arguments)
        .output()
        .map_err(|error| format!("git cannot be run in {}: {error}", root.display()))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(complaint.lines().last().unwrap_or("git failed and did not say why").to_owned());
    }
    String::from_utf8(output.stdout).map_err(|_| "not UTF-8".to_owned())
}
