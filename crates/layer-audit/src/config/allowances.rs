//! What is let off for a while: allowances, each with reason, owner and last day.

use serde::Deserialize;

use super::Config;
use crate::day::Day;

/// One finding, or all of one rule in one file, that is allowed until a day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// Id of the rule.
    pub rule: String,
    /// The file of the finding, as the finding gives it.
    pub file: String,
    /// The subject of the finding, as `--json` gives it; every subject in that file if absent.
    pub subject: Option<String>,
    /// Why it is right to wait.
    pub reason: String,
    /// Who sees to it.
    pub owner: String,
    /// Last day on which it counts.
    pub until: Day,
}

/// How far ahead a last day may lie: that of an allowance, and that of a tombstone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expiry {
    /// Days from today; a year where nothing is said.
    pub horizon_days: u16,
}

impl Default for Expiry {
    fn default() -> Self {
        Self { horizon_days: 366 }
    }
}

impl Config {
    /// The last day that an allowance or a tombstone may name.
    pub(crate) fn last_day(&self, today: Day) -> Day {
        today.later_by(self.expiry.horizon_days)
    }

    /// The allowances that count: their day is not past, and not out of sight.
    pub(crate) fn in_force(&self, today: Day) -> impl Iterator<Item = &Allow> {
        let last = self.last_day(today);
        self.allowances.iter().filter(move |entry| (today..=last).contains(&entry.until))
    }
}

/// The findings that were there when the audit came: a file that may only shrink.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineFile {
    /// Its path, relative to the workspace root.
    pub file: String,
    /// So many findings does it know, and never more.
    pub most: usize,
    /// Rules whose findings it must never hold; `LA-1*` is a family.
    #[serde(default)]
    pub strict: Vec<String>,
}
