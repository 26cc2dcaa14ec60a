//! Failpoints: a side of a call, and the pass at which the process kills itself there.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use color_eyre::eyre::{ContextCompat, Report, Result, bail};
use rustix::process::{Signal, getpid, kill_process};
use serde_json::{Value, json};

use crate::points::Passage;

/// The file that a crash leaves, so that a trial can tell it from another end.
const MARK: &str = "crashed";

/// On which side of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Before,
    After,
}

/// Where to crash: `Ledger::record/before/3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failpoint {
    pub(crate) point: String,
    pub(crate) side: Side,
    /// From 1.
    pub(crate) pass: u64,
}

/// Kills the process at a failpoint.
pub(crate) struct Crash {
    failpoint: Failpoint,
    mark: PathBuf,
    passes: AtomicU64,
}

/// Counts passes, and lets everything pass.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<BTreeMap<&'static str, u64>>);

impl Crash {
    /// Leaves its mark in this directory.
    pub(crate) fn new(failpoint: Failpoint, directory: &Path) -> Self {
        Self { failpoint, mark: directory.join(MARK), passes: AtomicU64::new(0) }
    }

    fn pass(&self, point: &str, side: Side) {
        if point != self.failpoint.point || side != self.failpoint.side {
            return;
        }
        if self.passes.fetch_add(1, Ordering::SeqCst) + 1 == self.failpoint.pass {
            // What is in the page cache survives the process.
            let _ = std::fs::write(&self.mark, self.failpoint.to_string());
            let _ = kill_process(getpid(), Signal::KILL);
        }
    }
}

/// Whether a crash has left its mark in this directory; removes it.
pub(crate) fn take_mark(directory: &Path) -> bool {
    std::fs::remove_file(directory.join(MARK)).is_ok()
}

impl Passage for Crash {
    fn before(&self, point: &'static str) {
        self.pass(point, Side::Before);
    }

    fn after(&self, point: &'static str) {
        self.pass(point, Side::After);
    }
}

impl Counts {
    /// Passes by point.
    pub(crate) fn to_json(&self) -> Value {
        json!(*self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Passage for Counts {
    fn before(&self, point: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(point).or_default() += 1;
    }

    fn after(&self, _: &'static str) {}
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

impl fmt::Display for Failpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.point, self.side, self.pass)
    }
}

impl FromStr for Failpoint {
    type Err = Report;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split('/');
        let mut part = || parts.next().context("expected POINT/before|after/PASS");
        let (point, side, pass) = (part()?.to_owned(), part()?, part()?);
        let side = match side {
            "before" => Side::Before,
            "after" => Side::After,
            other => bail!("expected before or after, not {other}"),
        };
        Ok(Self { point, side, pass: pass.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failpoint_reads_as_it_is_written() {
        let failpoint = Failpoint { point: "Ledger::record".to_owned(), side: Side::After, pass: 3 };
        assert_eq!(failpoint.to_string().parse::<Failpoint>().unwrap(), failpoint);
        for wrong in ["", "Ledger::record", "Ledger::record/within/1", "Ledger::record/after/x"] {
            assert!(wrong.parse::<Failpoint>().is_err(), "{wrong}");
        }
    }
}
