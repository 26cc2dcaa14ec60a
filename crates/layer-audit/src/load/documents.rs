//! Reads the texts besides manifests and sources that `layers.toml` names. One that is absent is a rule's business.

use std::collections::BTreeMap;
use std::path::Path;

use super::{LoadError, slashes};
use crate::finding::Place;
use crate::workspace::Problem;

/// Texts by path relative to the root, and the documents of a folder that could not be read.
#[derive(Default)]
pub(super) struct Documents {
    pub(super) texts: BTreeMap<String, String>,
    pub(super) problems: Vec<Problem>,
}

/// The texts of these files, which must be readable, and of every `.md` file below these folders. Pictures and whatever
/// else stands there are not looked at.
pub(super) fn read(root: &Path, paths: &[&str]) -> Result<Documents, LoadError> {
    let mut documents = Documents::default();
    for path in paths {
        let at = root.join(path);
        let read = if at.is_dir() { documents.below(root, &at) } else { documents.file(root, &at) };
        read.map_err(|error| LoadError(format!("{path}: cannot be read: {error}")))?;
    }
    Ok(documents)
}

impl Documents {
    fn file(&mut self, root: &Path, path: &Path) -> std::io::Result<()> {
        if path.is_file() {
            self.texts.insert(within(root, path), std::fs::read_to_string(path)?);
        }
        Ok(())
    }

    fn below(&mut self, root: &Path, folder: &Path) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                self.below(root, &path)?;
            } else if path.extension().is_some_and(|extension| extension == "md")
                && let Err(error) = self.file(root, &path)
            {
                let place = Place::file(within(root, &path));
                self.problems.push(Problem { place, message: format!("cannot be read: {error}") });
            }
        }
        Ok(())
    }
}

fn within(root: &Path, path: &Path) -> String {
    slashes(path.strip_prefix(root).unwrap_or(path))
}
