//! The workspace on disk: finds it, reads it, writes into it. All I/O of the command line is here,
//! but for the folder of a site.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Setting;
use crate::config::Config;
use crate::load::load;
use crate::rules::CONFIG;
use crate::workspace::Workspace;

/// The root folder of a workspace.
#[derive(Debug, Clone)]
pub(super) struct Place {
    root: PathBuf,
}

impl Place {
    /// The root that is fixed, that is asked for, or that Cargo finds from the current folder.
    pub(super) fn find(asked: Option<&Path>, setting: &Setting) -> Result<Self, String> {
        match (&setting.root, asked) {
            (Some(_), Some(_)) => Err("the root is fixed here; remove --root and --manifest-path".to_owned()),
            (Some(root), None) => Ok(Self { root: root.clone() }),
            (None, _) => Ok(Self { root: located(asked)? }),
        }
    }

    /// The law, as a value.
    pub(super) fn config(&self) -> Result<Config, String> {
        let text = std::fs::read_to_string(self.root.join(CONFIG)).map_err(|error| {
            format!("{CONFIG}: cannot be read in {}: {error}; `init` writes a first one", self.root.display())
        })?;
        Config::parse(&text).map_err(|error| format!("{CONFIG}: {error}"))
    }

    /// The facts.
    pub(super) fn workspace(&self, config: &Config) -> Result<Workspace, String> {
        load(&self.root, config).map_err(|error| error.to_string())
    }

    /// The text of a file of the workspace, by its path from the root.
    pub(super) fn text(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(self.root.join(file)).ok()
    }

    /// Writes a file of the workspace.
    pub(super) fn write(&self, file: &str, text: &str) -> Result<(), String> {
        write(&self.root.join(file), text)
    }

    /// Deletes a file of the workspace.
    pub(super) fn delete(&self, file: &str) -> Result<(), String> {
        std::fs::remove_file(self.root.join(file))
            .map_err(|error| format!("{file}: cannot be deleted: {error}"))
    }

    /// There is such a file.
    pub(super) fn has(&self, file: &str) -> bool {
        self.root.join(file).exists()
    }
}

/// Writes an output that the user named, by a path from the current folder.
pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    write_bytes(path, text.as_bytes())
}

/// The same with bytes; folders on the way are made.
pub(super) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(path, bytes))
        .map_err(|error| format!("{}: cannot be written: {error}", path.display()))
}

fn located(asked: Option<&Path>) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["locate-project", "--workspace", "--message-format", "plain"]);
    if let Some(asked) = asked {
        command.arg("--manifest-path").arg(asked.join("Cargo.toml"));
    }
    let output = command.output().map_err(|error| format!("cannot run `cargo locate-project`: {error}"))?;
    if !output.status.success() {
        return Err(format!("no workspace: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let manifest = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    manifest.parent().map(Path::to_path_buf).ok_or_else(|| format!("{}: has no folder", manifest.display()))
}
