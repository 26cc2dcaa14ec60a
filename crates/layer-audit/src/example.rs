//! What a rule must find and what it must pass, as small workspaces that stand beside the rule.

use crate::config::{Config, ConfigError};
use crate::evaluate::{Selection, evaluate};
use crate::rules::{CONFIG, Rule};
use crate::workspace::Workspace;

/// A pair of small workspaces under one law. `explain` shows them, the self-test runs them.
#[derive(Debug)]
pub struct Example {
    /// The sections of `layers.toml` that configure the rule; `schema = 1` is added.
    pub law: &'static str,
    /// Files by path from the root, which the rule must report. A member in `crates/<name>` whose manifest is not
    /// among them gets one that inherits the lints. A `layers.toml` among them is added to the law.
    pub bad: &'static [(&'static str, &'static str)],
    /// Files that it must pass.
    pub good: &'static [(&'static str, &'static str)],
    /// A part of the line that it reports.
    pub finds: &'static str,
}

/// How a rule did on its example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The rule.
    pub rule: &'static str,
    /// What it missed or reported wrongly; empty if it did well.
    pub faults: Vec<String>,
}

impl Example {
    /// Runs `rule` over both workspaces.
    pub fn try_on(&self, rule: &'static Rule) -> Verdict {
        let mut faults = Vec::new();
        match (self.findings(rule, self.bad), self.findings(rule, self.good)) {
            (Ok(bad), Ok(good)) => {
                if !bad.iter().any(|line| line.contains(self.finds)) {
                    faults.push(format!("did not find `{}`; found {bad:?}", self.finds));
                }
                if !good.is_empty() {
                    faults.push(format!("reported what is good: {good:?}"));
                }
            }
            (Err(error), _) | (_, Err(error)) => faults.push(format!("its law is invalid: {error}")),
        }
        Verdict { rule: rule.id, faults }
    }

    fn findings(&self, rule: &'static Rule, files: &[(&str, &str)]) -> Result<Vec<String>, ConfigError> {
        let more = files.iter().find(|(path, _)| *path == CONFIG).map_or("", |(_, text)| *text);
        let config = Config::parse(&format!("schema = 1\n{}{more}", self.law))?;
        let mut workspace = Workspace::default();
        for (path, text) in files.iter().filter(|(path, _)| *path != CONFIG) {
            workspace.plant(path, text);
        }
        let report = evaluate(&workspace, &config, &Selection::one(rule));
        Ok(report
            .findings
            .iter()
            .filter(|finding| finding.rule == rule.id)
            .map(ToString::to_string)
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::rules;

    #[test]
    fn every_rule_finds_its_bad_example_and_passes_its_good_one() {
        let faults: Vec<_> =
            rules::all().map(|rule| rule.example.try_on(rule)).filter(|v| !v.faults.is_empty()).collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }
}
