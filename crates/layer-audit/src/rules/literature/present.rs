//! LA-901: every domain has its document, and every source file stands in one.

use crate::config::Config;
use crate::finding::Place;
use crate::literature::volumes;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-901",
    title: "every domain has its document, and every file stands in one",
    why: "What nobody wrote down has to be asked for. A file that no inventory lists is found by accident only.",
    fix: "Run the literature command, which writes a first document, and fill in its prose; for a file that belongs to no \
          domain, list its crate in a [[literature.document]].",
    blind: "files outside of src, and test modules.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: super::LAW,
        bad: &[super::ROOT, super::LOGS, super::REST],
        good: &[super::ROOT, super::LOGS, super::REST, ("literature/logs/README.md", "# Logs\n")],
        finds: "literature/logs/README.md is not there",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let literature = config.literature.as_ref()?;
    let mut checked = Checked::new();
    let (volumes, unlisted) = volumes(workspace, config, literature);
    for volume in volumes {
        checked.matched += 1;
        if !workspace.documents.contains_key(&volume.path) && workspace.problem(&volume.path).is_none() {
            checked.report(
                Place::file(&volume.path),
                volume.name,
                "is not there; write it with the literature command",
            );
        }
    }
    for file in unlisted {
        let message = "stands in no document; list its crate in a [[literature.document]]";
        checked.report(Place::file(&file.path), &file.path, message);
    }
    Some(checked)
}
