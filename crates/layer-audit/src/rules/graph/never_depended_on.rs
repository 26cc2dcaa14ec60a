//! LA-103: tools and proofs are the dependency of nothing.

use crate::config::Config;
use crate::finding::Place;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::{Dependency, Workspace};

pub(super) static RULE: Rule = Rule {
    id: "LA-103",
    title: "some crates are a dependency of nothing",
    why: "A tool or an attack harness in the product's graph brings its dependencies and features along.",
    fix: "Move what is needed into a crate of the product, and let the tool depend on that.",
    blind: "",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[[never]]\ncrate = \"tool\"\nbecause = \"it measures the rest\"\n",
        bad: &[
            (
                "crates/tool/Cargo.toml",
                "[package]\nname = \"tool\"\n[lints]\nworkspace = true\n[dependencies]\n",
            ),
            (
                "crates/a/Cargo.toml",
                "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\ntool = {}\n",
            ),
        ],
        good: &[
            (
                "crates/tool/Cargo.toml",
                "[package]\nname = \"tool\"\n[lints]\nworkspace = true\n[dependencies]\na = {}\n",
            ),
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\n"),
        ],
        finds: "tool",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    if config.never.is_empty() {
        return None;
    }
    let mut checked = Checked::new();
    for entry in config.never.iter().filter(|entry| workspace.get(&entry.name).is_some()) {
        checked.matched += 1;
        for member in workspace.crates.iter().filter(|member| !entry.except.contains(&member.name)) {
            let meant = |one: &&Dependency| one.package == entry.name && !one.outside;
            for dependency in member.dependencies.iter().filter(meant) {
                let table = dependency.kind.table();
                let message = format!("{} -> {} ([{table}]): {}", member.name, entry.name, entry.because);
                checked.report(member.place_of(dependency), &entry.name, message);
            }
        }
        let uses = |name: &str| {
            let member = workspace.get(name);
            member.is_none_or(|member| member.dependencies.iter().any(|one| one.package == entry.name))
        };
        for name in entry.except.iter().filter(|name| !uses(name)) {
            let message =
                format!("[[never]] {} excepts {name}, which does not depend on it; remove it", entry.name);
            checked.report(Place::file(CONFIG), format!("{} {name}", entry.name), message);
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[[never]]\ncrate = \"audit\"\nexcept = [\"xtask\"]\nbecause = \"it is a tool\"";

    #[test]
    fn must_fire() {
        let server = "[package]\nname = \"server\"\n[dev-dependencies]\naudit = {}";
        assert_eq!(
            Ws::default().member("audit", "").raw("server", server, &[]).findings("LA-103", CONFIG),
            ["LA-103 crates/server/Cargo.toml:4 server -> audit ([dev-dependencies]): it is a tool"]
        );
        assert_eq!(
            Ws::default().member("audit", "").member("xtask", "").findings("LA-103", CONFIG),
            ["LA-103 layers.toml [[never]] audit excepts xtask, which does not depend on it; remove it"]
        );
    }

    #[test]
    fn must_not_fire() {
        let workspace = Ws::default().member("audit", "").member("other", "audit = \"1\"");
        workspace.member("xtask", "audit = {}").clean("LA-103", CONFIG);
    }
}
