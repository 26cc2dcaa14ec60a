//! LA-704: nobody but tests and other stubs names a stub.

use crate::config::Config;
use crate::importers::{Module, importers};
use crate::markers::marked;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-704",
    title: "stubs are not imported",
    why: "A stub has the shape of a thing and not its deeds. Where real code calls it, the product promises what \
          nobody has written, and nothing fails.",
    fix: "Write what the stub's header says is missing and remove the header line; until then, do not call it.",
    blind: "what a macro glues together, and stubs that do not say so.",
    severity: Severity::Blocking,
    absence: true,
    example: Example {
        law: "[markers]\nstub = \"Stub:\"\n",
        bad: &[
            ("crates/a/src/lib.rs", "mod costs;\nmod limits;"),
            ("crates/a/src/costs.rs", "//! Costs.\n//!\n//! Stub: the price list.\npub fn cost() {}"),
            ("crates/a/src/limits.rs", "use crate::costs::cost;"),
        ],
        good: &[
            ("crates/a/src/lib.rs", "mod costs;\nmod limits;"),
            ("crates/a/src/costs.rs", "//! Costs.\n//!\n//! Stub: the price list.\npub fn cost() {}"),
            ("crates/a/src/limits.rs", "#[cfg(test)]\nmod tests { use crate::costs::cost; }"),
        ],
        finds: "names a::costs, which is a stub",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let label = config.markers.stub.as_ref()?;
    let mut checked = Checked::new();
    let stubs = marked(workspace, label);
    let modules: Vec<Module> = stubs.iter().map(|stub| stub.module()).collect();
    for ((stub, module), importers) in stubs.iter().zip(&modules).zip(importers(workspace, &modules)) {
        checked.matched += 1;
        if stub.value.is_empty() {
            checked.report(
                stub.place(),
                &stub.file.path,
                "is marked as a stub without what is missing; say it",
            );
        }
        for importer in importers.iter().filter(|importer| !importer.in_test) {
            let own = importer.module();
            if modules.iter().any(|stub| own.lies_in(stub)) {
                continue;
            }
            let message = format!("names {module}, which is a stub; missing: {}", stub.value);
            checked.report(importer.place(), format!("{own} -> {module}"), message);
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const LAW: &str = "[markers]\nstub = \"Stub:\"";

    fn workspace(path: &str, text: &str) -> Ws {
        let files = [
            ("src/lib.rs", "mod costs; mod limits; mod prices;".to_owned()),
            ("src/costs.rs", "//! Costs.\n//! Stub: all of it.\npub fn f() {}".to_owned()),
            ("src/prices.rs", "//! Prices.\n//! Stub: the list.\nuse crate::costs::f;".to_owned()),
            (path, text.to_owned()),
        ];
        Ws::default().member_with("a", "", &files)
    }

    #[test]
    fn must_fire() {
        for text in ["use crate::costs;", "fn g() { super::costs::f() }", "pub use crate::costs::f;"] {
            let found = workspace("src/limits.rs", text).findings("LA-704", LAW);
            let expected = "names a::costs, which is a stub; missing: all of it.";
            assert!(found.len() == 1 && found[0].ends_with(expected), "{text}: {found:?}");
        }
        let unsaid = Ws::default().file("a", "src/m.rs", "//! M.\n//! Stub:").findings("LA-704", LAW);
        assert_eq!(
            unsaid,
            ["LA-704 crates/a/src/m.rs:2 is marked as a stub without what is missing; say it"]
        );
    }

    #[test]
    fn must_not_fire() {
        let test = "#[cfg(test)] mod tests { use crate::costs; }";
        for (path, text) in
            [("src/limits.rs", test), ("tests/t.rs", "use a::costs;"), ("src/costs/more.rs", "use super::f;")]
        {
            workspace(path, text).clean("LA-704", LAW);
        }
    }
}
