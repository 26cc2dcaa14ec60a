//! LA-111: every file under src is part of some target.

use std::collections::HashSet;

use super::inside_files::outside;
use crate::config::Config;
use crate::finding::Place;
use crate::graph::is_meant;
use crate::modules::Reached;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-111",
    title: "every source file is reached from a target",
    why: "A file that no `mod` names is compiled by nobody: its tests do not run, its errors do not show, and its reader \
          takes it for part of the product. Followed are `mod` items, also under `cfg` and inside macro calls, inline \
          modules, #[path], `include!` with its family, and texts in macro calls that are the path of a file.",
    fix: "Declare the module, or delete the file. A file that a build script or another tool reads belongs in \
          [[modules.exempt]].",
    blind: "modules whose names a macro glues together, whether a macro that is given a file's path reads it, files that \
            are read by other means, and whether a `cfg` ever holds.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[modules]\nreached = true\n",
        bad: &[
            ("crates/a/src/lib.rs", "mod used;"),
            ("crates/a/src/used.rs", ""),
            ("crates/a/src/left.rs", ""),
        ],
        good: &[
            ("crates/a/src/lib.rs", "#[cfg(windows)]\nmod used;\ninclude!(\"text.rs\");"),
            ("crates/a/src/used.rs", ""),
            ("crates/a/src/text.rs", ""),
        ],
        finds: "crates/a/src/left.rs is part of no target",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let modules = config.modules.as_ref().filter(|modules| modules.reached)?;
    let reached = Reached::of(&workspace.crates);
    let mut checked = Checked::new();
    let mut used = HashSet::new();
    for file in workspace.crates.iter().flat_map(|member| member.src()) {
        checked.matched += 1;
        if reached.holds(&file.path) {
            continue;
        }
        let exempt = modules.exempt.iter().position(|entry| is_meant(&entry.file, &file.path));
        match exempt {
            Some(at) => {
                used.insert(at);
            }
            None => {
                let message =
                    "is part of no target: no `mod` or `include!` reaches it; declare it or delete it";
                checked.report(Place::file(&file.path), &file.path, message);
            }
        }
    }
    // An entry may also stand for a file that is brought in from outside, which the next rule judges.
    let brought = outside(workspace, &reached);
    for (at, entry) in modules.exempt.iter().enumerate() {
        let elsewhere = modules.inside && brought.iter().any(|found| is_meant(&entry.file, &found.file));
        if !used.contains(&at) && !elsewhere {
            let message = format!("[[modules.exempt]] {} lets off nothing any more; remove it", entry.file);
            checked.report(Place::file(CONFIG), &entry.file, message);
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[modules]\nreached = true\n[[modules.exempt]]\nfile = \"crates/a/src/templates/*\"\nbecause = \"the build script reads them\"";

    #[test]
    fn must_fire() {
        let files = [
            ("src/lib.rs", "mod m;".to_owned()),
            ("src/m.rs", "mod n;".to_owned()),
            ("src/n.rs", String::new()),
            ("src/bin/t.rs", "fn f() { g(\"../n.rs\"); h!(\"n.rs\"); }".to_owned()),
        ];
        let why = "is part of no target: no `mod` or `include!` reaches it; declare it or delete it";
        assert_eq!(
            Ws::default().member_with("a", "", &files).findings("LA-111", CONFIG),
            [
                format!("LA-111 crates/a/src/n.rs {why}"),
                "LA-111 layers.toml [[modules.exempt]] crates/a/src/templates/* lets off nothing any more; remove it"
                    .to_owned(),
            ]
        );
    }

    #[test]
    fn must_not_fire() {
        let a = [
            ("src/lib.rs", "macro! { mod m; }".to_owned()),
            ("src/m.rs", String::new()),
            ("src/templates/t.rs", String::new()),
            ("tests/t.rs", "#[path = \"../src/only.rs\"] mod only;".to_owned()),
            ("src/only.rs", String::new()),
            (
                "tests/expected.rs",
                "fn f() { expect_file![\"../src/out/one.rs\"].assert_eq(x); g!(a, [\"src/out/two.rs\"]); }"
                    .to_owned(),
            ),
            ("src/out/one.rs", String::new()),
            ("src/out/two.rs", String::new()),
        ];
        let b = [("src/main.rs", "#[path = \"../../a/src/shared.rs\"] mod shared;".to_owned())];
        let shared = [("src/shared.rs", String::new())];
        let a: Vec<_> = a.into_iter().chain(shared).collect();
        Ws::default().member_with("a", "", &a).member_with("b", "", &b).clean("LA-111", CONFIG);
    }
}
