//! A clock that stands still until a test moves it.

use std::sync::Mutex;
use std::time::Duration;

use portcullis_schemas::runtime::Clock;
use portcullis_schemas::timestamp::Timestamp;

use crate::fixtures;
use crate::lock::locked;

/// A clock under the test's control. Wall time and monotonic time move apart when the test says so.
#[derive(Debug)]
pub struct TestClock {
    hands: Mutex<Hands>,
}

#[derive(Clone, Copy, Debug)]
struct Hands {
    wall: Timestamp,
    monotonic: Duration,
}

impl TestClock {
    /// A clock at [`fixtures::time`]`(0)`.
    pub fn new() -> Self {
        Self::at(fixtures::time(0))
    }

    /// A clock at this wall time; its monotonic time starts at zero.
    pub fn at(wall: Timestamp) -> Self {
        Self { hands: Mutex::new(Hands { wall, monotonic: Duration::ZERO }) }
    }

    /// Moves both times on.
    pub fn advance(&self, by: Duration) {
        let mut hands = locked(&self.hands);
        hands.wall = hands.wall.plus(by);
        hands.monotonic = hands.monotonic.saturating_add(by);
    }

    /// Sets the wall time, also backwards, as an operator or NTP may. Monotonic time stays.
    pub fn set(&self, wall: Timestamp) {
        locked(&self.hands).wall = wall;
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        locked(&self.hands).wall
    }

    fn monotonic(&self) -> Duration {
        locked(&self.hands).monotonic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advance_moves_both_and_set_moves_the_wall_only() {
        let clock = TestClock::new();
        clock.advance(Duration::from_secs(2));
        assert_eq!((clock.now(), clock.monotonic()), (fixtures::time(2), Duration::from_secs(2)));
        clock.set(fixtures::time(-5));
        assert_eq!((clock.now(), clock.monotonic()), (fixtures::time(-5), Duration::from_secs(2)));
    }
}
