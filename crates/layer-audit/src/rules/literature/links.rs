//! LA-905: links between documents lead somewhere.

use crate::config::Config;
use crate::finding::Place;
use crate::literature::site;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::site::broken_links;
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-905",
    title: "links between documents lead somewhere",
    why: "A reader who follows a link to nothing stops following links.",
    fix: "Correct the document or heading that the link names, or remove the link.",
    blind: "links to source files, to documents outside of the literature, and to other sites.",
    severity: Severity::Blocking,
    absence: true,
    example: Example {
        law: super::LAW,
        bad: &[super::ROOT, ("literature/logs/README.md", "# Logs\n\nSee [tools](../tools/README.md).\n")],
        good: &[super::ROOT, ("literature/logs/README.md", "# Logs\n\nSee [the top](#logs).\n")],
        finds: "../tools/README.md",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let literature = config.literature.as_ref()?;
    let mut checked = Checked::new();
    let site = site(workspace, config);
    checked.matched = site.pages.len();
    for link in broken_links(&site) {
        let place = Place::line(format!("{}/{}", literature.folder, link.page), link.line);
        checked.report(place, &link.target, format!("the link to {}: {}", link.target, link.problem));
    }
    Some(checked)
}
