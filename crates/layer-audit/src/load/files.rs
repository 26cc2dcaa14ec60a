//! Finds the Rust files of a member: where Cargo looks, and where its manifest says.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::manifest::Target;

const AREAS: [&str; 4] = ["src", "tests", "benches", "examples"];

/// Every `.rs` file of the package in `folder`, sorted.
pub(super) fn of(folder: &Path, targets: &[Target]) -> std::io::Result<Vec<PathBuf>> {
    let mut walk = Walk::default();
    for area in AREAS {
        walk.below(&folder.join(area))?;
    }
    walk.found.push(folder.join("build.rs"));
    for target in targets.iter().filter(|target| !target.path.split('/').any(|part| part == "..")) {
        match target.path.split_once('/') {
            Some((area, _)) if AREAS.contains(&area) => {}
            Some((area, _)) => walk.below(&folder.join(area))?,
            // Its modules may stand anywhere beside it.
            None if matches!(target.kind, "lib" | "bin") => walk.beside(folder)?,
            None => walk.found.push(folder.join(&target.path)),
        }
    }
    let mut found = walk.found;
    found.retain(|path| path.is_file());
    found.sort();
    found.dedup();
    Ok(found)
}

#[derive(Default)]
struct Walk {
    found: Vec<PathBuf>,
    /// Folders behind links, so that a link to a folder above ends.
    linked: HashSet<PathBuf>,
}

impl Walk {
    /// A folder with its own manifest is another package, and not this one's.
    fn below(&mut self, folder: &Path) -> std::io::Result<()> {
        if !folder.is_dir() || folder.join("Cargo.toml").exists() || !self.is_new(folder)? {
            return Ok(());
        }
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                self.below(&path)?;
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                self.found.push(path);
            }
        }
        Ok(())
    }

    /// The files of the package's own folder, and of those below it that are no build output and not hidden.
    fn beside(&mut self, folder: &Path) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                self.below(&path)?;
            } else if name.ends_with(".rs") {
                self.found.push(path);
            }
        }
        Ok(())
    }

    fn is_new(&mut self, folder: &Path) -> std::io::Result<bool> {
        Ok(!folder.is_symlink() || self.linked.insert(folder.canonicalize()?))
    }
}
