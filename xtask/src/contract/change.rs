//! One change of a contract, and whether it breaks those who rely on it.

use std::cmp::Ordering;

use serde::Serialize;

/// What others rely on. The order is that of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Contract {
    Operations,
    Codes,
    Routes,
    Ports,
    Tables,
    Events,
    PublicItems,
    Help,
}

/// What a change does to those who rely on the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// Somebody who did nothing wrong fails.
    Breaking { why: String },
    /// It may break somebody: a person has to look.
    Review { why: String },
    /// Nobody notices.
    Compatible,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    pub(crate) contract: Contract,
    /// The operation, code, route, trait, table, event, item or page that changed.
    pub(crate) subject: String,
    /// What happened to it.
    pub(crate) what: String,
    #[serde(flatten)]
    pub(crate) breaks: Verdict,
}

impl Contract {
    /// As reports name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Operations => "operations",
            Self::Codes => "codes",
            Self::Routes => "routes",
            Self::Ports => "ports",
            Self::Tables => "tables",
            Self::Events => "events",
            Self::PublicItems => "public_items",
            Self::Help => "help",
        }
    }

    /// A change that breaks those who are named by `why`.
    pub(crate) fn breaks(self, subject: &str, what: impl Into<String>, why: &str) -> Change {
        self.change(subject, what, Verdict::breaking(why))
    }

    /// A change that a person has to judge, for the reason `why`.
    pub(crate) fn review(self, subject: &str, what: impl Into<String>, why: &str) -> Change {
        self.change(subject, what, Verdict::review(why))
    }

    /// A change that nobody notices.
    pub(crate) fn compatible(self, subject: &str, what: impl Into<String>) -> Change {
        self.change(subject, what, Verdict::Compatible)
    }

    /// A change with its verdict.
    pub(crate) fn change(self, subject: &str, what: impl Into<String>, breaks: Verdict) -> Change {
        Change { contract: self, subject: subject.to_owned(), what: what.into(), breaks }
    }
}

impl Change {
    /// The order of the report: by contract, what breaks on top.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let key = |change: &Self| (change.contract, change.breaks.rank());
        let key = key(self).cmp(&key(other));
        key.then_with(|| self.subject.cmp(&other.subject)).then_with(|| self.what.cmp(&other.what))
    }
}

impl Verdict {
    pub(crate) fn breaking(why: &str) -> Self {
        Self::Breaking { why: why.to_owned() }
    }

    pub(crate) fn review(why: &str) -> Self {
        Self::Review { why: why.to_owned() }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Breaking { .. } => 0,
            Self::Review { .. } => 1,
            Self::Compatible => 2,
        }
    }

    /// `BREAKS`, `REVIEW` or `ok`.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Breaking { .. } => "BREAKS",
            Self::Review { .. } => "REVIEW",
            Self::Compatible => "ok",
        }
    }

    /// Who is hurt, or what is to be looked at.
    pub(crate) fn why(&self) -> Option<&str> {
        match self {
            Self::Breaking { why } | Self::Review { why } => Some(why),
            Self::Compatible => None,
        }
    }
}

/// `LABEL subject: what`, in the order of the report: what tests compare.
#[cfg(test)]
pub(crate) fn told(changes: &[Change]) -> Vec<String> {
    let mut changes = changes.to_vec();
    changes.sort_by(Change::order);
    let line = |change: &Change| format!("{} {}: {}", change.breaks.label(), change.subject, change.what);
    changes.iter().map(line).collect()
}
