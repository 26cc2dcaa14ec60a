//! LA-101: a member depends only on the members that its entry allows.

use crate::config::{Config, Member};
use crate::graph::way;
use crate::manifest::DependencyKind;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::{Dependency, Workspace};

pub(super) static RULE: Rule = Rule {
    id: "LA-101",
    title: "dependencies between crates are the allowed ones",
    why: "Layers hold only while each arrow points the agreed way; one wrong arrow brings in all that lies behind it. \
          Normal and build dependencies must be in `may_use`; dev-dependencies may also be in `dev` or [tests].",
    fix: "Remove the dependency and take what you need as a port or a value, or change the law in layers.toml.",
    blind: "what a feature or a target makes of a dependency: each declared edge counts.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[[crate]]\nname = \"engines\"\nlayer = \"rules\"\nmay_use = [\"schemas\"]\n",
        bad: &[
            (
                "crates/engines/Cargo.toml",
                "[package]\nname = \"engines\"\n[lints]\nworkspace = true\n[dependencies]\nschemas = {}\ndrivers = {}\n",
            ),
            (
                "crates/schemas/Cargo.toml",
                "[package]\nname = \"schemas\"\n[lints]\nworkspace = true\n[dependencies]\n",
            ),
            (
                "crates/drivers/Cargo.toml",
                "[package]\nname = \"drivers\"\n[lints]\nworkspace = true\n[dependencies]\n",
            ),
        ],
        good: &[
            (
                "crates/engines/Cargo.toml",
                "[package]\nname = \"engines\"\n[lints]\nworkspace = true\n[dependencies]\nschemas = {}\n",
            ),
            (
                "crates/schemas/Cargo.toml",
                "[package]\nname = \"schemas\"\n[lints]\nworkspace = true\n[dependencies]\n",
            ),
        ],
        finds: "engines -> drivers is not allowed",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    if config.crates.is_empty() {
        return None;
    }
    let mut checked = Checked::new();
    for (entry, member) in config.crates.iter().filter_map(|entry| Some((entry, workspace.get(&entry.name)?)))
    {
        checked.matched += 1;
        for dependency in &member.dependencies {
            let itself = dependency.package == member.name;
            if itself || workspace.get(&dependency.package).is_none() || allowed(entry, dependency, config) {
                continue;
            }
            let path = with_rest(workspace, config, &member.name, &dependency.package);
            let table = dependency.kind.table();
            let message =
                format!("{path} is not allowed ([{table}]); {} may use {}", member.name, list(entry));
            checked.report(member.place_of(dependency), &dependency.package, message);
        }
    }
    Some(checked)
}

fn allowed(entry: &Member, dependency: &Dependency, config: &Config) -> bool {
    let name = &dependency.package;
    let named = |names: &[String]| names.iter().any(|allowed| allowed == "*" || allowed == name);
    let dev = || named(&entry.dev) || config.tests.as_ref().is_some_and(|tests| tests.crates.contains(name));
    named(&entry.may_use) || (dependency.kind == DependencyKind::Dev && dev())
}

/// `a -> b`, and on to the first guarded external that `b` brings in, so that the reader sees the price.
pub(super) fn with_rest(workspace: &Workspace, config: &Config, from: &str, to: &str) -> String {
    let guarded = config.exclusive.iter().filter(|entry| !entry.only.iter().any(|name| name == from));
    let mut ways =
        guarded.flat_map(|entry| &entry.externals).filter_map(|external| way(workspace, to, external));
    let rest = ways.next().unwrap_or_else(|| vec![to.to_owned()]);
    format!("{from} -> {}", rest.join(" -> "))
}

fn list(entry: &Member) -> String {
    if entry.may_use.is_empty() { "no member".to_owned() } else { entry.may_use.join(", ") }
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[tests]\ncrates = [\"kit\"]\nexternals = []\n\
        [[crate]]\nname = \"engines\"\nlayer = \"L5\"\nmay_use = [\"schemas\"]\n\
        [[crate]]\nname = \"server\"\nlayer = \"L1\"\nmay_use = [\"*\"]\n\
        [[exclusive]]\nexternals = [\"orm\"]\nonly = [\"rows\"]\nbecause = \"one place holds the tables\"";

    fn workspace() -> Ws {
        Ws::default()
            .member("schemas", "")
            .member("drivers", "rows = {}")
            .member("rows", "orm = {}")
            .member("kit", "")
    }

    #[test]
    fn must_fire() {
        assert_eq!(
            workspace().member("engines", "schemas = {}\ndrivers = {}\nkit = {}").findings("LA-101", CONFIG),
            [
                "LA-101 crates/engines/Cargo.toml:7 engines -> drivers -> rows -> orm is not allowed \
                 ([dependencies]); engines may use schemas",
                "LA-101 crates/engines/Cargo.toml:8 engines -> kit is not allowed ([dependencies]); \
                 engines may use schemas",
            ]
        );
        let dev =
            "[package]\nname = \"engines\"\n[dev-dependencies]\nrows = {}\n[build-dependencies]\nkit = {}";
        let found = workspace().raw("engines", dev, &[]).findings("LA-101", CONFIG);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].contains("[dev-dependencies]") && found[1].contains("[build-dependencies]"),
            "{found:?}"
        );
    }

    #[test]
    fn must_not_fire() {
        let engines =
            "[package]\nname = \"engines\"\n[dependencies]\nschemas = {}\n[dev-dependencies]\nkit = {}";
        workspace().raw("engines", engines, &[]).member("server", "rows = {}").clean("LA-101", CONFIG);
    }
}
