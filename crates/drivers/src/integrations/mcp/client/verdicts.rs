//! What is remembered of servers: in memory, per tenant, and never across identities.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::server::ProtocolPin;
use portcullis_schemas::integrations::mcp::wire::McpTarget;

use super::session::Spoken;

/// Most identities, URLs and pins remembered of one server; more than that are rotated credentials of the past.
const MAX_PER_SERVER: usize = 16;
/// Most servers remembered. Forgetting costs a probe.
const MAX_SERVERS: usize = 10_000;

/// A place for what one identity knows of one server. Whoever probes holds its lock.
pub(super) type Slot = tokio::sync::Mutex<Option<Arc<Spoken>>>;

/// As whom, where, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Manner {
    url: String,
    identity: String,
    pin: ProtocolPin,
}

type Servers = HashMap<(TenantId, ServerId), HashMap<Manner, Arc<Slot>>>;

/// All slots.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    servers: Mutex<Servers>,
}

impl Verdicts {
    /// The slot of this tenant, server, URL, pin and identity.
    pub(super) fn slot(&self, tenant: &TenantId, target: &McpTarget) -> Arc<Slot> {
        let key = (tenant.clone(), target.server_id.clone());
        let manner = Manner { url: target.url.clone(), identity: target.identity.clone(), pin: target.pin };
        let mut servers = self.lock();
        if servers.len() >= MAX_SERVERS && !servers.contains_key(&key) {
            servers.clear();
        }
        let slots = servers.entry(key).or_default();
        if slots.len() >= MAX_PER_SERVER && !slots.contains_key(&manner) {
            slots.clear();
        }
        Arc::clone(slots.entry(manner).or_default())
    }

    /// Forgets a server. Sessions end when their last call does.
    pub(super) fn forget(&self, tenant: &TenantId, server: &ServerId) {
        let forgotten = self.lock().remove(&(tenant.clone(), server.clone()));
        drop(forgotten); // outside of the lock
    }

    fn lock(&self) -> MutexGuard<'_, Servers> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
