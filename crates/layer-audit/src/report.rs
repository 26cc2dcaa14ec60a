//! What an audit says: text for people, JSON for machines, an exit code for both.

use serde::Serialize;

use crate::finding::{Finding, Standing};
use crate::terms;

/// The result of an audit.
#[derive(Debug, Clone)]
pub struct Report {
    /// Members read.
    pub crates: usize,
    /// Source files read.
    pub files: usize,
    /// Ids of the rules that were configured, and ran.
    pub rules: Vec<&'static str>,
    /// All findings, sorted by place.
    pub findings: Vec<Finding>,
}

/// Exit codes of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// No finding.
    Clean = 0,
    /// At least one finding counts and blocks.
    Violations = 1,
    /// Nothing is wrong but allowances or baseline entries that let off nothing any more.
    Stale = 2,
    /// Bad configuration or arguments, or a workspace that cannot be read.
    Unusable = 3,
}

#[derive(Serialize)]
struct Json<'a> {
    findings: &'a [Finding],
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    crates: usize,
    files: usize,
    rules: usize,
    findings: usize,
    milliseconds: u128,
}

impl Report {
    /// Nothing that blocks.
    pub fn is_clean(&self) -> bool {
        self.exit() == Exit::Clean
    }

    /// Clean, violations, or stale entries only.
    pub fn exit(&self) -> Exit {
        let mut blocking = self.findings.iter().filter(|finding| finding.blocks()).peekable();
        if blocking.peek().is_none() {
            Exit::Clean
        } else if blocking.all(terms::is_stale) {
            Exit::Stale
        } else {
            Exit::Violations
        }
    }

    /// Findings that count, blocking and advisory.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.standing == Standing::Open)
    }

    /// One line a finding, then the closing line. `milliseconds` is the whole run's, reading included.
    pub fn text(&self, milliseconds: u128) -> String {
        let mut text: String = self.open().map(|finding| format!("{finding}\n")).collect();
        let (crates, files, rules, found) = (self.crates, self.files, self.rules.len(), self.open().count());
        text.push_str(&format!(
            "{crates} crates, {files} files, {rules} rules; {found} findings, {milliseconds} ms\n"
        ));
        text
    }

    /// `{ "findings": [..], "summary": {..} }`.
    pub fn json(&self, milliseconds: u128) -> Result<String, serde_json::Error> {
        let summary = Summary {
            crates: self.crates,
            files: self.files,
            rules: self.rules.len(),
            findings: self.open().count(),
            milliseconds,
        };
        serde_json::to_string_pretty(&Json { findings: &self.findings, summary })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Place, Severity};

    fn report() -> Report {
        let finding = Finding {
            place: Place::at("crates/a/src/b.rs", 14, 5),
            rule: "LA-202",
            severity: Severity::Blocking,
            standing: Standing::Open,
            subject: "crate::c".to_owned(),
            message: "names crate::c; call it through CBridge".to_owned(),
        };
        Report { crates: 2, files: 7, rules: vec!["LA-202"], findings: vec![finding] }
    }

    #[test]
    fn text_is_a_line_per_finding_and_a_closing_line() {
        insta::assert_snapshot!(report().text(12), @r"
        LA-202 crates/a/src/b.rs:14:5 names crate::c; call it through CBridge
        2 crates, 7 files, 1 rules; 1 findings, 12 ms
        ");
    }

    #[test]
    fn json_holds_the_same() {
        insta::assert_snapshot!(report().json(12).expect("serializable"), @r#"
        {
          "findings": [
            {
              "file": "crates/a/src/b.rs",
              "line": 14,
              "column": 5,
              "rule": "LA-202",
              "severity": "blocking",
              "subject": "crate::c",
              "message": "names crate::c; call it through CBridge",
              "standing": "open"
            }
          ],
          "summary": {
            "crates": 2,
            "files": 7,
            "rules": 1,
            "findings": 1,
            "milliseconds": 12
          }
        }
        "#);
    }

    #[test]
    fn the_exit_follows_the_findings() {
        assert_eq!(report().exit(), Exit::Violations);
        assert_eq!(Report { findings: Vec::new(), ..report() }.exit(), Exit::Clean);
    }
}
