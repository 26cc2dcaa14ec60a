//! Ids for tests: the same in every run, or different in every run.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_schemas::runtime::{IdSource, Ulid};

use crate::fixtures;

/// Ids from 1 on, the same in every run; for snapshots. Two sources give the same ids.
#[derive(Debug, Default)]
pub struct SequentialIds {
    issued: AtomicU64,
}

impl SequentialIds {
    /// A source that starts from 1.
    pub fn new() -> Self {
        Self::default()
    }
}

impl IdSource for SequentialIds {
    fn next_ulid(&self) -> Ulid {
        let number = self.issued.fetch_add(1, Ordering::Relaxed) + 1;
        let millis = u64::try_from(fixtures::time(0).as_micros() / 1000).unwrap_or(0);
        Ulid::from_parts(millis, u128::from(number))
    }
}

/// Ids that no other source of this process and no earlier run has given; for suites that run against a database
/// which outlives them.
#[derive(Clone, Copy, Debug, Default)]
pub struct UniqueIds;

impl UniqueIds {
    /// A source; all of a process share one counter.
    pub fn new() -> Self {
        Self
    }
}

static PROCESS_START_MILLIS: OnceLock<u64> = OnceLock::new();
static ISSUED: AtomicU64 = AtomicU64::new(0);

impl IdSource for UniqueIds {
    fn next_ulid(&self) -> Ulid {
        let millis = *PROCESS_START_MILLIS.get_or_init(|| {
            let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since_epoch.as_millis()).unwrap_or(0)
        });
        // Two processes that start within one millisecond differ in the upper 16 of the 80 random bits.
        let process = u128::from(std::process::id() & 0xFFFF) << 64;
        Ulid::from_parts(millis, process | u128::from(ISSUED.fetch_add(1, Ordering::Relaxed)))
    }
}
