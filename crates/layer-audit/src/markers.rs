//! Labels in headers: a line `//! Label: value` at the top of a file says how its module lives.

use crate::finding::Place;
use crate::importers::Module;
use crate::source::SourceFile;
use crate::workspace::{Crate, Workspace};

/// A module whose header carries a label.
#[derive(Debug, Clone)]
pub(crate) struct Marked<'a> {
    pub(crate) member: &'a Crate,
    pub(crate) file: &'a SourceFile,
    /// What follows the label; empty if nothing does.
    pub(crate) value: &'a str,
    line: usize,
}

impl Marked<'_> {
    /// The line with the label.
    pub(crate) fn place(&self) -> Place {
        Place::line(&self.file.path, self.line)
    }

    /// The module that the header speaks for.
    pub(crate) fn module(&self) -> Module {
        Module { member: self.member.name.clone(), path: self.file.module.clone() }
    }
}

/// Every module whose header carries this label, as in `Stub:`, whatever its case.
pub(crate) fn marked<'a>(workspace: &'a Workspace, label: &str) -> Vec<Marked<'a>> {
    let mut found = Vec::new();
    for member in &workspace.crates {
        for file in member.src() {
            if let Some((value, line)) = value(file, label)
                && speaks(member, file)
            {
                found.push(Marked { member, file, value, line });
            }
        }
    }
    found
}

/// What follows the label in the header of a file, and on which line.
pub(crate) fn value<'a>(file: &'a SourceFile, label: &str) -> Option<(&'a str, usize)> {
    let after = |line: &'a String| {
        let (begin, rest) = line.split_at_checked(label.len())?;
        begin.eq_ignore_ascii_case(label).then(|| rest.trim())
    };
    // A header begins on the first line.
    file.facts.header.iter().zip(1..).find_map(|(line, at)| Some((after(line)?, at)))
}

/// The header speaks for a module: a binary beside a library is none that anybody could name.
fn speaks(member: &Crate, file: &SourceFile) -> bool {
    !file.module.is_empty() || member.root_file().is_some_and(|root| root.path == file.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_from_headers_alone() {
        let cases = [
            ("//! A.\n//!\n//! Stub: no store yet.\n", Some(("no store yet.", 3))),
            ("//! stub:\n", Some(("", 1))),
            ("//! A stub: none.\n", None),
            ("//! Stubborn.\n", None),
            ("//! ß\n", None),
            ("//! A.\n\n//! Stub: late.\n", None),
            ("// Stub: plain.\n", None),
        ];
        for (text, expected) in cases {
            let file = SourceFile::parse("crates/a/src/b.rs", "src/b.rs", text).expect("parses");
            assert_eq!(value(&file, "Stub:"), expected, "{text}");
        }
    }

    #[test]
    fn a_binary_beside_a_library_speaks_for_no_module() {
        let mut workspace = Workspace::default();
        workspace.plant("crates/a/src/lib.rs", "//! A.");
        workspace.plant("crates/a/src/main.rs", "//! Stub: a binary.");
        workspace.plant("crates/b/src/main.rs", "//! Stub: all of it.");
        workspace.plant("crates/b/src/c/mod.rs", "//! Stub: a part.");
        let found = marked(&workspace, "Stub:");
        let modules: Vec<_> = found.iter().map(|marked| marked.module().to_string()).collect();
        assert_eq!(modules, ["b::c", "b"]);
    }
}
