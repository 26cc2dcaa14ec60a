//! LA-902: the inventories in the literature say what the source says.

use crate::config::Config;
use crate::finding::Place;
use crate::literature::documents;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-902",
    title: "inventories agree with the source",
    why: "A list that was right once is worse than none: people rely on it.",
    fix: "Run the literature command; it writes the blocks between `<!-- generated: .. -->` and `<!-- end -->` anew, and \
          leaves the prose alone.",
    blind: "the prose.",
    severity: Severity::Blocking,
    absence: true,
    example: Example {
        law: super::LAW,
        bad: &[
            super::ROOT,
            super::LOGS,
            super::REST,
            ("literature/logs/README.md", "# Logs\n<!-- generated: tables -->\n| `gone` |\n<!-- end -->\n"),
        ],
        good: &[
            super::ROOT,
            super::LOGS,
            super::REST,
            ("literature/logs/README.md", "# Logs\n<!-- generated: tables -->\nNone.\n<!-- end -->\n"),
        ],
        finds: "README.md:3 differs from the source",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    config.literature.as_ref()?;
    let mut checked = Checked::new();
    for document in documents(workspace, config) {
        let Some(present) = workspace.documents.get(&document.path) else { continue };
        checked.matched += 1;
        match document.text {
            Ok(fresh) => {
                if let Some(line) = first_difference(present, &fresh) {
                    let message = "differs from the source; run the literature command and read the diff";
                    checked.report(Place::line(&document.path, line), "stale", message);
                }
            }
            Err((line, why)) => checked.report(Place::line(&document.path, line), "markers", why),
        }
    }
    Some(checked)
}

fn first_difference(present: &str, fresh: &str) -> Option<usize> {
    if present == fresh {
        return None;
    }
    let same = present.lines().zip(fresh.lines()).take_while(|(present, fresh)| present == fresh).count();
    Some(same + 1)
}
