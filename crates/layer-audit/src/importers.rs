//! Who names a module: in its own crate and in others, through re-exports, globs and renamed dependencies.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use crate::finding::Place;
use crate::names::across::Meaning;
use crate::names::meant::Meant;
use crate::source::{Area, NamedPath, SourceFile};
use crate::workspace::{Crate, Workspace, in_code};

/// A module of a member; an empty path is the whole crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Module {
    pub(crate) member: String,
    pub(crate) path: Vec<String>,
}

/// A place that names a module, or something in it, from outside.
#[derive(Debug, Clone)]
pub(crate) struct Importer<'a> {
    pub(crate) member: &'a Crate,
    pub(crate) file: &'a SourceFile,
    pub(crate) name: &'a NamedPath,
    /// It stands in a test.
    pub(crate) in_test: bool,
}

impl Module {
    /// Reads `member::path::to::module`.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = text.split("::").map(str::to_owned);
        Self { member: parts.next().unwrap_or_default(), path: parts.collect() }
    }

    /// The member, and the module at or above a file of it, are there.
    pub(crate) fn exists(&self, workspace: &Workspace) -> bool {
        let holds = |file: &SourceFile| {
            let declared = self.path.split_last().is_some_and(|(name, parent)| {
                file.facts.items.iter().any(|(module, item)| module == parent && item == name)
            });
            declared || file.module.starts_with(&self.path)
        };
        workspace.get(&self.member).is_some_and(|member| member.src().any(holds))
    }

    /// The module of a member holds this one, or is it.
    pub(crate) fn lies_in(&self, other: &Self) -> bool {
        self.member == other.member && self.path.starts_with(&other.path)
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.member)?;
        self.path.iter().try_for_each(|part| write!(f, "::{part}"))
    }
}

impl Importer<'_> {
    /// Where the name stands.
    pub(crate) fn place(&self) -> Place {
        self.file.place(self.name.at)
    }

    /// The module that names.
    pub(crate) fn module(&self) -> Module {
        Module { member: self.member.name.clone(), path: self.name.module.clone() }
    }
}

/// For each of `modules`, who names it from outside of it. What a `use` brought in is counted at the `use` alone.
pub(crate) fn importers<'a>(workspace: &'a Workspace, modules: &[Module]) -> Vec<Vec<Importer<'a>>> {
    let mut found = vec![Vec::new(); modules.len()];
    let search = Search::of(modules);
    for member in reach(workspace, modules) {
        for meant in workspace.meant(member) {
            let file = meant.file;
            for (name, meanings) in meant.names() {
                for at in search.meant(&meant, member, name, meanings) {
                    let in_test = file.area != Area::Src || meant.in_test(name);
                    found[at].push(Importer { member, file, name, in_test });
                }
            }
        }
    }
    found
}

/// The members that hold one of `modules`, or depend on such a member by any way.
fn reach<'a>(workspace: &'a Workspace, modules: &[Module]) -> Vec<&'a Crate> {
    let mut reached: BTreeSet<&str> = modules.iter().map(|module| module.member.as_str()).collect();
    loop {
        let before = reached.len();
        for member in &workspace.crates {
            if member.dependencies.iter().any(|one| !one.outside && reached.contains(one.package.as_str())) {
                reached.insert(&member.name);
            }
        }
        if reached.len() == before {
            return workspace.crates.iter().filter(|member| reached.contains(member.name.as_str())).collect();
        }
    }
}

/// What is searched for: modules with their places in the list, by what code calls their members.
struct Search<'a> {
    all: &'a [Module],
    modules: HashMap<String, Vec<(usize, &'a Module)>>,
}

impl<'a> Search<'a> {
    fn of(modules: &'a [Module]) -> Self {
        let mut by_member: HashMap<String, Vec<_>> = HashMap::new();
        for (at, module) in modules.iter().enumerate() {
            by_member.entry(in_code(&module.member)).or_default().push((at, module));
        }
        Self { all: modules, modules: by_member }
    }

    /// Which modules a name means, and is the first to mean.
    fn meant(
        &self,
        meant: &Meant<'_>,
        member: &Crate,
        name: &NamedPath,
        meanings: &[Meaning],
    ) -> BTreeSet<usize> {
        let own = meant.across.own_name();
        let mut found = self.led_to(meanings.iter().filter_map(|meaning| meaning.in_full(own)));
        if found.is_empty() {
            return found;
        }
        if meant.file.area == Area::Src {
            let here = Module { member: member.name.clone(), path: name.module.clone() };
            found.retain(|at| !here.lies_in(&self.all[*at]));
        }
        let imported = meant.across.imported(name);
        let imported = imported.iter().filter_map(|path| path.split_first());
        let counted = self.led_to(imported.map(|(krate, path)| (krate.as_str(), path)));
        found.retain(|at| !counted.contains(at));
        found
    }

    /// The modules at or above what these paths lead to, each path with the crate that it leads to.
    fn led_to<'p>(&self, paths: impl Iterator<Item = (&'p str, &'p [String])>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for (krate, path) in paths {
            let modules = self.modules.get(krate).into_iter().flatten();
            found.extend(modules.filter(|(_, module)| path.starts_with(&module.path)).map(|(at, _)| at));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "pub mod old; pub mod new; pub use old::Thing; pub use new as fresh;";

    fn found(more: &[(&str, &str)]) -> Vec<String> {
        let mut workspace = Workspace::default();
        let depending = "[package]\nname = \"b\"\n[dependencies]\na-core = { path = \"../a\" }\n\
                         [dev-dependencies]\nother = { package = \"a-core\", path = \"../a\" }\n";
        workspace.plant("crates/a/Cargo.toml", "[package]\nname = \"a-core\"\n");
        workspace.plant("crates/b/Cargo.toml", depending);
        workspace.plant(
            "crates/c/Cargo.toml",
            "[package]\nname = \"c\"\n[dependencies]\nb = { path = \"../b\" }\n",
        );
        workspace.plant("crates/a/src/lib.rs", "pub mod old; pub mod new;");
        workspace.plant("crates/a/src/old.rs", "pub struct Thing; use crate::old::Thing as Same;");
        workspace.plant("crates/a/src/new.rs", "pub struct Thing;");
        for (path, text) in more {
            workspace.plant(path, text);
        }
        let all = importers(&workspace, &[Module::parse("a-core::old")]);
        all[0]
            .iter()
            .map(|one| format!("{} {}", one.place(), if one.in_test { "test" } else { "code" }))
            .collect()
    }

    #[test]
    fn every_way_to_name_a_module_is_seen() {
        let cases: &[(&str, &str, &[&str])] = &[
            (
                "crates/a/src/new.rs",
                "use crate::old::Thing; fn f(_: Thing) {}",
                &["crates/a/src/new.rs:1:17 code"],
            ),
            (
                "crates/a/src/new.rs",
                "use super::old; fn f(_: old::Thing) {}",
                &["crates/a/src/new.rs:1:12 code"],
            ),
            ("crates/b/src/lib.rs", "fn f(_: a_core::old::Thing) {}", &["crates/b/src/lib.rs:1:9 code"]),
            (
                "crates/b/src/lib.rs",
                "use a_core as core; use core::old::*;",
                &["crates/b/src/lib.rs:1:36 code"],
            ),
            ("crates/b/src/lib.rs", "use a_core::*; fn f(_: a_core::new::Thing) {}", &[]),
            (
                "crates/b/src/lib.rs",
                "use a_core::*; fn f(_: old::Thing) {}",
                &["crates/b/src/lib.rs:1:24 code"],
            ),
            (
                "crates/a/src/new.rs",
                "use crate::*; fn f(_: old::Thing) {}",
                &["crates/a/src/new.rs:1:23 code"],
            ),
            ("crates/b/src/lib.rs", "mod old; use crate::old::Thing;", &[]),
            (
                "crates/b/src/lib.rs",
                "#[cfg(test)] mod t { use a_core::old; }",
                &["crates/b/src/lib.rs:1:34 test"],
            ),
            ("crates/b/tests/t.rs", "use other::old::Thing;", &["crates/b/tests/t.rs:1:17 test"]),
            ("crates/b/tests/t.rs", "mod old; use crate::old::Thing;", &[]),
        ];
        for (path, text, expected) in cases {
            assert_eq!(found(&[(path, text)]), *expected, "{text}");
        }
    }

    #[test]
    fn re_exports_are_followed_through_crates() {
        let files = [
            ("crates/a/src/lib.rs", ROOT),
            ("crates/b/src/lib.rs", "pub use a_core::Thing as Known; pub use a_core::fresh::Thing;"),
            ("crates/c/src/lib.rs", "fn f(_: b::Known) {} fn g(_: b::Thing) {}"),
        ];
        let expected = [
            "crates/a/src/lib.rs:1:40 code",
            "crates/b/src/lib.rs:1:17 code",
            "crates/c/src/lib.rs:1:9 code",
        ];
        assert_eq!(found(&files), expected);
    }

    #[test]
    fn a_module_exists_as_a_file_or_as_a_declaration() {
        let mut workspace = Workspace::default();
        workspace.plant("crates/a/src/lib.rs", "mod b { pub mod c {} }");
        workspace.plant("crates/a/src/d/e.rs", "");
        for (text, there) in
            [("a", true), ("a::b", true), ("a::b::c", true), ("a::d", true), ("a::e", false), ("z", false)]
        {
            assert_eq!(Module::parse(text).exists(&workspace), there, "{text}");
        }
    }
}
