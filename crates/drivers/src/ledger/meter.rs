//! What the ledger's queue and commits are measured by.

use std::fmt;
use std::time::Duration;

/// Hears how the ledger does. It is called by every caller and by the task that writes, so it must not wait.
pub trait LedgerMeter: Send + Sync {
    /// This many values wait in the queue now.
    fn waiting(&self, values: usize);

    /// One commit wrote this many values, or could not, in this time. Values that wait or are declined are not among them, so
    /// there may be none.
    fn committed(&self, values: usize, elapsed: Duration, written: bool);

    /// So many values could not be written although the others of their batch were: the storage refuses them alone.
    fn left_out(&self, values: usize);
}

impl fmt::Debug for dyn LedgerMeter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LedgerMeter(..)")
    }
}

/// Measures nothing.
pub(super) struct Unmetered;

impl LedgerMeter for Unmetered {
    fn waiting(&self, _: usize) {}

    fn committed(&self, _: usize, _: Duration, _: bool) {}

    fn left_out(&self, _: usize) {}
}
