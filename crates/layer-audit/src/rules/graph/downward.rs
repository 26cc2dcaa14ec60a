//! LA-108: dependencies between layers point downward.

use super::workspace_edges::{brings, idle_tests};
use crate::config::{Config, Layer};
use crate::layers::usable;
use crate::manifest::DependencyKind;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::{Crate, Dependency, Workspace};

pub(super) static RULE: Rule = Rule {
    id: "LA-108",
    title: "dependencies between layers point downward",
    why: "A layer can be read, tested and replaced by itself only while nothing below it leans on it. Layers are listed \
          outermost first; each uses itself and those below, or those that its `uses` names.",
    fix: "Move the shared part down, or pass a value or trait object in from above. A crate that only tests share belongs \
          in [tests] crates.",
    blind: "what a feature or a target makes of a dependency, ways through packages from outside, and a layer in `uses` \
            that none of its crates uses: that is a direction, and no permission for one crate.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[[layer]]\nid = \"top\"\ncrates = [\"app\"]\n[[layer]]\nid = \"low\"\ncrates = [\"core*\"]\n",
        bad: &[
            ("crates/app/Cargo.toml", "[package]\nname = \"app\"\n"),
            (
                "crates/core/Cargo.toml",
                "[package]\nname = \"core\"\n[dependencies]\napp = { path = \"../app\" }\n",
            ),
        ],
        good: &[
            (
                "crates/app/Cargo.toml",
                "[package]\nname = \"app\"\n[dependencies]\ncore = { path = \"../core\" }\n",
            ),
            ("crates/core/Cargo.toml", "[package]\nname = \"core\"\n"),
        ],
        finds: "core -> app ([dependencies]): layer low may use no other layer, not top",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    if !config.layers.iter().any(|layer| !layer.crates.is_empty() || layer.uses.is_some()) {
        return None;
    }
    let mut checked = Checked::new();
    for member in &workspace.crates {
        let Some(layer) = config.layer_of(&member.name) else { continue };
        checked.matched += 1;
        let usable = usable(config, layer);
        for dependency in &member.dependencies {
            let other = workspace.member_of(dependency).and_then(|other| config.layer_of(&other.name));
            let Some(other) = other.filter(|other| other.id != layer.id) else { continue };
            if usable.contains(&other.id.as_str()) || is_for_tests(config, member, dependency) {
                continue;
            }
            let rest = brings(workspace, config, &member.name, &dependency.package);
            let message = told(&member.name, dependency, layer, &usable, other) + &rest;
            checked.report(member.place_of(dependency), &dependency.package, message);
        }
    }
    // Where members have entries of their own, the rule about these says which permissions are idle.
    if config.crates.is_empty() {
        idle_tests(&mut checked, workspace, config);
    }
    Some(checked)
}

fn told(member: &str, dependency: &Dependency, layer: &Layer, usable: &[&str], other: &Layer) -> String {
    let (package, table) = (&dependency.package, dependency.kind.table());
    let usable = if usable.is_empty() { "no other layer".to_owned() } else { usable.join(", ") };
    format!("{member} -> {package} ([{table}]): layer {} may use {usable}, not {}", layer.id, other.id)
}

/// A dev-dependency that [tests] gives to everybody, or the member's own entry to it.
pub(super) fn is_for_tests(config: &Config, member: &Crate, dependency: &Dependency) -> bool {
    let shared = config.tests.iter().flat_map(|tests| &tests.crates);
    let own = config.crates.iter().filter(|entry| entry.name == member.name).flat_map(|entry| &entry.dev);
    dependency.kind == DependencyKind::Dev
        && shared.chain(own).any(|name| name == "*" || *name == dependency.package)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[tests]\ncrates = [\"kit\"]\n\
        [[layer]]\nid = \"top\"\ncrates = [\"app\", \"kit\"]\n[[layer]]\nid = \"rules\"\ncrates = [\"rules-*\"]\nuses = [\"low\"]\n\
        [[layer]]\nid = \"side\"\ncrates = [\"side\"]\n[[layer]]\nid = \"low\"\ncrates = [\"core\"]\n\
        [[exclusive]]\nexternals = [\"orm\"]\nonly = [\"app\"]\nbecause = \"one place holds the tables\"";

    fn workspace() -> Ws {
        let tests = "[package]\nname = \"tests\"\n[dev-dependencies]\nkit = {}";
        let workspace = Ws::default().member("app", "orm = {}").member("kit", "").member("core", "");
        workspace.raw("tests", tests, &[])
    }

    #[test]
    fn must_fire() {
        let rules = "core = {}\nside = {}\napp = {}";
        assert_eq!(
            workspace().member("rules-a", rules).member("side", "core = {}").findings("LA-108", CONFIG),
            [
                "LA-108 crates/rules-a/Cargo.toml:7 rules-a -> side ([dependencies]): layer rules may use low, not side",
                "LA-108 crates/rules-a/Cargo.toml:8 rules-a -> app ([dependencies]): layer rules may use low, not top; it brings in app -> orm",
            ]
        );
        let side = "[package]\nname = \"side\"\n[dev-dependencies]\napp = {}\n[build-dependencies]\nkit = {}";
        let found = workspace().raw("side", side, &[]).findings("LA-108", CONFIG);
        assert_eq!(
            found,
            [
                "LA-108 crates/side/Cargo.toml:4 side -> app ([dev-dependencies]): layer side may use low, not top; it brings in app -> orm",
                "LA-108 crates/side/Cargo.toml:6 side -> kit ([build-dependencies]): layer side may use low, not top",
            ]
        );
    }

    #[test]
    fn must_not_fire() {
        let rules = "[package]\nname = \"rules-a\"\n[dependencies]\nrules-b = {}\ncore = {}\nserde = {}\n[dev-dependencies]\nkit = {}";
        let own = "[package]\nname = \"side\"\n[dev-dependencies]\napp = {}";
        let entry = "\n[[crate]]\nname = \"side\"\nlayer = \"side\"\ndev = [\"app\"]";
        let workspace = workspace().raw("rules-a", rules, &[]).member("rules-b", "").raw("side", own, &[]);
        workspace.member("unknown", "app = {}").clean("LA-108", &format!("{CONFIG}{entry}"));
    }
}
