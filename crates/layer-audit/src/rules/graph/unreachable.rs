//! LA-102: some crates do not reach some others by any way.

use crate::config::{Config, Unreachable};
use crate::finding::Place;
use crate::graph::{is_meant, way};
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-102",
    title: "guarded crates are not reached, directly or through others",
    why: "An allowed arrow to a crate that later takes a forbidden dependency carries it along; the direct rule \
          sees each arrow by itself, this one sees the way.",
    fix: "Cut the way at the arrow that should not be there; the finding shows it in full.",
    blind: "ways through externals, and dev-dependencies, which no build of the product links.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[[unreachable]]\nfrom = [\"api\"]\nto = [\"drivers\"]\nbecause = \"use the spine\"\n",
        bad: &[
            (
                "crates/api/Cargo.toml",
                "[package]\nname = \"api\"\n[lints]\nworkspace = true\n[dependencies]\nspine = {}\n",
            ),
            (
                "crates/spine/Cargo.toml",
                "[package]\nname = \"spine\"\n[lints]\nworkspace = true\n[dependencies]\ndrivers = {}\n",
            ),
            (
                "crates/drivers/Cargo.toml",
                "[package]\nname = \"drivers\"\n[lints]\nworkspace = true\n[dependencies]\n",
            ),
        ],
        good: &[
            (
                "crates/api/Cargo.toml",
                "[package]\nname = \"api\"\n[lints]\nworkspace = true\n[dependencies]\nspine = {}\n",
            ),
            (
                "crates/spine/Cargo.toml",
                "[package]\nname = \"spine\"\n[lints]\nworkspace = true\n[dependencies]\n",
            ),
            (
                "crates/drivers/Cargo.toml",
                "[package]\nname = \"drivers\"\n[lints]\nworkspace = true\n[dependencies]\n",
            ),
        ],
        finds: "api -> spine -> drivers; use the spine",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    if config.unreachable.is_empty() {
        return None;
    }
    let mut checked = Checked::new();
    for entry in &config.unreachable {
        for member in workspace.listed(&entry.from) {
            for goal in &entry.to {
                checked.matched += 1;
                let path = way(workspace, &member.name, goal).filter(|path| shows_the_cause(entry, path));
                let Some(path) = path else { continue };
                let first =
                    member.dependencies.iter().find(|dependency| Some(&dependency.package) == path.get(1));
                let place =
                    first.map_or_else(|| Place::file(member.manifest_path()), |first| member.place_of(first));
                checked.report(place, goal, format!("{}; {}", path.join(" -> "), entry.because));
            }
        }
    }
    for entry in &config.unreachable {
        for goal in entry.to.iter().filter(|goal| !is_known(workspace, goal)) {
            let message = format!(
                "[[unreachable]] to names {goal}, which is no member, and no member depends on it; correct or remove it"
            );
            checked.report(Place::file(CONFIG), format!("to {goal}"), message);
        }
    }
    Some(checked)
}

/// Some member is called so, or depends on a package that is.
fn is_known(workspace: &Workspace, goal: &str) -> bool {
    let dependencies = workspace.crates.iter().flat_map(|member| &member.dependencies);
    let mut packages = dependencies.map(|dependency| &dependency.package);
    workspace.crates.iter().any(|member| is_meant(goal, &member.name))
        || packages.any(|package| is_meant(goal, package))
}

/// A way through another guarded start, or past another goal, is that one's finding: one cause, one line.
fn shows_the_cause(entry: &Unreachable, path: &[String]) -> bool {
    let between = &path[1..path.len() - 1];
    let told = |name: &String| entry.from.contains(name) || entry.to.iter().any(|goal| is_meant(goal, name));
    !between.iter().any(told)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str =
        "[[unreachable]]\nfrom = [\"api\"]\nto = [\"drivers\", \"orm\"]\nbecause = \"use the spine\"";

    #[test]
    fn must_fire() {
        let workspace = || Ws::default().member("api", "spine = {}").member("drivers", "orm = {}");
        assert_eq!(
            workspace().member("spine", "drivers = {}").findings("LA-102", CONFIG),
            ["LA-102 crates/api/Cargo.toml:6 api -> spine -> drivers; use the spine"]
        );
        assert_eq!(
            workspace().member("spine", "orm = {}").findings("LA-102", CONFIG),
            ["LA-102 crates/api/Cargo.toml:6 api -> spine -> orm; use the spine"]
        );
    }

    #[test]
    fn a_goal_that_nobody_knows_is_reported() {
        let config = CONFIG.replace("\"orm\"", "\"orm\", \"drvers\", \"sqlx*\"");
        let why = "which is no member, and no member depends on it; correct or remove it";
        assert_eq!(
            Ws::default().member("api", "").member("drivers", "orm = {}").findings("LA-102", &config),
            [
                format!("LA-102 layers.toml [[unreachable]] to names drvers, {why}"),
                format!("LA-102 layers.toml [[unreachable]] to names sqlx*, {why}"),
            ]
        );
    }

    #[test]
    fn one_cause_is_one_finding() {
        let config = CONFIG.replace("[\"api\"]", "[\"api\", \"spine\"]");
        let workspace = Ws::default().member("api", "spine = {}").member("spine", "drivers = {}");
        assert_eq!(
            workspace.member("drivers", "orm = {}").findings("LA-102", &config),
            ["LA-102 crates/spine/Cargo.toml:6 spine -> drivers; use the spine"]
        );
    }

    #[test]
    fn must_not_fire() {
        let spine = "[package]\nname = \"spine\"\n[dev-dependencies]\ndrivers = {}";
        let workspace = Ws::default().member("api", "spine = {}").raw("spine", spine, &[]);
        workspace.member("drivers", "orm = {}").clean("LA-102", CONFIG);
    }
}
