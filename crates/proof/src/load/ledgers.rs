//! Compares what callers got, what the upstream saw and what is on record. Pure.

use std::collections::BTreeMap;

use super::sample::{End, Sample};

/// The marks of calls that reached the upstream, and how often each did.
pub(super) type Sent = BTreeMap<String, u32>;
/// The outcomes on record of each mark; more than one is one too many.
pub(super) type Outcomes = BTreeMap<String, Vec<String>>;

/// What does not agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Differences {
    /// Answered, and not recorded as a success.
    pub(super) unrecorded: u64,
    /// With two outcomes, or made twice.
    pub(super) doubled: u64,
    /// Made, and nothing is on record.
    pub(super) missing: u64,
    /// Made, and nothing is on record but that its outcome is unknown.
    pub(super) cut_off: u64,
}

impl Differences {
    pub(super) fn add(&mut self, other: &Self) {
        self.unrecorded += other.unrecorded;
        self.doubled += other.doubled;
        self.missing += other.missing;
        self.cut_off += other.cut_off;
    }
}

/// Compares them.
pub(super) fn compared(samples: &[Sample], sent: &Sent, recorded: &Outcomes) -> Differences {
    let outcomes = |mark: &str| recorded.get(mark).map(Vec::as_slice).unwrap_or_default();
    let mut found = Differences::default();
    for sample in samples {
        found.unrecorded += u64::from(sample.end == End::Answered && outcomes(&sample.mark) != ["success"]);
    }
    for known in recorded.values() {
        found.doubled += u64::from(known.len() > 1);
    }
    for (mark, times) in sent {
        let known = outcomes(mark);
        found.doubled += u64::from(*times > 1);
        found.missing += u64::from(known.is_empty());
        found.cut_off += u64::from(known.iter().all(|outcome| outcome == "unknown"));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn judged(end: End, times: u32, outcomes: &[&str]) -> [u64; 4] {
        let sample = Sample { mark: "m".to_owned(), took: Duration::ZERO, end };
        let sent = (times > 0).then(|| ("m".to_owned(), times)).into_iter().collect();
        let known: Vec<String> = outcomes.iter().map(|&outcome| outcome.to_owned()).collect();
        let recorded = (!known.is_empty()).then(|| ("m".to_owned(), known)).into_iter().collect();
        let found = compared(&[sample], &sent, &recorded);
        [found.unrecorded, found.doubled, found.missing, found.cut_off]
    }

    #[test]
    fn ledgers_that_differ_are_found() {
        let table = [
            ("answered and recorded", End::Answered, 1, &["success"][..], [0, 0, 0, 0]),
            ("answered, not recorded", End::Answered, 1, &[], [1, 0, 1, 1]),
            ("answered, recorded as unknown", End::Answered, 1, &["unknown"], [1, 0, 0, 1]),
            ("answered, recorded twice", End::Answered, 1, &["success", "unknown"], [1, 1, 0, 0]),
            ("made twice", End::Answered, 2, &["success"], [0, 1, 0, 0]),
            ("cut off", End::Broken, 1, &["unknown"], [0, 0, 0, 1]),
            ("cut off after its outcome was recorded", End::Broken, 1, &["success"], [0, 0, 0, 0]),
            ("cut off and forgotten", End::Broken, 1, &[], [0, 0, 1, 1]),
            ("cut off before it was made", End::Broken, 0, &["unknown"], [0, 0, 0, 0]),
            ("refused", End::Refused(Some(1)), 0, &[], [0, 0, 0, 0]),
        ];
        for (what, end, times, outcomes, expected) in table {
            assert_eq!(judged(end, times, outcomes), expected, "{what}");
        }
    }
}
