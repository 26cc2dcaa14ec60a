//! Which file names which: what a document calls callers and delegates.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Area, SourceFile};
use crate::workspace::{Crate, Workspace, in_code};

/// More than these are counted by member instead of listed.
const LISTED: usize = 6;

/// Files by path, to the files that they name and that name them, outside of tests.
pub(crate) struct References<'a> {
    delegates: BTreeMap<&'a str, BTreeSet<Module<'a>>>,
    callers: BTreeMap<&'a str, BTreeSet<Module<'a>>>,
}

/// A file as people name it: folder of its member, module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Module<'a> {
    member: &'a str,
    path: &'a [String],
}

/// Files by the crate and module that they are.
type Files<'a> = BTreeMap<Vec<String>, (&'a Crate, &'a SourceFile)>;

impl<'a> References<'a> {
    /// Reads them from every `src` folder.
    pub(crate) fn of(workspace: &'a Workspace) -> Self {
        let files = files(workspace);
        let mut references = Self { delegates: BTreeMap::new(), callers: BTreeMap::new() };
        for (member, file) in files.values() {
            let tests = member.test_modules();
            let names = file.facts.names.iter().filter(|name| !name.in_test && !tests.hold(file));
            for name in names {
                for path in workspace.in_full(member, &name.module, &name.segments, name.absolute) {
                    if let Some((other_member, other)) = named(&files, &path) {
                        references.add((member, file), (other_member, other));
                    }
                }
            }
        }
        references
    }

    /// The files that name this one.
    pub(crate) fn callers(&self, file: &SourceFile) -> String {
        listed(self.callers.get(file.path.as_str()))
    }

    /// The files that this one names.
    pub(crate) fn delegates(&self, file: &SourceFile) -> String {
        listed(self.delegates.get(file.path.as_str()))
    }

    fn add(&mut self, from: (&'a Crate, &'a SourceFile), to: (&'a Crate, &'a SourceFile)) {
        if from.1.path != to.1.path {
            self.delegates.entry(&from.1.path).or_default().insert(module(to));
            self.callers.entry(&to.1.path).or_default().insert(module(from));
        }
    }
}

/// A file as people name it: `engines::logs::event`.
pub(crate) fn module_name(member: &Crate, file: &SourceFile) -> String {
    spelled(&module((member, file)))
}

fn module<'a>((member, file): (&'a Crate, &'a SourceFile)) -> Module<'a> {
    let member = member.dir.rsplit('/').next().unwrap_or(&member.name);
    Module { member, path: &file.module }
}

fn spelled(module: &Module<'_>) -> String {
    std::iter::once(module.member)
        .chain(module.path.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join("::")
}

fn listed(modules: Option<&BTreeSet<Module<'_>>>) -> String {
    let Some(modules) = modules else { return "-".to_owned() };
    if modules.len() <= LISTED {
        return modules.iter().map(|module| format!("`{}`", spelled(module))).collect::<Vec<_>>().join(", ");
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for module in modules {
        *counts.entry(module.member).or_default() += 1;
    }
    counts.iter().map(|(member, count)| format!("`{member}` ({count})")).collect::<Vec<_>>().join(", ")
}

fn files(workspace: &Workspace) -> Files<'_> {
    let mut files = Files::new();
    for member in &workspace.crates {
        for file in member.files.iter().filter(|file| file.area == Area::Src) {
            let path = std::iter::once(in_code(&member.name)).chain(file.module.iter().cloned()).collect();
            files.entry(path).or_insert((member, file));
        }
    }
    files
}

/// The file of the longest beginning of `path` that is one. The root of a crate is meant only by its own items.
fn named<'a>(files: &Files<'a>, path: &[String]) -> Option<(&'a Crate, &'a SourceFile)> {
    (1..=path.len()).rev().find_map(|end| files.get(&path[..end])).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_by_who_names_them_across_members() {
        let mut workspace = Workspace::default();
        workspace.plant("crates/a/src/lib.rs", "pub mod ports;");
        workspace.plant("crates/a/src/ports.rs", "pub trait Store {}");
        workspace.plant("crates/b/Cargo.toml", "[package]\nname = \"b\"\n[dependencies]\na = {}\n");
        workspace.plant("crates/b/src/lib.rs", "mod rows; #[cfg(test)] mod tests { use a::ports::Store; }");
        workspace.plant("crates/b/src/rows.rs", "use a::ports::Store;");
        let references = References::of(&workspace);
        let file = |path: &str| {
            workspace.crates.iter().flat_map(|c| &c.files).find(|f| f.path == path).expect("there")
        };
        assert_eq!(references.callers(file("crates/a/src/ports.rs")), "`b::rows`");
        assert_eq!(references.delegates(file("crates/b/src/rows.rs")), "`a::ports`");
        assert_eq!(references.callers(file("crates/b/src/rows.rs")), "-");
    }
}
