//! Reads the texts besides manifests and sources that `layers.toml` names. One that is absent is a rule's business.

use std::collections::BTreeMap;
use std::path::Path;

use super::{LoadError, slashes};

/// The texts of these files, and of every file below these folders, by path relative to `root`.
pub(super) fn read(root: &Path, paths: &[&str]) -> Result<BTreeMap<String, String>, LoadError> {
    let mut documents = BTreeMap::new();
    for path in paths {
        add(root, &root.join(path), &mut documents)
            .map_err(|error| LoadError(format!("{path}: cannot be read: {error}")))?;
    }
    Ok(documents)
}

fn add(root: &Path, path: &Path, documents: &mut BTreeMap<String, String>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            add(root, &entry?.path(), documents)?;
        }
    } else if path.is_file() {
        let relative = slashes(path.strip_prefix(root).unwrap_or(path));
        documents.insert(relative, std::fs::read_to_string(path)?);
    }
    Ok(())
}
