//! How old a server's list of tools is, and reading it anew when somebody needs it: a definition that has changed is found by
//! the call that would have been made under it, and by the agent that looks for what it may call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portcullis_engines::integrations::mcp::decision::{CallFacts, Decision, decide};
use portcullis_schemas::Error;
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::server::McpServer;

use super::{ATTEMPTS, discovery};
use crate::scene::Scene;

/// A list is asked for at most this often, also by a thousand calls, and also when it cannot be had.
const BETWEEN: Duration = Duration::from_secs(60);
/// The longest that a call waits for it.
const LONGEST: Duration = Duration::from_secs(10);
/// The longest that who lists tools waits for the lists of all servers.
const LISTING: Duration = Duration::from_secs(3);
/// Most servers remembered. Forgetting costs a reading.
const MAX_SERVERS: usize = 10_000;

/// Failures that say nothing of the server: others change the tenant's configuration, the disk is busy, or there is no
/// room. A changed definition must not slip through by them.
const OURS: [Code; 4] =
    [codes::AUDIT_UNAVAILABLE, codes::CONFIGURATION_UNSETTLED, codes::STORE_UNAVAILABLE, codes::OVERLOADED];

/// When each server's list was last tried to be read by this process, in monotonic time. Whoever reads holds the lock.
type Tried = Arc<tokio::sync::Mutex<Option<Duration>>>;

/// What is remembered of all servers.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    tried: Mutex<HashMap<(TenantId, ServerId), Tried>>,
}

impl Lists {
    fn of(&self, tenant: &TenantId, server: &ServerId) -> Tried {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.len() >= MAX_SERVERS {
            tried.clear();
        }
        Arc::clone(tried.entry((tenant.clone(), server.clone())).or_default())
    }
}

/// Whether the last list is too old for any call to rest on it.
pub(super) fn is_stale(scene: &Scene, server: &McpServer) -> bool {
    age(scene, server) > scene.options().list_max_age
}

/// Whether the list has an age at which it is read anew.
pub(super) fn is_aged(scene: &Scene, server: &McpServer) -> bool {
    age(scene, server) > scene.options().list_refresh
}

/// Whether the list should be read before this call. Only for one that would be let through: a refusal sends no byte.
/// A list that is too old is tried once more, since nothing else objects.
pub(super) fn is_due(scene: &Scene, facts: &CallFacts) -> bool {
    if !is_aged(scene, &facts.server) {
        return false;
    }
    match decide(facts) {
        Decision::Allow { .. } | Decision::NeedsApproval(_) => true,
        Decision::Deny(denial) => denial.code == codes::LIST_STALE,
        _ => false,
    }
}

/// Reads the lists of these servers, one after the other while there is time. What is not read stays as it is.
pub(crate) async fn refresh_all(scene: &Scene, servers: impl IntoIterator<Item = &McpServer>) {
    let end = scene.ports().clock.monotonic() + LISTING;
    for server in servers {
        let left = end.saturating_sub(scene.ports().clock.monotonic());
        if left.is_zero() {
            return;
        }
        // Half of the limit is for the reading.
        if let Err(error) = refresh(scene, server, left * 2).await {
            tracing::debug!(code = %error.code(), "a list stays as it is until it is asked for again");
        }
    }
}

/// Reads the list, unless that was tried a moment ago. A failure of the server leaves the last list in force; it is on
/// record as an exchange of its own.
///
/// # Errors
/// Ours, again and again; the next call tries anew.
pub(super) async fn refresh(scene: &Scene, server: &McpServer, limit: Duration) -> Result<(), Error> {
    let between = BETWEEN.min(scene.options().list_refresh);
    let left = scene.left(limit) / 2;
    let tried = scene.lists().of(scene.tenant(), &server.server_id);
    // Who comes while another reads waits for what that finds.
    let Ok(mut tried) = tokio::time::timeout(left, tried.lock_owned()).await else { return Ok(()) };
    let now = scene.ports().clock.monotonic();
    if tried.is_some_and(|tried| now.saturating_sub(tried) < between) {
        return Ok(());
    }
    *tried = Some(now);
    let mut attempts = 0;
    loop {
        let Err(error) = discovery::discover(scene, &server.server_id, LONGEST.min(left)).await else {
            return Ok(());
        };
        tracing::warn!(
            code = %error.code(), server = %server.server_id, "a server's list of tools could not be read anew"
        );
        attempts += 1;
        if !OURS.contains(&error.code()) {
            return Ok(());
        }
        if attempts == ATTEMPTS || error.code() == codes::OVERLOADED {
            *tried = None;
            return Err(error);
        }
    }
}

fn age(scene: &Scene, server: &McpServer) -> Duration {
    let read = server.last_discovery_at.unwrap_or(server.registered_at);
    Duration::from_millis(scene.now().millis_since(read))
}
