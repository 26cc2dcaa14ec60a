//! LA-101: a member depends only on the members that its entry allows.

use crate::config::{Config, Member};
use crate::finding::Place;
use crate::graph::way;
use crate::manifest::DependencyKind;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::{Crate, Dependency, Workspace};

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
            if itself || workspace.member_of(dependency).is_none() || allowed(entry, dependency, config) {
                continue;
            }
            let (name, package, table) = (&member.name, &dependency.package, dependency.kind.table());
            let rest = brings(workspace, config, name, package);
            let may_use = list(entry);
            let message =
                format!("{name} -> {package} is not allowed ([{table}]); {name} may use {may_use}{rest}");
            checked.report(member.place_of(dependency), package, message);
        }
        idle(&mut checked, entry, member);
    }
    idle_tests(&mut checked, workspace, config);
    Some(checked)
}

fn allowed(entry: &Member, dependency: &Dependency, config: &Config) -> bool {
    let name = &dependency.package;
    let named = |names: &[String]| names.iter().any(|allowed| allowed == "*" || allowed == name);
    let dev = || named(&entry.dev) || config.tests.as_ref().is_some_and(|tests| tests.crates.contains(name));
    named(&entry.may_use) || (dependency.kind == DependencyKind::Dev && dev())
}

/// What the entry permits and the member does not use.
fn idle(checked: &mut Checked, entry: &Member, member: &Crate) {
    let used = |name: &str, dev: bool| {
        let meant = |one: &&Dependency| one.package == name && (!dev || one.kind == DependencyKind::Dev);
        member.dependencies.iter().any(|one| !one.outside && meant(&one))
    };
    let lists = [("may_use", &entry.may_use, false), ("dev", &entry.dev, true)];
    for (list, names, dev) in lists {
        for name in names.iter().filter(|name| *name != "*" && !used(name, dev)) {
            let message =
                format!("[[crate]] {} {list} names {name}, which it does not use; remove it", entry.name);
            checked.report(Place::file(CONFIG), format!("{} {list} {name}", entry.name), message);
        }
    }
}

/// What [tests] gives to everybody and nobody takes.
pub(super) fn idle_tests(checked: &mut Checked, workspace: &Workspace, config: &Config) {
    let dependencies = || workspace.crates.iter().flat_map(|member| &member.dependencies);
    for name in config.tests.iter().flat_map(|tests| &tests.crates) {
        let is_taken = |one: &Dependency| one.kind == DependencyKind::Dev && one.package == *name;
        if !dependencies().any(is_taken) {
            let message = format!("[tests] crates names {name}, which no member takes for tests; remove it");
            checked.report(Place::file(CONFIG), format!("tests {name}"), message);
        }
    }
}

/// The way on to the first guarded external that `to` brings in, so that the reader sees the price; else nothing.
pub(super) fn brings(workspace: &Workspace, config: &Config, from: &str, to: &str) -> String {
    let guarded = config.exclusive.iter().filter(|entry| !entry.only.iter().any(|name| name == from));
    let mut ways =
        guarded.flat_map(|entry| &entry.externals).filter_map(|external| way(workspace, to, external));
    ways.next().map_or_else(String::new, |way| format!("; it brings in {}", way.join(" -> ")))
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
        let tests = "[package]\nname = \"tests\"\n[dev-dependencies]\nkit = {}";
        let workspace = || workspace().raw("tests", tests, &[]);
        assert_eq!(
            workspace().member("engines", "schemas = {}\ndrivers = {}\nkit = {}").findings("LA-101", CONFIG),
            [
                "LA-101 crates/engines/Cargo.toml:7 engines -> drivers is not allowed ([dependencies]); \
                 engines may use schemas; it brings in drivers -> rows -> orm",
                "LA-101 crates/engines/Cargo.toml:8 engines -> kit is not allowed ([dependencies]); \
                 engines may use schemas",
            ]
        );
        let dev = "[package]\nname = \"engines\"\n[dependencies]\nschemas = {}\n[dev-dependencies]\nrows = {}\n[build-dependencies]\nkit = {}";
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
        let registry = format!("{engines}\n[dependencies.drivers]\nversion = \"1\"");
        workspace().raw("engines", &registry, &[]).member("server", "").clean("LA-101", CONFIG);
    }

    #[test]
    fn what_is_permitted_and_not_used_must_fire() {
        let config = CONFIG
            .replace("may_use = [\"schemas\"]", "may_use = [\"schemas\", \"rows\"]\ndev = [\"drivers\"]");
        let engines =
            "[package]\nname = \"engines\"\n[dependencies]\nschemas = {}\nrows = \"1\"\ndrivers = \"1\"";
        assert_eq!(
            workspace().raw("engines", engines, &[]).findings("LA-101", &config),
            [
                "LA-101 layers.toml [[crate]] engines dev names drivers, which it does not use; remove it",
                "LA-101 layers.toml [[crate]] engines may_use names rows, which it does not use; remove it",
                "LA-101 layers.toml [tests] crates names kit, which no member takes for tests; remove it",
            ]
        );
    }
}
