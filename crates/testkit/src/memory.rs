//! Every port of persistence in memory: transactional, tenant-bound, one writer at a time.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::store::{Store, UnitOfWork};
use serde_json::Value;

use crate::lock::locked;

mod api_keys;
mod approvals;
mod audit_log;
mod chain;
mod checkpoints;
mod connections;
mod credentials;
mod flows;
mod freezes;
mod incidents;
mod invocations;
mod ledger;
mod paging;
mod policies;
mod rules;
mod sealed;
mod servers;
mod state;
mod tenants;
mod tools;
mod toolsets;
mod unit;

pub use checkpoints::MemoryCheckpointSink;
pub use ledger::MemoryLedger;
pub use sealed::MemorySealedSecrets;

use state::{State, TenantFilter};
use unit::MemoryUnit;

/// Makes the hash of an event's record, which is whole but for its `hash`.
pub type RecordHash = Arc<dyn Fn(&Value) -> String + Send + Sync>;

/// A store in memory. Clones are handles to the same data.
///
/// `begin` waits while another unit of work that may write is alive, as on SQLite, but without a limit: a test that
/// holds two of them hangs. `MemoryLedger` takes the same turn.
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

struct Shared {
    committed: Mutex<Arc<State>>,
    writer: Arc<tokio::sync::Mutex<()>>,
}

impl MemoryStore {
    /// An empty store, whose trail is chained by a hash of its own.
    pub fn new() -> Self {
        Self::over(State::empty(Arc::new(chain::own_hash), TenantFilter::Applied))
    }

    /// An empty store, whose trail is chained by this hash; give it the real one where a trail is verified.
    pub fn with_record_hash(hash: impl Fn(&Value) -> String + Send + Sync + 'static) -> Self {
        Self::over(State::empty(Arc::new(hash), TenantFilter::Applied))
    }

    /// A store that forgets the tenant in its reads; only [`LeakyStore`](crate::broken::LeakyStore) asks for it.
    pub(crate) fn leaking_reads() -> Self {
        Self::over(State::empty(Arc::new(chain::own_hash), TenantFilter::ForgottenByReads))
    }

    /// The same with its writes.
    pub(crate) fn leaking_writes() -> Self {
        Self::over(State::empty(Arc::new(chain::own_hash), TenantFilter::ForgottenByWrites))
    }

    /// A store whose configurations never change their version; only [`StuckStore`](crate::broken::StuckStore) asks
    /// for it.
    pub(crate) fn with_stuck_versions() -> Self {
        let hash: RecordHash = Arc::new(chain::own_hash);
        Self::over(State { stuck: true, ..State::empty(hash, TenantFilter::Applied) })
    }

    /// From here on its reads forget the tenant.
    pub(crate) async fn start_leaking_reads(&self) {
        let _turn = self.shared.writer.lock().await;
        let filter = TenantFilter::ForgottenByReads;
        self.publish(State { filter, ..State::clone(&self.snapshot()) });
    }

    /// Drops the tenant's records from `after` on, as whoever has the database in hands could.
    ///
    /// It waits for the unit of work that may write.
    pub async fn cut(&self, tenant: &TenantId, after: usize) {
        let _turn = self.shared.writer.lock().await;
        let mut state = State::clone(&self.snapshot());
        match after {
            0 => drop(state.events.remove(tenant)),
            _ => state.events.entry(tenant.clone()).or_default().truncate(after),
        }
        self.publish(state);
    }

    /// A ledger that writes to this store.
    pub fn ledger(&self) -> MemoryLedger {
        MemoryLedger::new(self.clone())
    }

    /// A verifier of chains that [`MemoryStore::new`] has hashed.
    pub fn verify_chain() -> impl Fn(&[Value]) -> Result<(), String> + Send + Sync {
        chain::verify
    }

    fn over(state: State) -> Self {
        let writer = Arc::new(tokio::sync::Mutex::new(()));
        Self { shared: Arc::new(Shared { committed: Mutex::new(Arc::new(state)), writer }) }
    }

    async fn writing(&self) -> MemoryUnit {
        let turn = Arc::clone(&self.shared.writer).lock_owned().await;
        MemoryUnit::writing(self.clone(), self.snapshot(), turn)
    }

    fn snapshot(&self) -> Arc<State> {
        Arc::clone(&locked(&self.shared.committed))
    }

    fn publish(&self, state: State) {
        *locked(&self.shared.committed) = Arc::new(state);
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        Ok(Box::new(self.writing().await))
    }

    async fn read(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        Ok(Box::new(MemoryUnit::reading(self.clone(), self.snapshot())))
    }
}
