//! Random choices that a seed repeats. SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to choose by.

use std::time::Duration;

/// A sequence of random choices.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Choices that depend on the seed and this name alone, so that suites do not disturb one another's.
    pub(crate) fn new(seed: u64, part: &str) -> Self {
        // FNV-1a over the name.
        let named = part.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed ^ named)
    }

    /// The next number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    /// A place in a row of this length; 0 in an empty one.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(length)).unwrap_or_default()
    }

    /// One of two.
    pub(crate) fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    /// A time from `shortest` to `longest`.
    pub(crate) fn time(&mut self, shortest: Duration, longest: Duration) -> Duration {
        let span = u64::try_from(longest.saturating_sub(shortest).as_micros()).unwrap_or(u64::MAX);
        shortest + Duration::from_micros(self.below(span.saturating_add(1)))
    }
}
