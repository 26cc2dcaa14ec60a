//! LA-001: every member stands in exactly one entry, and every entry has its member.

use crate::config::Config;
use crate::finding::Place;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-001",
    title: "every crate stands in exactly one layer",
    why: "A crate that no entry covers is judged by no rule, and an entry without a crate hides a rename.",
    fix: "Add a [[crate]] entry with its layer, or remove the entry or layer that is left over.",
    blind: "",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[[layer]]\nid = \"low\"\nname = \"vocabulary\"\n[[crate]]\nname = \"a\"\nlayer = \"low\"\n",
        bad: &[
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\n"),
            ("crates/b/Cargo.toml", "[package]\nname = \"b\"\n[lints]\nworkspace = true\n[dependencies]\n"),
        ],
        good: &[(
            "crates/a/Cargo.toml",
            "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\n",
        )],
        finds: "b stands in 0 [[crate]] entries",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    if config.crates.is_empty() {
        return None;
    }
    let mut checked = Checked::new();
    for member in &workspace.crates {
        checked.matched += 1;
        let entries = config.crates.iter().filter(|entry| entry.name == member.name).count();
        if entries != 1 {
            let message = format!("{} stands in {entries} [[crate]] entries; give it one", member.name);
            checked.report(Place::file(member.manifest_path()), &member.name, message);
        }
    }
    for entry in &config.crates {
        if workspace.get(&entry.name).is_none() {
            let message =
                format!("[[crate]] {} is no member of the workspace; remove or rename it", entry.name);
            checked.report(Place::file(CONFIG), &entry.name, message);
        }
        if !config.layers.iter().any(|layer| layer.id == entry.layer) {
            let message =
                format!("[[crate]] {} names layer {}, which no [[layer]] declares", entry.name, entry.layer);
            checked.report(Place::file(CONFIG), &entry.layer, message);
        }
    }
    for (at, layer) in config.layers.iter().enumerate() {
        let twice = config.layers[..at].iter().any(|earlier| earlier.id == layer.id);
        if twice || !config.crates.iter().any(|entry| entry.layer == layer.id) {
            let what = if twice { "is declared twice" } else { "holds no crate" };
            let message = format!("[[layer]] {} ({}) {what}; remove it", layer.id, layer.name);
            checked.report(Place::file(CONFIG), &layer.id, message);
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[[layer]]\nid = \"L1\"\nname = \"low\"\n[[crate]]\nname = \"a\"\nlayer = \"L1\"\n";

    #[test]
    fn must_fire() {
        let config = format!(
            "{CONFIG}[[crate]]\nname = \"gone\"\nlayer = \"L9\"\n[[layer]]\nid = \"L2\"\nname = \"empty\""
        );
        assert_eq!(
            Ws::default().member("a", "").member("b", "").findings("LA-001", &config),
            [
                "LA-001 crates/b/Cargo.toml b stands in 0 [[crate]] entries; give it one",
                "LA-001 layers.toml [[layer]] L2 (empty) holds no crate; remove it",
                "LA-001 layers.toml [[crate]] gone names layer L9, which no [[layer]] declares",
                "LA-001 layers.toml [[crate]] gone is no member of the workspace; remove or rename it",
            ]
        );
        let twice = format!("{CONFIG}[[crate]]\nname = \"a\"\nlayer = \"L1\"");
        assert_eq!(
            Ws::default().member("a", "").findings("LA-001", &twice),
            ["LA-001 crates/a/Cargo.toml a stands in 2 [[crate]] entries; give it one"]
        );
    }

    #[test]
    fn must_not_fire() {
        Ws::default().member("a", "").clean("LA-001", CONFIG);
    }
}
