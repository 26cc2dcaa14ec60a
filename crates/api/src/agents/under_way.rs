//! Calls of legacy agents that are under way in this process, so that `notifications/cancelled` finds them. Without
//! sessions a call is known by whose it is, through which toolset, and by the id that its client gave it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portcullis_mcp::jsonrpc::Id;
use portcullis_schemas::ids::KeyId;
use portcullis_schemas::integrations::toolsets::ToolsetName;
use tokio::sync::Notify;

/// By what a call is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallName {
    pub(super) key: KeyId,
    pub(super) toolset: ToolsetName,
    /// In its exact type: `"1"` is another call than `1`.
    pub(super) id: Id,
}

/// The calls. Each holds the room of its request while it stands here, so that there are no more of them than of requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnderWay {
    calls: Arc<Mutex<HashMap<CallName, Vec<Arc<Notify>>>>>,
}

impl UnderWay {
    /// Enters a call. It leaves when what is returned is dropped.
    pub(super) fn enter(&self, name: CallName) -> Entry {
        let off = Arc::new(Notify::new());
        self.calls().entry(name.clone()).or_default().push(Arc::clone(&off));
        Entry { under_way: self.clone(), name, off }
    }

    /// Calls a call off, if exactly one is known so: of two clients of one key, nobody can say whose was meant.
    pub(super) fn call_off(&self, name: &CallName) {
        if let Some([off]) = self.calls().get(name).map(Vec::as_slice) {
            off.notify_one();
        }
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<CallName, Vec<Arc<Notify>>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entry of one call.
#[derive(Debug)]
pub(super) struct Entry {
    under_way: UnderWay,
    name: CallName,
    off: Arc<Notify>,
}

impl Entry {
    /// Ends when the call is called off, or was before.
    pub(super) async fn called_off(&self) {
        self.off.notified().await;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut calls = self.under_way.calls();
        let Some(same) = calls.get_mut(&self.name) else { return };
        same.retain(|off| !Arc::ptr_eq(off, &self.off));
        if same.is_empty() {
            calls.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const KEYS: [&str; 2] = ["key_01jd0000000000000000000001", "key_01jd0000000000000000000002"];

    fn name(key: &str, toolset: &str, id: Id) -> CallName {
        CallName { key: key.parse().unwrap(), toolset: ToolsetName::new(toolset).unwrap(), id }
    }

    async fn is_off(entry: &Entry) -> bool {
        tokio::time::timeout(Duration::ZERO, entry.called_off()).await.is_ok()
    }

    #[tokio::test]
    async fn a_call_is_called_off_by_its_whole_name() {
        let under_way = UnderWay::default();
        let entry = under_way.enter(name(KEYS[0], "a", Id::Integer(1)));
        let others =
            [(KEYS[1], "a", Id::Integer(1)), (KEYS[0], "b", Id::Integer(1)), (KEYS[0], "a", Id::from("1"))];
        for (key, toolset, id) in others {
            under_way.call_off(&name(key, toolset, id.clone()));
            assert!(!is_off(&entry).await, "{key} {toolset} {id:?}");
        }
        under_way.call_off(&entry.name);
        assert!(is_off(&entry).await);
    }

    #[tokio::test]
    async fn of_two_calls_of_one_name_neither_is_called_off() {
        let under_way = UnderWay::default();
        let name = name(KEYS[0], "a", Id::Integer(1));
        let (first, second) = (under_way.enter(name.clone()), under_way.enter(name.clone()));
        under_way.call_off(&name);
        assert!(!is_off(&first).await && !is_off(&second).await);
        drop(first);
        under_way.call_off(&name);
        assert!(is_off(&second).await, "the one that is left");
    }

    #[test]
    fn a_call_that_has_ended_leaves_nothing() {
        let under_way = UnderWay::default();
        for id in 0..100 {
            drop(under_way.enter(name(KEYS[0], "a", Id::Integer(id))));
        }
        assert!(under_way.calls().is_empty());
    }
}
