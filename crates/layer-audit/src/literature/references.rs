//! Which file names which: what a document calls callers and delegates.

use std::collections::{BTreeMap, BTreeSet};

use crate::names::by_module::ByModule;
use crate::source::{NamedPath, SourceFile};
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

impl<'a> References<'a> {
    /// Reads them from every `src` folder.
    pub(crate) fn of(workspace: &'a Workspace) -> Self {
        let files = files(workspace);
        let mut references = Self { delegates: BTreeMap::new(), callers: BTreeMap::new() };
        for member in &workspace.crates {
            let tests = member.test_modules();
            for meant in workspace.meant_in_src(member).filter(|meant| !tests.hold(meant.file)) {
                let is_path = |name: &NamedPath| name.import || name.segments.len() > 1;
                let meanings = meant.different(|name| !name.in_test && is_path(name)).flatten();
                let meanings = meanings.filter(|meaning| !meaning.offered);
                for (krate, path) in meanings.filter_map(|one| one.in_full(meant.across.own_name())) {
                    if let Some(other) = files.innermost(krate, path) {
                        references.add((member, meant.file), other);
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

/// Files by the module that they are; of several the first.
fn files(workspace: &Workspace) -> ByModule<(&Crate, &SourceFile)> {
    let mut files = ByModule::default();
    for member in &workspace.crates {
        let name = in_code(&member.name);
        for file in member.src() {
            if files.get(&name, &file.module).is_none() {
                files.put(&name, &file.module, (member, file));
            }
        }
    }
    files
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
