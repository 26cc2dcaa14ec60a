//! LA-107: versions and paths stand in the workspace's manifest alone.

use crate::config::Config;
use crate::finding::Place;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-107",
    title: "dependencies are inherited from the workspace",
    why: "One version in one place: two members cannot drift apart, and a path cannot leave the workspace unseen.",
    fix: "Put version or path under [workspace.dependencies], and write `name.workspace = true` here.",
    blind: "",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[manifests]\nlints = false\ndependencies = true\n",
        bad: &[(
            "crates/a/Cargo.toml",
            "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\nserde = \"1\"\n",
        )],
        good: &[(
            "crates/a/Cargo.toml",
            "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\nserde.workspace = true\n",
        )],
        finds: "serde",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    config.manifests.as_ref().filter(|manifests| manifests.dependencies)?;
    let mut checked = Checked::new();
    for member in &workspace.crates {
        checked.matched += 1;
        for entry in member.manifest.entries.iter().filter(|entry| !entry.inherited) {
            let place = Place::line(member.manifest_path(), entry.line);
            let message =
                format!("{} has its own version or path; write `{}.workspace = true`", entry.key, entry.key);
            checked.report(place, &entry.key, message);
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[manifests]\nlints = false\ndependencies = true";

    #[test]
    fn must_fire() {
        assert_eq!(
            Ws::default().member("a", "b = \"1\"\nc = { path = \"../c\" }").findings("LA-107", CONFIG),
            [
                "LA-107 crates/a/Cargo.toml:6 b has its own version or path; write `b.workspace = true`",
                "LA-107 crates/a/Cargo.toml:7 c has its own version or path; write `c.workspace = true`",
            ]
        );
    }

    #[test]
    fn must_not_fire() {
        let inherited = "b.workspace = true\nc = { workspace = true, features = [\"x\"] }";
        Ws::default().member("a", inherited).clean("LA-107", CONFIG);
    }
}
