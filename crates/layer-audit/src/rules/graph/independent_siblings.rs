//! LA-109: crates of a layer whose siblings are independent do not depend on each other.

use super::downward::is_for_tests;
use crate::config::{Config, Layer, Siblings};
use crate::layers::crates_of;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-109",
    title: "siblings in a layer are independent where the law says so",
    why: "Adapters, plugins and domains that lean on each other can no longer be taken out, replaced or built one by one.",
    fix: "Move what both need a layer down, or let a layer above connect them.",
    blind: "siblings that meet through a crate of another layer.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[[layer]]\nid = \"adapters\"\ncrates = [\"adapter-*\"]\nsiblings = \"independent\"\n",
        bad: &[
            (
                "crates/adapter-a/Cargo.toml",
                "[package]\nname = \"adapter-a\"\n[dependencies]\nadapter-b = { path = \"../adapter-b\" }\n",
            ),
            ("crates/adapter-b/Cargo.toml", "[package]\nname = \"adapter-b\"\n"),
        ],
        good: &[
            ("crates/adapter-a/Cargo.toml", "[package]\nname = \"adapter-a\"\n"),
            ("crates/adapter-b/Cargo.toml", "[package]\nname = \"adapter-b\"\n"),
        ],
        finds: "adapter-a -> adapter-b",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let independent = |layer: &&Layer| layer.siblings == Some(Siblings::Independent);
    config.layers.iter().find(independent)?;
    let mut checked = Checked::new();
    for layer in config.layers.iter().filter(independent) {
        for member in crates_of(workspace, config, layer) {
            checked.matched += 1;
            for dependency in &member.dependencies {
                let package = &dependency.package;
                let sibling = workspace.member_of(dependency).and_then(|other| config.layer_of(&other.name));
                let meant = sibling.is_some_and(|other| other.id == layer.id) && *package != member.name;
                if meant && !is_for_tests(config, member, dependency) {
                    let message = format!(
                        "{} -> {package} ([{}]): crates of layer {} do not depend on each other",
                        member.name,
                        dependency.kind.table(),
                        layer.id
                    );
                    checked.report(member.place_of(dependency), package, message);
                }
            }
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[tests]\ncrates = [\"kit\"]\n[[layer]]\nid = \"side\"\ncrates = [\"kit\", \"x-*\"]\nsiblings = \"independent\"\n\
                          [[layer]]\nid = \"low\"\ncrates = [\"core\", \"base\"]";

    #[test]
    fn must_fire() {
        let a = "[package]\nname = \"x-a\"\n[dependencies]\nx-b = {}\n[dev-dependencies]\nx-c = {}";
        assert_eq!(
            Ws::default().raw("x-a", a, &[]).member("x-b", "").member("x-c", "").findings("LA-109", CONFIG),
            [
                "LA-109 crates/x-a/Cargo.toml:4 x-a -> x-b ([dependencies]): crates of layer side do not depend on each other",
                "LA-109 crates/x-a/Cargo.toml:6 x-a -> x-c ([dev-dependencies]): crates of layer side do not depend on each other",
            ]
        );
    }

    #[test]
    fn must_not_fire() {
        let a = "[package]\nname = \"x-a\"\n[dependencies]\ncore = {}\nx = {}\n[dev-dependencies]\nkit = {}\nx-a = {}";
        let workspace = Ws::default().raw("x-a", a, &[]).member("x-b", "core = {}").member("kit", "");
        workspace.member("core", "base = {}").member("base", "").clean("LA-109", CONFIG);
    }
}
