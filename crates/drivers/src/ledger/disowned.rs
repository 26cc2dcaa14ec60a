//! Intents that are open, or may be, though nobody of this instance will settle them: the caller of `record` gave up
//! while the commit ran, or `settle` failed. The lease of a living instance would keep them open for ever, so the
//! writer takes them from the instance, and recovery finds them at once.

use std::sync::{Arc, Mutex, PoisonError};

use portcullis_schemas::ids::{IntentId, TenantId};

/// Most intents remembered. During a long outage later ones are dropped; they wait for the end of the instance's lease.
const MOST: usize = 65_536;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Orphan {
    pub(super) tenant: TenantId,
    pub(super) intent: IntentId,
}

/// The list, shared by callers and the writer.
#[derive(Clone, Debug, Default)]
pub(super) struct Disowned(Arc<Mutex<Vec<Orphan>>>);

impl Disowned {
    /// Disowns the intent unless the guard is told otherwise, also when the future that holds it is dropped.
    ///
    /// The guard must outlive the caller's end of the answer channel: then an intent is on the list only after the
    /// writer can see that its caller has gone.
    pub(super) fn unless_released(&self, tenant: TenantId, intent: IntentId) -> Guard {
        Guard { list: self.clone(), orphan: Some(Orphan { tenant, intent }) }
    }

    /// Takes some, the oldest first.
    pub(super) fn take(&self, most: usize) -> Vec<Orphan> {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let some = most.min(list.len());
        list.drain(..some).collect()
    }

    /// Adds some, as many as there is room for.
    pub(super) fn put(&self, orphans: impl IntoIterator<Item = Orphan>) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST.saturating_sub(list.len());
        list.extend(orphans.into_iter().take(room));
    }
}

/// See [`Disowned::unless_released`].
#[derive(Debug)]
pub(super) struct Guard {
    list: Disowned,
    orphan: Option<Orphan>,
}

impl Guard {
    /// The intent is settled, was never written, or has a caller who knows of it.
    pub(super) fn release(mut self) {
        self.orphan = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.list.put(self.orphan.take());
    }
}
