//! For how long this instance has held its lease without a break, and what follows from that.

use std::time::Duration;

use portcullis_schemas::logs::ledger::LEASE;

/// An unbroken series of renewals. Times are those of the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct Tenure {
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    since: Duration,
    renewed: Duration,
}

impl Tenure {
    /// The lease was renewed; the renewal began at `at`. The series begins anew if the lease ran out before that.
    pub(crate) fn renewed(&mut self, at: Duration) {
        let held = self.held.take().filter(|held| at.saturating_sub(held.renewed) <= LEASE);
        let since = held.map_or(at, |held| held.since);
        self.held = Some(Held { since, renewed: at });
    }

    /// The lease could not be renewed, or nobody knows.
    pub(crate) fn broken(&mut self) {
        self.held = None;
    }

    /// Whether an instance whose lease has run out is dead by now. While the database is away nobody can renew, so
    /// whoever comes back first sees all others without a lease. One lease later they have renewed, if they live.
    pub(crate) fn may_judge_others(&self, now: Duration) -> bool {
        self.held.as_ref().is_some_and(|held| now.saturating_sub(held.since) >= LEASE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Renewals at these times in milliseconds (negative: one that failed), and whether others may be judged then.
    #[test]
    fn others_are_judged_after_a_whole_lease_without_a_break() {
        let cases: &[(&[i64], i64, bool)] = &[
            (&[], 10_000, false),
            (&[0], 0, false),
            (&[0, 1000, 2000], 2999, false),
            (&[0, 1000, 2000], 3000, true),
            (&[0, 1000, -2000], 3000, false),
            (&[0, 1000, -2000, 3000, 4000, 5000], 5999, false),
            (&[0, 1000, -2000, 3000, 4000, 5000], 6000, true),
            (&[0, 1000, 4000], 4000, true),
            (&[0, 1000, 4001], 4001, false),
            (&[0, 1000, 4001, 5000, 6000, 7001], 7001, true),
        ];
        for (renewals, now, expected) in cases {
            let mut tenure = Tenure::default();
            for at in *renewals {
                match u64::try_from(*at) {
                    Ok(at) => tenure.renewed(Duration::from_millis(at)),
                    Err(_) => tenure.broken(),
                }
            }
            let now = Duration::from_millis(now.unsigned_abs());
            assert_eq!(tenure.may_judge_others(now), *expected, "{renewals:?} {now:?}");
        }
    }
}
