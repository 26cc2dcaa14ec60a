//! LA-112: no crate brings in code from outside its own folder.

use crate::config::{Config, ModuleExempt};
use crate::finding::Place;
use crate::graph::is_meant;
use crate::modules::{Brought, Reached};
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-112",
    title: "no #[path] or include! leaves the crate's folder",
    why: "Code that is brought in by its path belongs to two crates and to none: no manifest shows the dependency, no \
          layer holds it, and the package cannot be published.",
    fix: "Make it a module of a crate that both depend on; or name the file in [[modules.exempt]] with the reason.",
    blind: "paths that only the build knows, as with OUT_DIR, and text that is no code (include_str!, include_bytes!).",
    severity: Severity::Blocking,
    absence: true,
    example: Example {
        law: "[modules]\ninside = true\n",
        bad: &[("crates/a/src/lib.rs", "#[path = \"../../b/src/secret.rs\"]\nmod secret;")],
        good: &[(
            "crates/a/src/lib.rs",
            "#[path = \"platform/unix.rs\"]\nmod platform;\ninclude!(\"table.rs\");",
        )],
        finds: "brings in crates/b/src/secret.rs",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let modules = config.modules.as_ref().filter(|modules| modules.inside)?;
    let mut checked = Checked::new();
    let outside = outside(workspace, &Reached::of(&workspace.crates));
    checked.matched = outside.len();
    for found in &outside {
        if !modules.exempt.iter().any(|entry| is_meant(&entry.file, &found.file)) {
            let (line, column) = found.at;
            let message =
                format!("brings in {}, from outside this crate; depend on a crate instead", found.file);
            checked.report(Place::at(&found.by, line, column), &found.file, message);
        }
    }
    // Where files must be reached, that rule says which entries let off nothing: it knows of both uses.
    let idle = |entry: &&ModuleExempt| !outside.iter().any(|found| is_meant(&entry.file, &found.file));
    for entry in modules.exempt.iter().filter(idle).filter(|_| !modules.reached) {
        let message = format!("[[modules.exempt]] {} lets off nothing any more; remove it", entry.file);
        checked.report(Place::file(CONFIG), &entry.file, message);
    }
    Some(checked)
}

/// What is brought in from outside the crate that says so.
pub(super) fn outside(workspace: &Workspace, reached: &Reached) -> Vec<Brought> {
    let leaves = |found: &&Brought| {
        let owner = workspace.holder(&found.by);
        owner.is_none() || owner != workspace.holder(&found.file)
    };
    reached.brought.iter().filter(leaves).cloned().collect()
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str =
        "[modules]\ninside = true\n[[modules.exempt]]\nfile = \"shared/*\"\nbecause = \"generated for both\"";
    const USED: &str = "mod m; #[path = \"../../../shared/x.rs\"] mod x;";

    fn found(path: &str, text: &str) -> Vec<String> {
        let files = [("src/lib.rs", USED.to_owned()), (path, text.to_owned())];
        let lines = Ws::default().member_with("a", "", &files).findings("LA-112", CONFIG);
        lines.iter().map(|line| line.trim_start_matches("LA-112 crates/a/").to_owned()).collect()
    }

    #[test]
    fn must_fire() {
        let rest = "from outside this crate; depend on a crate instead";
        let cases = [
            (
                "src/m.rs",
                "#[path = \"../../b/src/x.rs\"] mod x;",
                "src/m.rs:1:34 brings in crates/b/src/x.rs",
            ),
            ("tests/t.rs", "include!(\"../../b/x.rs\");", "tests/t.rs:1:1 brings in crates/b/x.rs"),
            ("src/m.rs", "#[path = \"/x.rs\"] mod x;", "src/m.rs:1:23 brings in /x.rs"),
            (
                "src/m.rs",
                "#[cfg_attr(unix, path = \"../../../../x.rs\")] mod x;",
                "src/m.rs:1:50 brings in ../x.rs",
            ),
            (
                "src/m.rs",
                "fn f() { include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../x.rs\")) }",
                "src/m.rs:1:10 brings in crates/x.rs",
            ),
        ];
        for (path, text, expected) in cases {
            assert_eq!(found(path, text), [format!("{expected}, {rest}")], "{text}");
        }
        let stale = Ws::default().file("a", "src/lib.rs", "").findings("LA-112", CONFIG);
        assert_eq!(
            stale,
            ["LA-112 layers.toml [[modules.exempt]] shared/* lets off nothing any more; remove it"]
        );
    }

    #[test]
    fn must_not_fire() {
        for text in [
            "#[path = \"../gen/x.rs\"] mod x;",
            "mod i { mod j { #[path = \"../../x.rs\"] mod x; } }",
            "include!(concat!(env!(\"OUT_DIR\"), \"/x.rs\"));",
            "const T: &str = include_str!(\"../../../README.md\");",
        ] {
            assert_eq!(found("src/m.rs", text), Vec::<String>::new(), "{text}");
        }
    }
}
