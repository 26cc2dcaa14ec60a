//! LA-106: every member inherits the workspace's lints.

use crate::config::Config;
use crate::finding::Place;
use crate::manifest::{ROOT, offers_lints};
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-106",
    title: "workspace lints are inherited",
    why: "Cargo applies [workspace.lints] only to members that ask for it; one that does not is unlinted in silence.",
    fix: "Add to the manifest: [lints] with `workspace = true`. Cargo refuses that where the root's Cargo.toml has no \
          [workspace.lints], so decide first what stands there; an empty table will do.",
    blind: "attributes in the source that relax a lint.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[manifests]\nlints = true\ndependencies = false\n",
        bad: &[("crates/a/Cargo.toml", "[package]\nname = \"a\"\n")],
        good: &[(
            "crates/a/Cargo.toml",
            "[package]\nname = \"a\"\n[lints]\nworkspace = true\n[dependencies]\n",
        )],
        finds: "does not inherit the workspace's lints",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    config.manifests.as_ref().filter(|manifests| manifests.lints)?;
    let bare = workspace.documents.get(ROOT).is_some_and(|root| !offers_lints(root));
    let first = if bare { "write [workspace.lints] in the root's Cargo.toml, then " } else { "" };
    let mut checked = Checked::new();
    for member in &workspace.crates {
        checked.matched += 1;
        if !member.manifest.inherits_lints {
            let message = format!(
                "{} does not inherit the workspace's lints; {first}add `[lints] workspace = true`",
                member.name
            );
            checked.report(Place::file(member.manifest_path()), &member.name, message);
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[manifests]\nlints = true\ndependencies = false";

    #[test]
    fn must_fire() {
        let own = "[package]\nname = \"a\"\n[lints.clippy]\nall = \"deny\"";
        assert_eq!(
            Ws::default().raw("a", own, &[]).findings("LA-106", CONFIG),
            [
                "LA-106 crates/a/Cargo.toml a does not inherit the workspace's lints; add `[lints] workspace = true`"
            ]
        );
    }

    #[test]
    fn what_the_root_lacks_is_asked_for_first() {
        let found = |root: &str| {
            let workspace =
                Ws::default().raw("a", "[package]\nname = \"a\"", &[]).document("Cargo.toml", root);
            workspace.findings("LA-106", CONFIG)
        };
        let asks = |found: &[String]| {
            found[0].contains("; write [workspace.lints] in the root's Cargo.toml, then add")
        };
        assert!(asks(&found("[workspace]\nmembers = []")));
        assert!(!asks(&found("[workspace.lints]")));
    }

    #[test]
    fn must_not_fire() {
        Ws::default().member("a", "").clean("LA-106", CONFIG);
    }
}
