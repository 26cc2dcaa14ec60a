//! What is remembered of servers: in memory, per tenant, and sessions never across identities. That a server needs none is
//! the same for all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use portcullis_mcp::capabilities::ClientCapabilities;
use portcullis_mcp::version::{Era, ProtocolVersion};
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::server::ProtocolPin;
use portcullis_schemas::integrations::mcp::wire::McpTarget;

use super::link::Link;
use super::session::Spoken;

/// Most identities, URLs, pins and sets of what may be asked that are remembered of one server. Beyond that one that nobody uses at the moment makes room, and its
/// session ends.
const MAX_PER_SERVER: usize = 256;
/// Most servers remembered. Forgetting costs a probe.
const MAX_SERVERS: usize = 10_000;

/// A place for what one identity knows of one server. Whoever probes holds its lock.
pub(super) type Slot = tokio::sync::Mutex<Option<Arc<Spoken>>>;

/// As whom, where, and how; and what a session is told that its client can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Manner {
    url: String,
    identity: String,
    pin: ProtocolPin,
    declared: ClientCapabilities,
}

type Servers = HashMap<(TenantId, ServerId), HashMap<Manner, Arc<Slot>>>;

/// Sessions by URL and id, with whom they are. They end with their last user, who is not kept by being remembered here.
type Sessions = HashMap<(String, String), (TenantId, ServerId, String, Weak<Spoken>)>;

/// All slots.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    servers: Mutex<Servers>,
    sessions: Mutex<Sessions>,
}

impl Verdicts {
    /// The slot of this tenant, server, URL, pin and identity, and of what the client can be asked for.
    pub(super) fn slot(&self, link: &Link<'_>) -> Arc<Slot> {
        let key = (link.tenant.clone(), link.target.server_id.clone());
        let manner = manner_of(link);
        let mut servers = self.lock();
        if servers.len() >= MAX_SERVERS && !servers.contains_key(&key) {
            servers.clear();
        }
        let slots = servers.entry(key).or_default();
        if let Some(slot) = slots.get(&manner) {
            return Arc::clone(slot);
        }
        if slots.len() >= MAX_PER_SERVER {
            let idle = slots.iter().find(|(_, slot)| Arc::strong_count(slot) == 1);
            let leaving = idle.or_else(|| slots.iter().next()).map(|(manner, _)| manner.clone());
            leaving.and_then(|manner| slots.remove(&manner));
        }
        let slot = Arc::new(Slot::new(modern_of(slots, &manner)));
        slots.insert(manner, Arc::clone(&slot));
        slot
    }

    /// The version of the sessions that others of the tenant have with this server, if it gives any.
    pub(super) fn legacy_of(&self, link: &Link<'_>) -> Option<ProtocolVersion> {
        let servers = self.lock();
        let slots = servers.get(&(link.tenant.clone(), link.target.server_id.clone()))?;
        let legacy = found_by_others(slots, &manner_of(link)).find(|spoken| spoken.era() == Era::Legacy);
        legacy.map(|spoken| spoken.version())
    }

    /// Whether others have sessions with this server.
    pub(super) fn gives_sessions(&self, link: &Link<'_>) -> bool {
        let servers = self.lock();
        let slots = servers.get(&(link.tenant.clone(), link.target.server_id.clone()));
        slots.is_some_and(|slots| {
            found_by_others(slots, &manner_of(link)).any(|spoken| spoken.session().is_some())
        })
    }

    /// Notes a new session, and marks it when the server has given its id to somebody else who still uses it: a server
    /// that mixes up its sessions mixes up what is in them.
    pub(super) fn note_session(&self, tenant: &TenantId, target: &McpTarget, spoken: &Arc<Spoken>) {
        let Some(session) = spoken.session() else { return };
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= MAX_SERVERS {
            sessions.retain(|_, (.., known)| known.strong_count() > 0);
        }
        let key = (target.url.clone(), session.id().as_str().to_owned());
        let is_ours = |owner: &TenantId, server: &ServerId, identity: &str| {
            owner == tenant && server == &target.server_id && identity == target.identity
        };
        let other = sessions.get(&key).filter(|(owner, server, identity, known)| {
            known.strong_count() > 0 && !is_ours(owner, server, identity)
        });
        if other.is_some() {
            spoken.mark_shared();
        } else if sessions.len() < MAX_SERVERS {
            let owner = (tenant.clone(), target.server_id.clone(), target.identity.clone());
            sessions.insert(key, (owner.0, owner.1, owner.2, Arc::downgrade(spoken)));
        }
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

fn manner_of(link: &Link<'_>) -> Manner {
    let target = link.target;
    Manner {
        url: target.url.clone(),
        identity: target.identity.clone(),
        pin: target.pin,
        declared: link.declared,
    }
}

/// What others have found at the same URL, if it is nobody's own: a server without sessions.
fn modern_of(slots: &HashMap<Manner, Arc<Slot>>, manner: &Manner) -> Option<Arc<Spoken>> {
    found_by_others(slots, manner).find(|spoken| spoken.era() == Era::Modern)
}

/// What is known at this URL, under the same pin.
fn found_by_others(slots: &HashMap<Manner, Arc<Slot>>, manner: &Manner) -> impl Iterator<Item = Arc<Spoken>> {
    let same = slots.iter().filter(|(other, _)| other.url == manner.url && other.pin == manner.pin);
    // Whoever holds the lock is probing.
    same.filter_map(|(_, slot)| slot.try_lock().ok()?.clone())
}
