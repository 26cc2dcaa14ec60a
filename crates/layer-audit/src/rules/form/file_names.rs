//! LA-403: no file or folder has a name that says nothing.

use crate::config::Config;
use crate::finding::Place;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-403",
    title: "file names say what is inside",
    why: "Everything is a helper to something; such a file grows until nobody knows what it holds.",
    fix: "Name the file for what it holds, or move each function to the one place that uses it.",
    blind: "inline modules.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[naming]\nbanned_files = [\"utils\"]\n",
        bad: &[("crates/a/src/utils.rs", "")],
        good: &[("crates/a/src/clock.rs", "")],
        finds: "utils",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let naming = config.naming.as_ref().filter(|naming| !naming.banned_files.is_empty())?;
    let mut checked = Checked::new();
    for member in &workspace.crates {
        for file in &member.files {
            checked.matched += 1;
            let inside = file.path.strip_prefix(&member.dir).unwrap_or(&file.path);
            let mut parts = inside.split('/').map(|part| part.trim_end_matches(".rs"));
            if let Some(banned) = parts.find(|part| naming.banned_files.iter().any(|name| name == part)) {
                let message =
                    format!("`{banned}` says nothing about what is inside; name it for what it holds");
                checked.report(Place::file(&file.path), banned, message);
            }
        }
    }
    Some(checked)
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[naming]\nbanned_files = [\"utils\"]";

    #[test]
    fn must_fire() {
        for path in ["src/utils.rs", "src/a/utils/b.rs", "tests/utils/mod.rs"] {
            let found = Ws::default().file("a", path, "").findings("LA-403", CONFIG);
            assert_eq!(
                found,
                [format!(
                    "LA-403 crates/a/{path} `utils` says nothing about what is inside; name it for what it holds"
                )]
            );
        }
    }

    #[test]
    fn must_not_fire() {
        Ws::default().file("utils", "src/utilities.rs", "").clean("LA-403", CONFIG);
    }
}
