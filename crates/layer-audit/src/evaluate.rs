//! Runs the selected rules over the facts, and collects everything that they find.

use std::fmt;
use std::panic::resume_unwind;

use crate::config::Config;
use crate::cores::on_all_cores;
use crate::report::Report;
use crate::rules::{self, Rule};
use crate::terms;
use crate::workspace::Workspace;

/// Which rules to run.
#[derive(Debug, Clone)]
pub struct Selection(Vec<&'static Rule>);

/// A rule id that does not exist. Never silently green: the caller must fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRule(String);

impl fmt::Display for UnknownRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<_> = rules::all().map(|rule| rule.id).collect();
        write!(f, "no rule {}; known: {}", self.0, known.join(", "))
    }
}

impl std::error::Error for UnknownRule {}

impl Selection {
    /// Every rule.
    pub fn all() -> Self {
        Self(rules::all().collect())
    }

    /// One rule by its id, or a family: `LA-1*`.
    pub fn parse(pattern: &str) -> Result<Self, UnknownRule> {
        let selected: Vec<_> = rules::all().filter(|rule| rule.is_meant(pattern)).collect();
        if selected.is_empty() { Err(UnknownRule(pattern.to_owned())) } else { Ok(Self(selected)) }
    }

    /// That rule alone.
    pub(crate) fn one(rule: &'static Rule) -> Self {
        Self(vec![rule])
    }

    pub(crate) fn holds(&self, id: &str) -> bool {
        self.0.iter().any(|rule| rule.id == id)
    }
}

/// Judges `workspace` by `config`. Pure: the same input gives the same report, in the same order.
pub fn evaluate(workspace: &Workspace, config: &Config, selection: &Selection) -> Report {
    let mut findings = Vec::new();
    let mut ran = Vec::new();
    let judged = on_all_cores(&selection.0, |rule| Some((rule.id, rule.judge(workspace, config)?)));
    for (id, found) in judged.unwrap_or_else(|panic| resume_unwind(panic)).into_iter().flatten() {
        ran.push(id);
        findings.extend(found);
    }
    findings.sort();
    findings.dedup();
    terms::apply(workspace, config, selection, &mut findings);
    Report { crates: workspace.crates.len(), files: workspace.file_count(), rules: ran, findings }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Ws;

    #[test]
    fn an_unknown_rule_is_an_error_and_a_family_is_not() {
        assert!(Selection::parse("LA-999").is_err());
        assert!(Selection::parse("LB-*").is_err());
        assert!(Selection::parse("LA-1*").is_ok_and(|family| family.0.len() > 1));
    }

    #[test]
    fn a_rule_that_met_nothing_is_a_finding() {
        let config = "[ports]\ncrates = [\"a\"]\nmodules = [\"ports\"]\nmax_methods = 12";
        let findings = Ws::default().file("a", "src/lib.rs", "//! A.").findings("LA-301", config);
        assert_eq!(findings, ["LA-301 layers.toml matched nothing; mend or remove what configures it"]);
    }

    #[test]
    fn the_order_of_reading_does_not_matter() {
        let config = Config::parse("schema = 1\n[headers]\nroot_labels = []").expect("valid");
        let (a, b) = (("src/lib.rs", "fn a() {}"), ("src/m.rs", "fn b() {}"));
        let of = |files: [(&str, &str); 2]| {
            let files = files.map(|(path, text)| (path, text.to_owned()));
            let workspace = Ws::default().member_with("a", "", &files).build();
            evaluate(&workspace, &config, &Selection::all()).findings
        };
        assert_eq!(of([a, b]), of([b, a]));
        assert_eq!(of([a, b]).len(), 2);
    }
}
