//! What a suite is: a promise, a trial that yields figures, and broken wirings that the same trial must find.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use color_eyre::eyre::Result;

use super::setting::{Setting, UnderTest};

/// Things that are told of those that must not be.
const TOLD: usize = 5;

/// Tries something, and says what came of it. An error is a trial that broke off; it never counts as a proof, nor as
/// a broken wiring that was found.
#[async_trait]
pub(crate) trait Trial: Send + Sync {
    /// Runs it. Bounded in time; whatever it starts has ended when it returns or is dropped.
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>>;

    /// Whether there is anything to try on this database; controls are left out where there is not.
    fn applies_to(&self, _: &UnderTest) -> bool {
        true
    }
}

/// A suite of the proof. All of them stand in `suites.rs`.
#[derive(Clone)]
pub(crate) struct Suite {
    /// As `--suite` takes it.
    pub(crate) name: &'static str,
    /// Promises of security.md, section 7: `P1` to `P20`.
    pub(crate) promises: &'static [&'static str],
    /// What is done, in a sentence or two, for the report.
    pub(crate) what: &'static str,
    /// Whether it stores anything, and so runs on every database that is given.
    pub(crate) per_database: bool,
    /// The trial on the sound wiring: all figures must hold.
    pub(crate) trial: Arc<dyn Trial>,
    /// The trial on broken wirings: figures must fail.
    pub(crate) controls: Vec<Control>,
}

/// A negative control: the same trial over a wiring that is broken on purpose.
#[derive(Clone)]
pub(crate) struct Control {
    /// What is broken, for the report.
    pub(crate) broken: &'static str,
    /// Names of figures; at least one of them must fail, or the suite would not notice.
    pub(crate) breaks: &'static [&'static str],
    /// The trial.
    pub(crate) trial: Arc<dyn Trial>,
}

/// One line of a suite's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    /// What is counted or measured.
    pub(crate) name: &'static str,
    /// What it must be; empty for a figure that is only told.
    pub(crate) expected: String,
    /// What it was.
    pub(crate) found: String,
    /// Whether it is as it must be.
    pub(crate) held: bool,
}

impl Figure {
    /// Must be exactly this.
    pub(crate) fn exactly(name: &'static str, expected: u64, found: u64) -> Self {
        Self { name, expected: expected.to_string(), found: found.to_string(), held: expected == found }
    }

    /// Must be this or more.
    pub(crate) fn at_least(name: &'static str, least: u64, found: u64) -> Self {
        Self::holds(name, &format!("at least {least}"), found, found >= least)
    }

    /// Must take no longer.
    pub(crate) fn within(name: &'static str, longest: Duration, found: Duration) -> Self {
        let expected = format!("within {}", seconds(longest));
        Self { name, expected, found: seconds(found), held: found <= longest }
    }

    /// Must be so.
    pub(crate) fn holds(name: &'static str, expected: &str, found: impl fmt::Display, held: bool) -> Self {
        Self { name, expected: expected.to_owned(), found: found.to_string(), held }
    }

    /// Must be empty; else the first few are told.
    pub(crate) fn none(name: &'static str, found: &[String]) -> Self {
        let text = match found {
            [] => "0".to_owned(),
            some => format!("{}: {}", some.len(), some[..some.len().min(TOLD)].join("; ")),
        };
        Self::holds(name, "0", text, found.is_empty())
    }

    /// Only told.
    pub(crate) fn told(name: &'static str, found: impl fmt::Display) -> Self {
        Self { name, expected: String::new(), found: found.to_string(), held: true }
    }
}

impl Suite {
    /// For `--list`.
    pub(crate) fn described(&self) -> String {
        let mut text = format!("{} ({}): {}", self.name, self.promises.join(", "), self.what);
        for control in &self.controls {
            text.push_str(&format!("\n  must find: {}", control.broken));
        }
        text
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}
