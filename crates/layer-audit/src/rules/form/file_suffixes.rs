//! LA-406: a file's name does not repeat the role of what is inside.

use crate::config::Config;
use crate::finding::Place;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-406",
    title: "file names carry no role suffix",
    why: "The crate says the layer already: `engines/src/limits/limit_engine.rs` says everything twice, and the same \
          thing has another name in every layer.",
    fix: "Name the file for its matter and leave the role to the type: `limits.rs` holds `LimitEngine`.",
    blind: "inline modules.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[naming]\nbanned_suffixes = [\"_engine\"]\n",
        bad: &[("crates/a/src/cost_engine.rs", "")],
        good: &[("crates/a/src/cost.rs", "")],
        finds: "`cost_engine` ends in _engine",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let naming = config.naming.as_ref().filter(|naming| !naming.banned_suffixes.is_empty())?;
    let mut checked = Checked::new();
    for file in workspace.crates.iter().flat_map(|member| member.src()) {
        checked.matched += 1;
        let Some(name) = file.module.last() else { continue };
        if let Some(suffix) = naming.banned_suffixes.iter().find(|suffix| name.ends_with(suffix.as_str())) {
            let message =
                format!("`{name}` ends in {suffix}; name the file for its matter, the type has the role");
            checked.report(Place::file(&file.path), name, message);
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const LAW: &str = "[naming]\nbanned_suffixes = [\"_engine\", \"_driver\"]";

    #[test]
    fn must_fire() {
        for path in ["src/cost_engine.rs", "src/a/cost_engine/mod.rs", "src/a/row_driver.rs"] {
            let found = Ws::default().file("a", path, "").findings("LA-406", LAW);
            assert!(
                found.len() == 1 && found[0].contains("name the file for its matter"),
                "{path}: {found:?}"
            );
        }
    }

    #[test]
    fn must_not_fire() {
        let paths =
            ["src/lib.rs", "src/engine.rs", "src/engines.rs", "src/engine_room.rs", "tests/cost_engine.rs"];
        Ws::default().member_with("a", "", &paths.map(|path| (path, String::new()))).clean("LA-406", LAW);
    }
}
