//! Compares what callers got, what the upstream saw and what is on record. Pure.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Ended on record, and their callers got no answer.
    pub(super) untold: u64,
    /// Would have been answered, and are on record as ended by something else.
    pub(super) cut_short: u64,
    /// Would never have been answered, and are on record otherwise than as cancelled.
    pub(super) not_cancelled: u64,
}

impl Differences {
    pub(super) fn add(&mut self, other: &Self) {
        self.unrecorded += other.unrecorded;
        self.doubled += other.doubled;
        self.missing += other.missing;
        self.cut_off += other.cut_off;
        self.untold += other.untold;
        self.cut_short += other.cut_short;
        self.not_cancelled += other.not_cancelled;
    }
}

/// Compares them. `never` are the calls that the upstream would not have answered.
///
/// What did not reach the upstream has no outcome, so a connection that was closed while it was idle, or refused, is no
/// answer that was lost; nor is that of a call of which only the next gate has said that it is unknown.
pub(super) fn compared(
    samples: &[Sample],
    sent: &Sent,
    never: &BTreeSet<String>,
    recorded: &Outcomes,
) -> Differences {
    let outcomes = |mark: &str| recorded.get(mark).map(Vec::as_slice).unwrap_or_default();
    let is_known = |mark: &str| outcomes(mark).iter().any(|outcome| outcome != "unknown");
    let mut found = Differences::default();
    for sample in samples {
        found.unrecorded += u64::from(sample.end == End::Answered && outcomes(&sample.mark) != ["success"]);
        found.untold += u64::from(sample.end == End::Broken && is_known(&sample.mark));
    }
    for known in recorded.values() {
        found.doubled += u64::from(known.len() > 1);
    }
    for (mark, times) in sent {
        let known = outcomes(mark);
        found.doubled += u64::from(*times > 1);
        found.missing += u64::from(known.is_empty());
        found.cut_off += u64::from(known.iter().all(|outcome| outcome == "unknown"));
        if never.contains(mark) {
            found.not_cancelled += u64::from(known != ["cancelled"]);
        } else {
            found.cut_short += u64::from(is_known(mark) && !known.iter().any(|outcome| outcome == "success"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn judged(end: End, times: u32, is_never_answered: bool, outcomes: &[&str]) -> Differences {
        let sample = Sample { mark: "m".to_owned(), took: Duration::ZERO, end };
        let sent = (times > 0).then(|| ("m".to_owned(), times)).into_iter().collect();
        let never = is_never_answered.then(|| "m".to_owned()).into_iter().collect();
        let known: Vec<String> = outcomes.iter().map(|&outcome| outcome.to_owned()).collect();
        let recorded = (!known.is_empty()).then(|| ("m".to_owned(), known)).into_iter().collect();
        compared(&[sample], &sent, &never, &recorded)
    }

    #[test]
    fn ledgers_that_differ_are_found() {
        let none = Differences::default;
        let lost = Differences { missing: 1, cut_off: 1, ..none() };
        let table = [
            ("answered and recorded", End::Answered, 1, &["success"][..], none()),
            ("answered, not recorded", End::Answered, 1, &[], Differences { unrecorded: 1, ..lost.clone() }),
            (
                "answered, recorded as unknown",
                End::Answered,
                1,
                &["unknown"],
                Differences { unrecorded: 1, cut_off: 1, ..none() },
            ),
            (
                "answered, recorded twice",
                End::Answered,
                1,
                &["success", "unknown"],
                Differences { unrecorded: 1, doubled: 1, ..none() },
            ),
            ("made twice", End::Answered, 2, &["success"], Differences { doubled: 1, ..none() }),
            ("cut off", End::Broken, 1, &["unknown"], Differences { cut_off: 1, ..none() }),
            ("recorded, and not told", End::Broken, 1, &["success"], Differences { untold: 1, ..none() }),
            (
                "cancelled, and not told",
                End::Broken,
                1,
                &["cancelled"],
                Differences { untold: 1, cut_short: 1, ..none() },
            ),
            (
                "cancelled in time",
                End::Failed(503, String::new()),
                1,
                &["cancelled"],
                Differences { cut_short: 1, ..none() },
            ),
            ("cut off and forgotten", End::Broken, 1, &[], lost),
            ("cut off before it was made", End::Broken, 0, &["unknown"], none()),
            ("came too late", End::Broken, 0, &[], none()),
            ("refused", End::Refused(Some(1)), 0, &[], none()),
        ];
        for (what, end, times, outcomes, expected) in table {
            assert_eq!(judged(end, times, false, outcomes), expected, "{what}");
        }
    }

    #[test]
    fn a_call_that_is_never_answered_is_cancelled_on_record() {
        let told = || End::Failed(503, String::new());
        assert_eq!(judged(told(), 1, true, &["cancelled"]), Differences::default());
        for (end, outcomes) in
            [(told(), &["success"][..]), (told(), &["cancelled", "unknown"]), (told(), &[])]
        {
            assert_eq!(judged(end, 1, true, outcomes).not_cancelled, 1, "{outcomes:?}");
        }
    }
}
