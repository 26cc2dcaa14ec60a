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
    /// Whether nobody waits any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.answer.is_closed()
    }

    /// Answers the caller. One who has gone away meanwhile has disowned the intent (see `disowned`).
    pub(super) fn answer(self, result: Result<Verdict, PortError>) {
        let _ = self.answer.send(result);
    }
}
