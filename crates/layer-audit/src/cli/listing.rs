//! `explain` and `rules`: what the rules say of themselves.

use serde::Serialize;

use crate::evaluate::Selection;
use crate::finding::Severity;
use crate::rules::{self, Rule};

#[derive(Serialize)]
struct Listed {
    id: &'static str,
    severity: Severity,
    title: &'static str,
    why: &'static str,
    fix: &'static str,
    cannot_see: &'static str,
}

/// Why a rule is there, and how to mend what it finds.
pub(super) fn explain(id: &str) -> Result<String, String> {
    match (Rule::get(id), Selection::parse(id)) {
        (Some(rule), _) => Ok(rule.explain()),
        (None, Ok(_)) => Err(format!("explain takes one rule id, not a family; `rules` lists those of {id}")),
        (None, Err(unknown)) => Err(unknown.to_string()),
    }
}

/// Every rule: a line each, or as JSON.
pub(super) fn rules(json: bool) -> String {
    if json {
        let listed = rules::all().map(|rule| Listed {
            id: rule.id,
            severity: rule.severity,
            title: rule.title,
            why: rule.why,
            fix: rule.fix,
            cannot_see: rule.blind,
        });
        return crate::render::pretty(&listed.collect::<Vec<_>>());
    }
    let line = |rule: &Rule| match rule.severity {
        Severity::Blocking => format!("{} {}\n", rule.id, rule.title),
        Severity::Advisory => format!("{} {} (advisory)\n", rule.id, rule.title),
    };
    rules::all().map(line).collect()
}
