//! LA-105: what is for tests is a dev-dependency.

use crate::config::{Config, Tests};
use crate::finding::Place;
use crate::manifest::DependencyKind;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::{Dependency, Workspace};

pub(super) static RULE: Rule = Rule {
    id: "LA-105",
    title: "test libraries are dev-dependencies",
    why: "A snapshot or fake library among the normal dependencies is shipped to every user.",
    fix: "Move the line to [dev-dependencies], or name a crate that is a test itself in [tests] exempt.",
    blind: "libraries for tests that [tests] externals does not list.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[tests]\ncrates = []\nexternals = [\"insta\"]\n",
        bad: &[(
            "crates/a/Cargo.toml",
            "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\ninsta = \"1\"\n",
        )],
        good: &[("crates/a/Cargo.toml", "[package]\nname = \"a\"\n[dev-dependencies]\ninsta = \"1\"\n")],
        finds: "insta",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let tests = config.tests.as_ref().filter(|tests| !tests.externals.is_empty())?;
    let mut checked = Checked::new();
    for member in &workspace.crates {
        for dependency in member.dependencies.iter().filter(|one| tests.externals.contains(&one.package)) {
            checked.matched += 1;
            if dependency.kind != DependencyKind::Dev && !tests.exempt.contains(&member.name) {
                let (name, table) = (&dependency.package, dependency.kind.table());
                let message = format!("{} -> {name} ([{table}]): move it to [dev-dependencies]", member.name);
                checked.report(member.place_of(dependency), name, message);
            }
        }
    }
    idle(&mut checked, workspace, tests);
    Some(checked)
}

/// What nobody depends on needs no rule, and who depends on none of it needs no exemption.
fn idle(checked: &mut Checked, workspace: &Workspace, tests: &Tests) {
    let all = || workspace.crates.iter().flat_map(|member| &member.dependencies);
    for name in tests.externals.iter().filter(|name| !all().any(|one| one.package == **name)) {
        let message = format!("[tests] externals names {name}, which no member depends on; remove it");
        checked.report(Place::file(CONFIG), name, message);
    }
    let ships = |one: &Dependency| one.kind != DependencyKind::Dev && tests.externals.contains(&one.package);
    for member in workspace.listed(&tests.exempt).filter(|member| !member.dependencies.iter().any(ships)) {
        let name = &member.name;
        let message = format!("[tests] exempt names {name}, which ships none of these externals; remove it");
        checked.report(Place::file(CONFIG), name, message);
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[tests]\ncrates = []\nexternals = [\"snap\"]\nexempt = [\"kit\"]";

    #[test]
    fn must_fire() {
        assert_eq!(
            Ws::default().member("a", "snap = {}").findings("LA-105", CONFIG),
            ["LA-105 crates/a/Cargo.toml:6 a -> snap ([dependencies]): move it to [dev-dependencies]"]
        );
        let config = CONFIG.replace("[\"snap\"]", "[\"snap\", \"crackle\"]");
        let a = "[package]\nname = \"a\"\n[dev-dependencies]\nsnap = {}";
        assert_eq!(
            Ws::default().raw("a", a, &[]).member("kit", "").findings("LA-105", &config),
            [
                "LA-105 layers.toml [tests] externals names crackle, which no member depends on; remove it",
                "LA-105 layers.toml [tests] exempt names kit, which ships none of these externals; remove it",
            ]
        );
    }

    #[test]
    fn must_not_fire() {
        let a = "[package]\nname = \"a\"\n[dev-dependencies]\nsnap = {}";
        Ws::default().raw("a", a, &[]).member("kit", "snap = {}").clean("LA-105", CONFIG);
    }
}
