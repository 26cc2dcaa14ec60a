//! LA-703: nobody names a frozen module.

use crate::config::Config;
use crate::finding::Place;
use crate::importers::{Module, importers};
use crate::markers::marked;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-703",
    title: "frozen modules have no importers",
    why: "A module is frozen because it must not be relied on: it is kept to be read, or until it is decided on. One \
          importer, and it is part of the product again without anybody having decided so. Tests count too.",
    fix: "Take what you need from where it lives now; or decide that the module is alive, and remove its entry in \
          [[frozen]] or its header line.",
    blind: "what a macro glues together, and modules moved by #[path].",
    severity: Severity::Blocking,
    absence: true,
    example: Example {
        law: "[[frozen]]\nmodule = \"a::old\"\nbecause = \"it counts wrongly\"\n",
        bad: &[
            ("crates/a/src/lib.rs", "mod old;\nmod new;"),
            ("crates/a/src/old.rs", "pub fn count() {}"),
            ("crates/a/src/new.rs", "use crate::old::count;"),
        ],
        good: &[("crates/a/src/lib.rs", "mod old;\nmod new;"), ("crates/a/src/old.rs", "pub fn count() {}")],
        finds: "names a::old, which is frozen",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let label = config.markers.frozen.as_ref();
    if config.frozen.is_empty() && label.is_none() {
        return None;
    }
    let mut checked = Checked::new();
    let mut frozen = Vec::new();
    for entry in &config.frozen {
        let module = Module::parse(&entry.module);
        if !module.exists(workspace) {
            let message =
                format!("[[frozen]] {module} is no module of the workspace; remove it, or correct the path");
            checked.report(Place::file(CONFIG), &entry.module, message);
        }
        frozen.push((module, entry.because.as_str()));
    }
    let marked = label.map_or_else(Vec::new, |label| marked(workspace, label));
    for marked in &marked {
        if marked.value.is_empty() {
            checked.report(
                marked.place(),
                &marked.file.path,
                "is marked as frozen without a reason; give it",
            );
        }
        frozen.push((marked.module(), marked.value));
    }
    let modules: Vec<Module> = frozen.iter().map(|(module, _)| module.clone()).collect();
    for ((module, because), importers) in frozen.iter().zip(importers(workspace, &modules)) {
        checked.matched += 1;
        for importer in importers {
            let message = format!("names {module}, which is frozen: {because}");
            checked.report(importer.place(), format!("{} -> {module}", importer.module()), message);
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const LAW: &str =
        "[markers]\nfrozen = \"Frozen:\"\n[[frozen]]\nmodule = \"a::old\"\nbecause = \"it lies\"";

    fn workspace(path: &str, text: &str) -> Ws {
        let files = [
            ("src/lib.rs", "pub mod old; pub mod new; pub mod shelf;".to_owned()),
            ("src/old/mod.rs", "pub fn f() {} mod inner;".to_owned()),
            ("src/old/inner.rs", "use super::f; use crate::old;".to_owned()),
            ("src/shelf.rs", "//! Shelf.\n//!\n//! Frozen: to be decided.\npub fn g() {}".to_owned()),
            (path, text.to_owned()),
        ];
        Ws::default().member_with("a", "", &files)
    }

    #[test]
    fn must_fire() {
        let old = "names a::old, which is frozen: it lies";
        let shelf = "names a::shelf, which is frozen: to be decided.";
        let cases = [
            ("src/new.rs", "use crate::old::f;", old),
            ("src/new.rs", "fn h() { super::old::f() }", old),
            ("src/new.rs", "pub use crate::shelf;", shelf),
            ("src/new.rs", "#[cfg(test)] mod tests { use crate::old; }", old),
            ("tests/t.rs", "use a::old::f;", old),
            ("src/shelf/more.rs", "use crate::old;", old),
        ];
        for (path, text, expected) in cases {
            let found = workspace(path, text).findings("LA-703", LAW);
            assert!(found.len() == 1 && found[0].ends_with(expected), "{text}: {found:?}");
        }
    }

    #[test]
    fn an_entry_without_a_module_and_a_marker_without_a_reason_must_fire() {
        let found = Ws::default().file("a", "src/m.rs", "//! M.\n//! Frozen:").findings("LA-703", LAW);
        assert_eq!(
            found,
            [
                "LA-703 crates/a/src/m.rs:2 is marked as frozen without a reason; give it",
                "LA-703 layers.toml [[frozen]] a::old is no module of the workspace; remove it, or correct the path",
            ]
        );
    }

    #[test]
    fn must_not_fire() {
        workspace("src/new.rs", "mod old { pub fn f() {} } fn h() { old::f() }").clean("LA-703", LAW);
        workspace("src/shelf/more.rs", "use super::g; use crate::shelf;").clean("LA-703", LAW);
    }
}
