//! The rules, one file each: id, reason, check, and the fixtures that it must and must not report.
//!
//! Ids are never used again. LA-0xx: the law itself; 1xx: crate graph and manifests; 2xx: names; 3xx: ports and
//! bridges; 4xx: headers and file names; 5xx: sizes.

mod bridge_constructor;
mod bridge_size;
mod domain_isolation;
mod exclusive_externals;
mod file_names;
mod file_size;
mod function_size;
mod headers;
mod inherited_dependencies;
mod inherited_lints;
mod known_names;
mod membership;
mod never_depended_on;
mod port_async;
mod port_first_argument;
mod port_size;
mod pure_names;
mod readable;
mod root_headers;
mod test_externals;
mod unreachable;
mod workspace_edges;

use crate::config::Config;
use crate::finding::{Finding, Place};
use crate::workspace::Workspace;

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// `LA-NNN`.
    pub id: &'static str,
    /// What holds when it is kept, in a few words.
    pub title: &'static str,
    /// Why anybody wants that.
    pub why: &'static str,
    /// How to mend a finding, or to allow it.
    pub fix: &'static str,
    /// What the rule cannot see; empty if nothing.
    pub blind: &'static str,
    /// Judges the facts; `None` where `layers.toml` does not configure the rule.
    pub check: fn(&Workspace, &Config) -> Option<Checked>,
}

/// What a rule looked at and what it found.
#[derive(Debug)]
pub struct Checked {
    id: &'static str,
    /// How many things it judged. None means that it guards nothing, which is a finding itself.
    pub matched: usize,
    /// What it found.
    pub findings: Vec<Finding>,
}

/// Every rule, by id.
pub static ALL: &[&Rule] = &[
    &membership::RULE,
    &readable::RULE,
    &known_names::RULE,
    &workspace_edges::RULE,
    &unreachable::RULE,
    &never_depended_on::RULE,
    &exclusive_externals::RULE,
    &test_externals::RULE,
    &inherited_lints::RULE,
    &inherited_dependencies::RULE,
    &pure_names::RULE,
    &domain_isolation::RULE,
    &port_size::RULE,
    &port_async::RULE,
    &port_first_argument::RULE,
    &bridge_size::RULE,
    &bridge_constructor::RULE,
    &headers::RULE,
    &root_headers::RULE,
    &file_names::RULE,
    &file_size::RULE,
    &function_size::RULE,
];

/// The file that configures everything.
const CONFIG: &str = "layers.toml";

impl Rule {
    /// The rule of that id.
    pub fn get(id: &str) -> Option<&'static Self> {
        ALL.iter().find(|rule| rule.id == id).copied()
    }

    /// Title, reason, way out and blind spots, for people.
    pub fn explain(&self) -> String {
        let Self { id, title, why, fix, blind, .. } = self;
        let blind = if blind.is_empty() { "nothing that it judges." } else { blind };
        format!("{id}: {title}\n\nWhy: {why}\n\nFix: {fix}\n\nCannot see: {blind}\n")
    }
}

impl Checked {
    fn of(id: &'static str) -> Self {
        Self { id, matched: 0, findings: Vec::new() }
    }

    fn report(&mut self, place: Place, subject: impl Into<String>, message: impl Into<String>) {
        let (subject, message) = (subject.into(), message.into());
        self.findings.push(Finding { place, rule: self.id, subject, message });
    }
}

/// The finding for a rule that is configured and yet judged nothing.
pub(crate) fn vacuous(rule: &Rule) -> Finding {
    let message = "matched nothing; mend or remove what configures it".to_owned();
    Finding { place: Place::file(CONFIG), rule: rule.id, subject: "vacuous".to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_sorted_and_explained() {
        let ids: Vec<_> = ALL.iter().map(|rule| rule.id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids, sorted);
        for rule in ALL {
            assert!(rule.id.len() == 6 && rule.id.starts_with("LA-"), "{}", rule.id);
            assert!(rule.why.len() > 20 && rule.fix.len() > 20 && !rule.title.is_empty(), "{}", rule.id);
        }
    }

    #[test]
    fn explain_says_why_and_what_to_do() {
        let rule = Rule::get("LA-201").expect("the rule exists");
        let text = rule.explain();
        assert!(["Why:", "Fix:", "Cannot see:"].iter().all(|part| text.contains(part)), "{text}");
        assert!(Rule::get("LA-999").is_none());
    }

    #[test]
    fn an_empty_configuration_runs_only_what_needs_none() {
        let config = Config::parse("schema = 1").expect("valid");
        let run: Vec<_> = ALL
            .iter()
            .filter(|rule| (rule.check)(&Workspace::default(), &config).is_some())
            .map(|rule| rule.id)
            .collect();
        assert_eq!(run, ["LA-002"]);
    }
}
