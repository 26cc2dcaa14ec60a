//! The folder of a rendered site: a new or empty one, or one that this command filled before. Nothing else is written into.

use std::io::ErrorKind;
use std::path::{Component, Path};

use super::place::write_bytes;
use crate::site::Asset;

/// Says that a folder is ours, and which files in it are.
const MARK: &str = "layer-audit-site.txt";
const HEAD: &str = "# Files that `literature --site` wrote here, and replaces the next time.\n";

/// Files of the site that stands in `folder` now, none where there is no site yet. An error where the folder is somebody's.
pub(super) fn owned(folder: &Path) -> Result<Vec<String>, String> {
    let unreadable = |error: std::io::Error| format!("{}: cannot be read: {error}", folder.display());
    let mut entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    if entries.next().transpose().map_err(unreadable)?.is_none() {
        return Ok(Vec::new());
    }
    let mark = std::fs::read_to_string(folder.join(MARK)).unwrap_or_default();
    let files = mark.strip_prefix(HEAD).ok_or_else(|| {
        format!(
            "{}: holds files, and no site of this command; name a new or an empty folder",
            folder.display()
        )
    })?;
    Ok(files.lines().map(str::to_owned).collect())
}

/// Writes the site and its list, and deletes what an earlier one has left.
pub(super) fn fill(folder: &Path, assets: &[Asset], before: &[String]) -> Result<(), String> {
    let list: String = assets.iter().map(|asset| format!("{}\n", asset.path)).collect();
    write_bytes(&folder.join(MARK), format!("{HEAD}{list}").as_bytes())?;
    for asset in assets {
        write_bytes(&folder.join(&asset.path), &asset.bytes)?;
    }
    for file in gone(before, assets) {
        let deleted = std::fs::remove_file(folder.join(file));
        // Somebody may have deleted it already.
        if let Err(error) =
            deleted.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
        {
            return Err(format!("{file}: cannot be deleted: {error}"));
        }
    }
    Ok(())
}

/// Files of the earlier site that the new one lacks. The list may have been edited: a path out of the folder is no file of ours.
fn gone<'a>(before: &'a [String], assets: &[Asset]) -> Vec<&'a str> {
    let inside = |file: &&String| {
        !file.is_empty() && Path::new(file).components().all(|part| matches!(part, Component::Normal(_)))
    };
    let kept = |file: &&String| assets.iter().any(|asset| asset.path == **file);
    before.iter().filter(inside).filter(|file| !kept(file)).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_earlier_site_go() {
        let before = ["index.html", "old/index.html", "../Cargo.toml", "/etc/x", "a/../../b", ""];
        let asset = Asset { path: "index.html".to_owned(), bytes: Vec::new() };
        assert_eq!(gone(&before.map(str::to_owned), &[asset]), ["old/index.html"]);
    }
}
