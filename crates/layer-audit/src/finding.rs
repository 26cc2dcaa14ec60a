//! A finding: which rule, where, and what to do about it.

use serde::Serialize;

use crate::rules::CONFIG;

/// Where a finding stands: a file relative to the workspace root, and a position in it when there is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Path relative to the workspace root, with forward slashes.
    pub file: String,
    /// Line, from 1; 0 when the finding is about the whole file.
    pub line: usize,
    /// Column, from 1; 0 when the finding is about the whole line.
    pub column: usize,
}

impl Place {
    /// A whole file.
    pub fn file(file: impl Into<String>) -> Self {
        Self::at(file, 0, 0)
    }

    /// A line of a file; 0 means the whole file.
    pub fn line(file: impl Into<String>, line: usize) -> Self {
        Self::at(file, line, 0)
    }

    /// A position in a file.
    pub fn at(file: impl Into<String>, line: usize, column: usize) -> Self {
        Self { file: file.into(), line, column }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.line > 0 && self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        Ok(())
    }
}

/// What a rule's findings do to the exit code. Each rule declares its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The audit fails.
    Blocking,
    /// The audit says so, and passes.
    Advisory,
}

/// The subject of the finding that a rule matched nothing.
pub(crate) const VACUOUS: &str = "vacuous";

/// The same for what allowances and baselines say of a finding.
pub(crate) fn is_of_the_law(rule: &str, file: &str, subject: &str) -> bool {
    rule.starts_with("LA-0") || (file == CONFIG && subject == VACUOUS)
}

/// Whether a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It counts.
    Open,
    /// An `[[allow]]` entry lets it off for a while.
    Allowed,
    /// The baseline knows it.
    Known,
}

/// One breach of one rule. Findings order by place, then rule, so that the output never depends on reading order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// Id of the rule, `LA-NNN`.
    pub rule: &'static str,
    /// The rule's severity.
    pub severity: Severity,
    /// What breaks the rule: a crate, a path, a type. Stable under reformatting, unlike the line.
    pub subject: String,
    /// What is wrong and what to do, in one line.
    pub message: String,
    /// Whether it counts.
    pub standing: Standing,
    /// It says that an allowance or a baseline entry lets off nothing any more, and nothing worse.
    pub stale: bool,
}

impl Finding {
    /// It is about the law itself: of a rule `LA-0xx`, or that a rule matched nothing. Nothing lets it off.
    pub(crate) fn is_of_the_law(&self) -> bool {
        is_of_the_law(self.rule, &self.place.file, &self.subject)
    }

    /// It counts, and its rule blocks.
    pub fn blocks(&self) -> bool {
        self.standing == Standing::Open && self.severity == Severity::Blocking
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.rule, self.place, self.message)
    }
}
