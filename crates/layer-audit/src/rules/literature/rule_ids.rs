//! LA-904: rules that the literature names exist.

use crate::config::Config;
use crate::finding::Place;
use crate::rules::{Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-904",
    title: "the literature names only rules that exist",
    why: "A law that is said to be held by a rule which is gone is held by nobody.",
    fix: "Name the rule that holds it now, or say why none is needed.",
    blind: "whether that rule really holds what the text says.",
    severity: Severity::Blocking,
    absence: true,
    example: Example {
        law: super::LAW,
        bad: &[super::ROOT, ("literature/audit/checks.md", "| 4 | no sibling domain | LA-299 |\n")],
        good: &[super::ROOT, ("literature/audit/checks.md", "| 4 | no sibling domain | LA-202, LA-2xx |\n")],
        finds: "names LA-299, which is no rule",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let literature = config.literature.as_ref()?;
    let mut checked = Checked::new();
    let inside =
        |path: &String| path.strip_prefix(&literature.folder).is_some_and(|rest| rest.starts_with('/'));
    for (path, text) in workspace.documents.iter().filter(|(path, _)| inside(path)) {
        for (at, line) in text.lines().enumerate() {
            for id in ids(line) {
                checked.matched += 1;
                if Rule::get(id).is_none() {
                    checked.report(
                        Place::line(path, at + 1),
                        id,
                        format!("names {id}, which is no rule; name the one that holds it"),
                    );
                }
            }
        }
    }
    Some(checked)
}

/// Every `LA-` with three digits after it.
fn ids(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("LA-").filter_map(|(at, _)| {
        let id = line.get(at..at + 6)?;
        let digits = id.bytes().skip(3).all(|byte| byte.is_ascii_digit());
        let ends = line[at + 6..].bytes().next().is_none_or(|next| !next.is_ascii_alphanumeric());
        (digits && ends).then_some(id)
    })
}
