//! Reads the code that `include!` brings in and that no walk over the crate's folders finds.

use std::collections::HashSet;
use std::path::Path;

use super::member::Read;

/// Adds to the files of a member what they bring in from its folder. A file that is not there is none: the build may make
/// it.
pub(super) fn add(folder: &Path, dir: &str, files: &mut Vec<Read>) {
    let mut known: HashSet<String> = files.iter().map(|file| file.within().to_owned()).collect();
    let mut next = 0;
    while next < files.len() {
        for (within, area) in files[next].includes() {
            let path = folder.join(&within);
            if known.insert(within.clone()) && path.is_file() {
                let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
                files.push(Read::included(dir, within, text, area));
            }
        }
        next += 1;
    }
}
