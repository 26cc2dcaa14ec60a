//! LA-001: every member stands in exactly one entry, and every entry has its member.

use crate::config::Config;
use crate::finding::Place;
use crate::graph::is_meant;
use crate::layers::claims;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-001",
    title: "every crate stands in exactly one layer",
    why: "A crate that no entry covers is judged by no rule, and an entry without a crate hides a rename.",
    fix: "Name the crate in the `crates` of one [[layer]], or give it a [[crate]] entry; remove what is left over. Where \
          several patterns mean a crate, the longest counts.",
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
        finds: "b stands in no layer",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    if config.crates.is_empty() && config.layers.iter().all(|layer| layer.crates.is_empty()) {
        return None;
    }
    let mut checked = Checked::new();
    for member in &workspace.crates {
        checked.matched += 1;
        let message = match claims(config, &member.name).as_slice() {
            [_] => continue,
            [] => format!("{} stands in no layer; add it to the `crates` of one", member.name),
            several => {
                format!("{} stands {} times ({}); leave one", member.name, several.len(), several.join(", "))
            }
        };
        checked.report(Place::file(member.manifest_path()), &member.name, message);
    }
    entries(&mut checked, workspace, config);
    layers(&mut checked, workspace, config);
    Some(checked)
}

fn entries(checked: &mut Checked, workspace: &Workspace, config: &Config) {
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
}

fn layers(checked: &mut Checked, workspace: &Workspace, config: &Config) {
    let mut report = |subject: &str, message: String| checked.report(Place::file(CONFIG), subject, message);
    for (at, layer) in config.layers.iter().enumerate() {
        let id = &layer.id;
        let twice = config.layers[..at].iter().any(|earlier| earlier.id == *id);
        let held = config.crates.iter().any(|entry| entry.layer == *id)
            || workspace
                .crates
                .iter()
                .any(|member| config.layer_of(&member.name).is_some_and(|own| own.id == *id));
        if twice || !held {
            let what = if twice { "is declared twice" } else { "holds no crate" };
            report(id, format!("[[layer]] {id} {what}; remove it"));
        }
        for pattern in &layer.crates {
            if !workspace.crates.iter().any(|member| is_meant(pattern, &member.name)) {
                report(
                    pattern,
                    format!("[[layer]] {id} lists {pattern}, which is no member; remove or rename it"),
                );
            }
        }
        for used in layer.uses.iter().flatten().filter(|used| *used != "*") {
            if !config.layers.iter().any(|other| other.id == *used) {
                report(used, format!("[[layer]] {id} uses {used}, which no [[layer]] declares"));
            }
        }
    }
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
                "LA-001 crates/b/Cargo.toml b stands in no layer; add it to the `crates` of one",
                "LA-001 layers.toml [[layer]] L2 holds no crate; remove it",
                "LA-001 layers.toml [[crate]] gone names layer L9, which no [[layer]] declares",
                "LA-001 layers.toml [[crate]] gone is no member of the workspace; remove or rename it",
            ]
        );
        let twice = format!("{CONFIG}[[crate]]\nname = \"a\"\nlayer = \"L1\"");
        assert_eq!(
            Ws::default().member("a", "").findings("LA-001", &twice),
            ["LA-001 crates/a/Cargo.toml a stands 2 times (L1, L1); leave one"]
        );
    }

    #[test]
    fn a_layer_that_lists_what_is_not_there_must_fire() {
        let config = "[[layer]]\nid = \"top\"\ncrates = [\"a\", \"x-*\"]\nuses = [\"lower\", \"*\"]\n\
                      [[layer]]\nid = \"low\"\ncrates = [\"a\", \"b\"]\n[[layer]]\nid = \"low\"\ncrates = [\"a*\"]";
        assert_eq!(
            Ws::default().member("a", "").member("b", "").findings("LA-001", config),
            [
                "LA-001 crates/a/Cargo.toml a stands 2 times (top, low); leave one",
                "LA-001 layers.toml [[layer]] low is declared twice; remove it",
                "LA-001 layers.toml [[layer]] top uses lower, which no [[layer]] declares",
                "LA-001 layers.toml [[layer]] top lists x-*, which is no member; remove or rename it",
            ]
        );
    }

    #[test]
    fn must_not_fire() {
        Ws::default().member("a", "").clean("LA-001", CONFIG);
        let both = format!("{CONFIG}[[layer]]\nid = \"L2\"\ncrates = [\"b*\"]\nuses = [\"L1\"]");
        Ws::default().member("a", "").member("b1", "").member("b2", "").clean("LA-001", &both);
    }
}
