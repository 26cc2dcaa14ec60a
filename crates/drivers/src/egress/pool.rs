//! Idle connections, kept for the tenant that opened them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_schemas::ids::TenantId;
use tokio::time::{Instant, timeout};

use super::connect::{Connection, SETTLE};

/// Most idle connections of one tenant to one origin. Calls of one batch of the ledger go out, and come back, together.
const MAX_PER_KEY: usize = 128;
/// Most idle connections altogether.
const MAX_IDLE: usize = 1024;
/// How long a connection may idle.
const IDLE: Duration = Duration::from_secs(20);
/// How old a connection may grow before its name is looked up and judged anew.
const MAX_AGE: Duration = Duration::from_secs(300);

/// Whose connections, and to which origin. Each one stays pinned to the address that was judged when it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PoolKey {
    pub(super) tenant: TenantId,
    pub(super) origin: String,
}

/// The pool.
#[derive(Debug, Default)]
pub(super) struct Pool {
    idle: Mutex<HashMap<PoolKey, Vec<Idle>>>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

impl Idle {
    fn is_fresh(&self, now: Instant) -> bool {
        now.duration_since(self.since) < IDLE
            && now.duration_since(self.connection.opened) < MAX_AGE
            && !self.connection.sender.is_closed()
    }
}

impl Pool {
    /// A connection that is ready for a request; the one used last comes first.
    pub(super) async fn take(&self, key: &PoolKey) -> Option<Connection> {
        loop {
            let mut idle = self.pop(key)?;
            if !idle.is_fresh(Instant::now()) {
                continue;
            }
            if let Ok(Ok(())) = timeout(SETTLE, idle.connection.sender.ready()).await {
                return Some(idle.connection);
            }
        }
    }

    /// Keeps a connection whose last answer was read to its end and made sense.
    pub(super) fn put(&self, key: PoolKey, connection: Connection) {
        let now = Instant::now();
        let mut idle = self.lock();
        if idle.values().map(Vec::len).sum::<usize>() >= MAX_IDLE || idle.len() >= MAX_IDLE {
            idle.retain(|_, connections| {
                connections.retain(|idle| idle.is_fresh(now));
                !connections.is_empty()
            });
        }
        let full = idle.len() >= MAX_IDLE;
        let connections = idle.entry(key).or_default();
        connections.retain(|idle| idle.is_fresh(now));
        if connections.len() < MAX_PER_KEY && !full {
            connections.push(Idle { connection, since: now });
        }
    }

    fn pop(&self, key: &PoolKey) -> Option<Idle> {
        let mut idle = self.lock();
        let connections = idle.get_mut(key)?;
        let last = connections.pop();
        if connections.is_empty() {
            idle.remove(key);
        }
        last
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PoolKey, Vec<Idle>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
