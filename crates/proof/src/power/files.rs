//! The files of a data directory, read as they are and written as a cut left them.

use std::fs;
use std::path::Path;

use color_eyre::eyre::{Result, WrapErr};

use crate::disk::cut::Files;

/// Every file below `root` but those that the disk leaves alone.
pub(super) fn read(root: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).wrap_err("the data directory cannot be read")? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            if !name.ends_with("-shm") {
                files.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

/// Makes the folder hold these files and no others. Their modes stay.
pub(super) fn replace(root: &Path, before: &Files, after: &Files) -> Result<()> {
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        fs::remove_file(root.join(name))?;
    }
    for (name, bytes) in after.iter().filter(|(name, bytes)| before.get(*name) != Some(bytes)) {
        fs::write(root.join(name), bytes)?;
    }
    for name in after.keys() {
        let shared = root.join(format!("{name}-shm"));
        if shared.exists() {
            fs::remove_file(shared)?;
        }
    }
    Ok(())
}
