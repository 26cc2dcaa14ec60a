//! What an audit says, in four forms. All are pure: an account in, a text out.

mod github;
mod json;
mod sarif;
mod summary;
mod text;

use serde::Serialize;

use crate::config::Config;
use crate::mend::Mend;
use crate::report::Report;
use crate::workspace::Workspace;

pub use summary::{Row, Summary};

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A line per finding, tables, a closing line: for people.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands that annotate a pull request on GitHub.
    Github,
}

/// A report, and what the forms say besides.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// What was judged.
    pub workspace: &'a Workspace,
    /// By what it was judged.
    pub config: &'a Config,
    /// What came out.
    pub report: &'a Report,
    /// What could be mended without a decision.
    pub mends: &'a [Mend],
    /// The whole run's time, reading included.
    pub milliseconds: u128,
    /// Text only: findings that are allowed or known are listed too.
    pub everything: bool,
    /// Text and GitHub only: the tables by layer and domain are there.
    pub tables: bool,
}

impl Format {
    /// Every form by the name that the command line gives it.
    pub const NAMED: [(&'static str, Self); 4] =
        [("text", Self::Text), ("json", Self::Json), ("sarif", Self::Sarif), ("github", Self::Github)];

    /// The account in this form, ending in a line break.
    pub fn render(self, account: &Account<'_>) -> String {
        match self {
            Self::Text => text::render(account),
            Self::Json => json::render(account),
            Self::Sarif => sarif::render(account),
            Self::Github => github::render(account),
        }
    }
}

impl Account<'_> {
    /// The one line that closes every run for people.
    pub fn closing(&self) -> String {
        text::closing(self)
    }
}

/// Our values have nothing but texts as keys, and so cannot fail to become JSON.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
