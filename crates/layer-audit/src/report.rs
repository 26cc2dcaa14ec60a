//! The result of an audit: the findings, what they come to, and the exit code.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::finding::{Finding, Severity, Standing};

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
    /// No finding that counts and blocks.
    Clean = 0,
    /// At least one finding counts and blocks.
    Violations = 1,
    /// Nothing is wrong but allowances or baseline entries that let off nothing any more.
    Stale = 2,
    /// Bad configuration or arguments, or a workspace that cannot be read.
    Unusable = 3,
}

/// Findings, each counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// They count and block.
    pub new: usize,
    /// They count, and their rule is advisory.
    pub advisory: usize,
    /// The baseline knows them.
    pub known: usize,
    /// An allowance lets them off.
    pub allowed: usize,
    /// They say that an allowance or a baseline entry lets off nothing any more.
    pub stale: usize,
}

impl Report {
    /// Nothing that blocks.
    pub fn is_clean(&self) -> bool {
        self.exit() == Exit::Clean
    }

    /// Clean, violations, or stale entries only.
    pub fn exit(&self) -> Exit {
        let tally = self.tally();
        match (tally.new, tally.stale) {
            (0, 0) => Exit::Clean,
            (0, _) => Exit::Stale,
            _ => Exit::Violations,
        }
    }

    /// Findings that count, blocking and advisory.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.standing == Standing::Open)
    }

    /// How many findings of each kind there are.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for finding in &self.findings {
            *match (finding.standing, finding.severity) {
                (Standing::Known, _) => &mut tally.known,
                (Standing::Allowed, _) => &mut tally.allowed,
                (Standing::Open, Severity::Advisory) => &mut tally.advisory,
                (Standing::Open, Severity::Blocking) if finding.stale => &mut tally.stale,
                (Standing::Open, Severity::Blocking) => &mut tally.new,
            } += 1;
        }
        tally
    }

    /// How many of the rules that ran have no finding that blocks.
    pub fn kept(&self) -> usize {
        let broken: BTreeSet<_> =
            self.findings.iter().filter(|finding| finding.blocks()).map(|finding| finding.rule).collect();
        self.rules.iter().filter(|rule| !broken.contains(*rule)).count()
    }
}

/// The findings that count, one line each.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.open().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Place;

    fn report(findings: &[(&'static str, Severity, Standing, &str)]) -> Report {
        let finding = |(rule, severity, standing, message): &(&'static str, _, _, &str)| Finding {
            place: Place::at("crates/a/src/b.rs", 14, 5),
            rule,
            severity: *severity,
            standing: *standing,
            subject: "crate::c".to_owned(),
            message: (*message).to_owned(),
            stale: *rule == "LA-004",
        };
        let findings = findings.iter().map(finding).collect();
        Report { crates: 2, files: 7, rules: vec!["LA-004", "LA-202", "LA-503"], findings }
    }

    #[test]
    fn the_exit_follows_what_counts_and_blocks() {
        use Severity::{Advisory, Blocking};
        use Standing::{Allowed, Known, Open};
        let breach = ("LA-202", Blocking, Open, "names crate::c");
        let stale = ("LA-004", Blocking, Open, "lets off nothing any more");
        let hint = ("LA-503", Advisory, Open, "is long");
        let known = ("LA-202", Blocking, Known, "names crate::c");
        let allowed = ("LA-202", Blocking, Allowed, "names crate::c");
        let cases: &[(&[_], Exit, usize)] = &[
            (&[], Exit::Clean, 3),
            (&[hint, known, allowed], Exit::Clean, 3),
            (&[hint, stale], Exit::Stale, 2),
            (&[breach, stale], Exit::Violations, 1),
            (&[breach, breach], Exit::Violations, 2),
        ];
        for (findings, exit, kept) in cases {
            let report = report(findings);
            assert_eq!((report.exit(), report.kept()), (*exit, *kept), "{findings:?}");
        }
        let tally = report(&[breach, stale, hint, known, allowed]).tally();
        assert_eq!(tally, Tally { new: 1, advisory: 1, known: 1, allowed: 1, stale: 1 });
    }

    #[test]
    fn it_reads_as_a_line_per_finding_that_counts() {
        let report = report(&[
            ("LA-202", Severity::Blocking, Standing::Open, "names crate::c"),
            ("LA-202", Severity::Blocking, Standing::Known, "names crate::d"),
        ]);
        assert_eq!(report.to_string(), "LA-202 crates/a/src/b.rs:14:5 names crate::c\n");
    }
}
