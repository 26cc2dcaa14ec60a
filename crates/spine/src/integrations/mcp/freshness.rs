//! How old a server's list of tools is, and reading it anew when somebody needs it: a definition that has changed is found by
//! the call that would have been made under it, and by the agent that looks for what it may call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portcullis_engines::integrations::mcp::decision::{CallFacts, Decision, decide};
use portcullis_engines::integrations::mcp::discovery::UNLISTED;
use portcullis_engines::upstream_tokens::is_by_caller;
use portcullis_schemas::Error;
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::ids::{KeyId, ServerId, TenantId};
use portcullis_schemas::integrations::mcp::server::{DefinitionCheck, McpDiscoveryResult, McpServer};
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::ATTEMPTS;
use super::discovery::{self, Note};
use crate::scene::Scene;

/// A list is asked for at most this often, also by a thousand calls, and also when it cannot be had.
const BETWEEN: Duration = Duration::from_secs(60);
/// And so often by those who only look: streams that listen do so every minute.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5 * 60);
/// The longest that a call waits for it.
const LONGEST: Duration = Duration::from_secs(10);
/// And who looks, who must still be told within those 10 s what is offered meanwhile.
const LONGEST_LOOK: Duration = Duration::from_secs(8);
/// Most servers remembered. Forgetting costs a reading.
const MAX_SERVERS: usize = 10_000;

/// Failures that say nothing of the server: others change the tenant's configuration, the disk is busy, or there is no
/// room. A changed definition must not slip through by them.
const OURS: [Code; 4] =
    [codes::AUDIT_UNAVAILABLE, codes::CONFIGURATION_UNSETTLED, codes::STORE_UNAVAILABLE, codes::OVERLOADED];

/// Whether a call's list was read for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListRead {
    /// Nobody has asked for it yet.
    NotAsked,
    /// It was due, and what is in force stays so if it could not be read.
    Tried,
    /// The call may rest on what is known now.
    Good,
    /// Each call of this server needs its list, and it was not given.
    Unread,
}

impl ListRead {
    /// Whether nothing is left to ask for. An admin may have the server's definitions checked at each call meanwhile.
    pub(super) fn is_settled(self, server: &McpServer) -> bool {
        match self {
            Self::NotAsked => false,
            Self::Tried => !is_read_for_each_call(server),
            Self::Good | Self::Unread => true,
        }
    }

    /// Whether a call of this server must not be made for want of its list.
    pub(super) fn forbids(self, server: &McpServer) -> bool {
        self == Self::Unread && is_read_for_each_call(server)
    }
}

/// A try of this process to read a server's list, in monotonic time.
#[derive(Clone, Debug)]
struct Reading {
    began: Duration,
    ended: Duration,
    /// Which of its lists the server did not give; absent if it gave none.
    unlisted: Option<Vec<ItemKind>>,
    /// Whether it had less time than others may have.
    is_short: bool,
}

/// The last try for a server. Whoever reads holds the lock.
type Tried = Arc<tokio::sync::Mutex<Option<Reading>>>;

/// Failures that are the caller's to mend, and say nothing of the server.
const CALLERS: [Code; 3] = [codes::CONNECTION_REQUIRED, codes::ACCESS_TOKEN_REQUIRED, codes::SCOPE_REQUIRED];

/// Whose list it is. The key is named where each caller asks with an account of their own: who has none is no obstacle to
/// who has one.
type Asked = (TenantId, ServerId, Option<KeyId>);

/// What is remembered of all servers.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    tried: Mutex<HashMap<Asked, Tried>>,
}

impl Lists {
    fn of(&self, scene: &Scene, server: &McpServer) -> Tried {
        let caller = is_by_caller(server).then(|| scene.principal().key().clone());
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.len() >= MAX_SERVERS {
            tried.clear();
        }
        Arc::clone(tried.entry((scene.tenant().clone(), server.server_id.clone(), caller)).or_default())
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
    if !is_read_for_each_call(&facts.server) && !is_aged(scene, &facts.server) {
        return false;
    }
    match decide(facts) {
        Decision::Allow { .. } | Decision::NeedsApproval(_) => true,
        Decision::Deny(denial) => denial.code == codes::LIST_STALE,
        _ => false,
    }
}

/// Reads the lists of these servers side by side. What is being read already, or was tried a while ago, stays as it is.
pub(crate) async fn refresh_all(scene: &Scene, servers: Vec<&McpServer>) {
    let mut readings = JoinSet::new();
    for server in servers {
        let (scene, tried, id) = (scene.clone(), scene.lists().of(scene, server), server.server_id.clone());
        readings.spawn(async move {
            if let Ok(mut tried) = tried.try_lock_owned()
                && !tried.as_ref().is_some_and(|last| is_recent(&scene, last, BETWEEN_LOOKS))
                && let Err(error) = read(&scene, &id, LONGEST_LOOK, &mut tried).await
            {
                tracing::debug!(code = %error.code(), "a list stays as it is until it is asked for again");
            }
        });
    }
    while readings.join_next().await.is_some() {}
}

/// Reads the list, unless that was tried a moment ago. A failure of the server leaves the last list in force; it is on
/// record as an exchange of its own.
///
/// # Errors
/// Ours, again and again; the next call tries anew.
pub(super) async fn refresh(scene: &Scene, server: &McpServer, limit: Duration) -> Result<(), Error> {
    let tried = scene.lists().of(scene, server);
    // Who comes while another reads waits for what that finds.
    let Ok(mut tried) = timeout(scene.left(limit) / 2, tried.lock_owned()).await else { return Ok(()) };
    if tried.as_ref().is_some_and(|last| is_recent(scene, last, BETWEEN)) {
        return Ok(());
    }
    read(scene, &server.server_id, LONGEST.min(scene.left(limit) / 2), &mut tried).await.map(drop)
}

/// Reads the list for a call of which it is due. Where definitions are checked at each call, the reading has begun after the
/// call came, and one that fails leaves nothing in force; calls that wait for one another share it.
///
/// # Errors
/// As [`refresh`]; and what the caller has to do first, as `connection_required`.
pub(super) async fn read_for_call(
    scene: &Scene,
    facts: &CallFacts,
    limit: Duration,
) -> Result<ListRead, Error> {
    let server = &facts.server;
    if !is_read_for_each_call(server) {
        return refresh(scene, server, limit).await.map(|()| ListRead::Tried);
    }
    let tried = scene.lists().of(scene, server);
    let Ok(mut tried) = timeout(scene.left(limit) / 2, tried.lock_owned()).await else {
        return Ok(ListRead::Unread);
    };
    let serves = |last: &Reading| has_begun_since_we_came(scene, last);
    // Who had no time for it says nothing of the server.
    if !tried.as_ref().is_some_and(|last| serves(last) && !last.is_short) {
        let read = read(scene, &server.server_id, LONGEST.min(scene.left(limit) / 2), &mut tried).await?;
        if let Err(error) = read
            && CALLERS.contains(&error.code())
        {
            return Err(error);
        }
    }
    let unlisted = tried.as_ref().filter(|last| serves(last)).and_then(|last| last.unlisted.as_ref());
    Ok(match unlisted {
        Some(kinds) if !kinds.contains(&facts.tool.kind) => ListRead::Good,
        _ => ListRead::Unread,
    })
}

/// Reads a list that its server says has changed, whenever it was read last. Whether it could be: not while another reads.
pub(super) async fn reread(scene: &Scene, server: &McpServer) -> bool {
    let Ok(mut tried) = scene.lists().of(scene, server).try_lock_owned() else { return false };
    read(scene, &server.server_id, LONGEST, &mut tried).await.is_ok_and(|read| read.is_ok())
}

/// Whether a list is so young that nobody reads it again by mistake.
pub(super) fn is_young(scene: &Scene, server: &McpServer) -> bool {
    age(scene, server) < BETWEEN
}

/// Whether it stands written that the list was read a moment ago, so that nobody need write it again.
pub(super) fn is_noted(scene: &Scene, server: &McpServer) -> bool {
    is_young(scene, server) && !is_aged(scene, server) && !is_stale(scene, server)
}

fn is_read_for_each_call(server: &McpServer) -> bool {
    server.definition_check == DefinitionCheck::EachCall
}

fn is_recent(scene: &Scene, last: &Reading, between: Duration) -> bool {
    let (now, between) = (scene.ports().clock.monotonic(), between.min(scene.options().list_refresh));
    now.saturating_sub(last.ended) < between
}

/// Calls that wait for the same list share a reading; one that began before a call came may have seen an older list.
fn has_begun_since_we_came(scene: &Scene, last: &Reading) -> bool {
    last.began >= scene.ports().clock.monotonic().saturating_sub(scene.spent())
}

/// Asks for the list, within this time from now. What failed for want of time was not tried, nor what its asker gave up or has
/// to mend.
async fn read(
    scene: &Scene,
    server: &ServerId,
    within: Duration,
    tried: &mut Option<Reading>,
) -> Result<Result<(), Error>, Error> {
    // Times of operations count from the beginning of their dispatch.
    let longest = scene.spent() + within;
    let began = scene.ports().clock.monotonic();
    let is_short = within < LONGEST;
    let ended = |unlisted| Reading { began, ended: scene.ports().clock.monotonic(), unlisted, is_short };
    let note = if is_short { Note::Found } else { Note::News };
    let mut attempts = 0;
    loop {
        let error = match discovery::discover(scene, server, longest, note).await {
            Ok(found) => {
                *tried = Some(Reading { is_short: false, ..ended(Some(unlisted(&found))) });
                return Ok(Ok(()));
            }
            Err(error) => error,
        };
        tracing::warn!(
            code = %error.code(), %server, "a server's list of tools could not be read anew"
        );
        attempts += 1;
        let code = error.code();
        if [codes::DEADLINE_EXCEEDED, codes::CANCELLED].contains(&code) || CALLERS.contains(&code) {
            return Ok(Err(error));
        }
        if !OURS.contains(&code) {
            *tried = Some(ended(None));
            return Ok(Err(error));
        }
        if attempts == ATTEMPTS || error.code() == codes::OVERLOADED {
            return Err(error);
        }
    }
}

/// The lists that a server has, and did not give.
fn unlisted(found: &McpDiscoveryResult) -> Vec<ItemKind> {
    found.refused.iter().filter(|refused| refused.rule == UNLISTED).map(|refused| refused.kind).collect()
}

fn age(scene: &Scene, server: &McpServer) -> Duration {
    let read = server.last_discovery_at.unwrap_or(server.registered_at);
    Duration::from_millis(scene.now().millis_since(read))
}
