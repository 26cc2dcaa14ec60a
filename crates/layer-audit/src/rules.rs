//! The rules, one file each: id, reason, check, and an example that they must report beside one that they must pass.
//!
//! Ids are never used again. LA-0xx: the law itself; 1xx: crates and manifests; 2xx: names; 3xx: ports and bridges;
//! 4xx: headers and names of files; 5xx: sizes; 6xx: operations; 7xx: modules that are shared, frozen or leaving; 8xx: code.

mod code;
mod form;
mod graph;
mod law;
mod lifecycle;
mod literature;
mod names;
mod operations;
mod ports;

use crate::config::Config;
pub(crate) use crate::example::Example;
pub(crate) use crate::finding::Severity;
use crate::finding::{Finding, Place, Standing, VACUOUS};
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
    /// Whether its findings fail the audit.
    pub severity: Severity,
    /// It looks for what should not be there at all, so that nothing to judge is no finding. Its example is the proof
    /// that it sees.
    pub absence: bool,
    /// What it must report and what it must pass.
    pub example: Example,
    /// Judges the facts; `None` where `layers.toml` does not configure the rule.
    pub check: fn(&Workspace, &Config) -> Option<Checked>,
}

/// What a rule looked at and what it found.
#[derive(Debug)]
pub struct Checked {
    /// How many things it judged. None means that it guards nothing, which is a finding itself.
    pub matched: usize,
    /// What it found: place, subject, message.
    pub reports: Vec<(Place, String, String)>,
}

static FAMILIES: &[&[&Rule]] = &[
    law::RULES,
    graph::RULES,
    names::RULES,
    ports::RULES,
    form::RULES,
    operations::RULES,
    lifecycle::RULES,
    code::RULES,
    literature::RULES,
];

/// The file that configures everything.
pub(crate) const CONFIG: &str = "layers.toml";

/// Every rule, by id.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.iter().copied())
}

impl Rule {
    /// The rule of that id.
    pub fn get(id: &str) -> Option<&'static Self> {
        all().find(|rule| rule.id == id)
    }

    /// The rule is meant by an id, or by a family as in `LA-1*`.
    pub fn is_meant(&self, pattern: &str) -> bool {
        match pattern.strip_suffix('*') {
            Some(prefix) => self.id.starts_with(prefix),
            None => self.id == pattern,
        }
    }

    /// Title, reason, way out, blind spots and example, for people.
    pub fn explain(&self) -> String {
        let Self { id, title, why, fix, blind, example, .. } = self;
        let blind = if blind.is_empty() { "nothing that it judges." } else { blind };
        let kind = match self.severity {
            Severity::Blocking => "blocking",
            Severity::Advisory => "advisory",
        };
        let law = indented(example.law);
        let (bad, good) = (files(example.bad), files(example.good));
        format!(
            "{id} ({kind}): {title}\n\nWhy: {why}\n\nFix: {fix}\n\nCannot see: {blind}\n\n\
             With this in layers.toml:\n{law}\nit reports:\n{bad}\nand passes:\n{good}"
        )
    }

    /// What it finds, judged by its severity; `None` where it is not configured.
    pub(crate) fn judge(&self, workspace: &Workspace, config: &Config) -> Option<Vec<Finding>> {
        let checked = (self.check)(workspace, config)?;
        let vacuous = checked.matched == 0 && !self.absence;
        let mut findings: Vec<_> = checked
            .reports
            .into_iter()
            .map(|(place, subject, message)| self.finding(place, subject, message))
            .collect();
        if vacuous {
            let message = "matched nothing; mend or remove what configures it".to_owned();
            findings.push(self.finding(Place::file(CONFIG), VACUOUS.to_owned(), message));
        }
        Some(findings)
    }

    pub(crate) fn finding(&self, place: Place, subject: String, message: String) -> Finding {
        let (rule, severity) = (self.id, self.severity);
        Finding { place, rule, severity, subject, message, standing: Standing::Open, stale: false }
    }
}

impl Checked {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self { matched: 0, reports: Vec::new() }
    }

    /// Adds a finding.
    pub(crate) fn report(&mut self, place: Place, subject: impl Into<String>, message: impl Into<String>) {
        self.reports.push((place, subject.into(), message.into()));
    }
}

fn files(files: &[(&str, &str)]) -> String {
    files.iter().map(|(path, text)| format!("    {path}:\n{}", indented(&indented(text)))).collect()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_sorted_and_explained() {
        let ids: Vec<_> = all().map(|rule| rule.id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids, sorted);
        for rule in all() {
            assert!(rule.id.len() == 6 && rule.id.starts_with("LA-"), "{}", rule.id);
            assert!(rule.why.len() > 20 && rule.fix.len() > 20 && !rule.title.is_empty(), "{}", rule.id);
        }
    }

    #[test]
    fn explain_says_why_and_what_to_do() {
        insta::assert_snapshot!(Rule::get("LA-201").expect("the rule exists").explain());
        assert!(Rule::get("LA-999").is_none());
    }

    #[test]
    fn an_empty_configuration_runs_only_what_needs_none() {
        let config = Config::parse("schema = 1").expect("valid");
        let run: Vec<_> = all()
            .filter(|rule| (rule.check)(&Workspace::default(), &config).is_some())
            .map(|rule| rule.id)
            .collect();
        assert_eq!(run, ["LA-002", "LA-004"]);
    }
}
