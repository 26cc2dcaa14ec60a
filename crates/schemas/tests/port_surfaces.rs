//! The surface of every port is a contract: embedders implement it. A changed method breaks them at compile time, and
//! this snapshot says so before they notice.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn port_surfaces() {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    files.sort();
    let mut traits: Vec<String> = files.iter().flat_map(|file| traits_of(file)).collect();
    traits.sort();
    assert!(traits.len() > 20, "the ports are gone from where they were");
    insta::assert_snapshot!(traits.join("\n\n"));
}

/// The traits of a file without their docs, attributes and bodies.
fn traits_of(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("a source file");
    let mut traits = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !line.starts_with("pub trait ") {
            continue;
        }
        let mut found = vec![line.to_owned()];
        for line in lines.by_ref().take_while(|line| *line != "}") {
            let code = line.trim();
            if !code.is_empty() && !code.starts_with("//") && !code.starts_with("#[") {
                found.push(line.to_owned());
            }
        }
        traits.push(found.join("\n"));
    }
    traits
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
