//! What callers put into the writer's queue, and what they get back.

use portcullis_schemas::PortError;
use portcullis_schemas::ids::{InstanceId, TenantId};
use portcullis_schemas::logs::ledger::{Intent, Recorded, Refusal, Settlement};
use portcullis_schemas::timestamp::Timestamp;
use tokio::sync::oneshot;

/// One caller's value.
#[derive(Debug)]
pub(super) enum Work {
    /// Write an intent, unless it is frozen or was done before.
    Record { tenant: TenantId, intent: Box<Intent> },
    /// Close an intent.
    Settle { tenant: TenantId, settlement: Box<Settlement> },
    /// Write what was refused.
    Refuse { tenant: TenantId, refusal: Box<Refusal> },
    /// Prolong a lease.
    Renew { instance: InstanceId, until: Timestamp },
    /// Forget old idempotency keys.
    Forget { before: Timestamp, limit: u16 },
    /// Write something, to see whether that works.
    Probe,
}

impl Work {
    /// Whose chain it appends to.
    pub(super) fn tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Record { tenant, .. } | Self::Settle { tenant, .. } | Self::Refuse { tenant, .. } => {
                Some(tenant)
            }
            Self::Renew { .. } | Self::Forget { .. } | Self::Probe => None,
        }
    }
}

/// What the writer says of a value.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Of an intent.
    Recorded(Recorded),
    /// Written.
    Written,
    /// So many keys.
    Forgotten(u64),
    /// The intent of a settlement is not open; nothing was written.
    Closed,
}

/// A value and the caller who waits. A caller who has gone away closes `answer`.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) answer: oneshot::Sender<Result<Verdict, PortError>>,
}

impl Job {
    /// Whether nobody waits any more, so that it need not be written.
    pub(super) fn is_given_up(&self) -> bool {
        // A lease is renewed late rather than not at all: how long it lasts was said when it was asked for.
        self.answer.is_closed() && !matches!(self.work, Work::Renew { .. })
    }

    /// Answers the caller. One who has gone away meanwhile has disowned the intent (see `disowned`).
    pub(super) fn answer(self, result: Result<Verdict, PortError>) {
        let _ = self.answer.send(result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_waits_for_is_given_up_but_for_a_lease() {
        let until = Timestamp::from_micros(3_000_000);
        let instance = "ins_01arz3ndektsv4rrffq69g5fav".parse().unwrap();
        for (work, given_up) in [(Work::Probe, true), (Work::Renew { instance, until }, false)] {
            let (answer, waiting) = oneshot::channel();
            let job = Job { work, answer };
            assert!(!job.is_given_up());
            drop(waiting);
            assert_eq!(job.is_given_up(), given_up);
        }
    }
}
