//! The real clock, ids, randomness and environment, behind their ports.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use portcullis_schemas::PortError;
use portcullis_schemas::integrations::credentials::ports::Environment;
use portcullis_schemas::runtime::{Clock, Entropy, IdSource, Ulid};
use portcullis_schemas::secret::Secret;
use portcullis_schemas::timestamp::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

/// The system's clocks.
#[derive(Clone, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// The system's secure random source.
#[derive(Clone, Debug)]
pub struct SystemEntropy {
    random: SystemRandom,
}

impl SystemEntropy {
    /// The source of this system.
    pub fn new() -> Self {
        Self { random: SystemRandom::new() }
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), PortError> {
        self.random.fill(buffer).map_err(|_| PortError::unavailable("the system gives no randomness"))
    }
}

/// ULIDs (<https://github.com/ulid/spec>) of a clock and a random source, strictly increasing within a process: within
/// a millisecond, and when the clock goes back, each is the one before it plus one.
pub struct UlidSource {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    last: Mutex<Ulid>,
}

impl UlidSource {
    /// A source of ids. Several processes may write to one database: their ids differ by 80 random bits.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy, last: Mutex::new(Ulid::nil()) }
    }

    fn fresh(&self, millis: u64) -> Option<Ulid> {
        let mut random = [0; 16];
        self.entropy.fill(&mut random).ok()?;
        Some(Ulid::from_parts(millis, u128::from_be_bytes(random)))
    }
}

impl fmt::Debug for UlidSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UlidSource").finish_non_exhaustive()
    }
}

impl IdSource for UlidSource {
    fn next_ulid(&self) -> Ulid {
        let millis = u64::try_from(self.clock.now().as_micros().max(0) / 1000).unwrap_or(0);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = if millis > last.timestamp_ms() {
            // Without randomness the time alone makes it new: ids must be unique, they need not be secret.
            self.fresh(millis).unwrap_or_else(|| Ulid::from_parts(millis, last.random()))
        } else {
            Ulid(last.0.wrapping_add(1))
        };
        *last
    }
}

/// The variables of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variable(&self, name: &str) -> Option<Secret> {
        std::env::var(name).ok().map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use portcullis_testkit::conformance;
    use portcullis_testkit::entropy::FailingEntropy;
    use portcullis_testkit::time::TestClock;

    use super::*;

    fn source(clock: Arc<dyn Clock>) -> UlidSource {
        UlidSource::new(clock, Arc::new(SystemEntropy::new()))
    }

    #[tokio::test]
    async fn the_real_ports_conform() {
        conformance::clock(&SystemClock::start()).await;
        conformance::entropy(&SystemEntropy::new()).await;
        conformance::id_source(&source(Arc::new(SystemClock::start()))).await;
        conformance::environment(&ProcessEnvironment, "PATH").await;
    }

    #[test]
    fn ids_increase_when_time_stands_still_and_when_it_goes_back() {
        let clock = Arc::new(TestClock::at(Timestamp::from_micros(5_000_000)));
        let ids = source(clock.clone());
        let mut seen: Vec<_> = (0..100).map(|_| ids.next_ulid()).collect();
        clock.set(Timestamp::from_micros(1_000_000));
        seen.extend((0..100).map(|_| ids.next_ulid()));
        assert!(seen.is_sorted_by(|left, right| left < right));
        assert_eq!(seen[199].timestamp_ms(), 5000);
    }

    #[test]
    fn two_processes_at_the_same_time_make_different_ids() {
        let clock = Arc::new(TestClock::at(Timestamp::from_micros(5_000_000)));
        let ids: BTreeSet<_> = (0..20).map(|_| source(clock.clone()).next_ulid()).collect();
        assert_eq!(ids.len(), 20);
    }

    #[test]
    fn ids_stay_unique_without_randomness() {
        let ids = UlidSource::new(Arc::new(SystemClock::start()), Arc::new(FailingEntropy));
        let seen: BTreeSet<_> = (0..100).map(|_| ids.next_ulid()).collect();
        assert_eq!(seen.len(), 100);
    }
}
