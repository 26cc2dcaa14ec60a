//! Listening to servers that tell of changes of their lists, while somebody uses them: what has changed is read anew at once,
//! and not when the list has grown old.
//!
//! A server of a tenant has one stream in each process, in the name of the key whose use began it. It is an exchange as
//! others are, with an intent before and an outcome after, and so it has an end: whoever uses the server next begins another.
//! It ends before its time with all that it rests on: the server's settings, its credential, the key, a freeze, the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_engines::integrations::mcp::decision::CredentialVerdict;
use portcullis_engines::integrations::mcp::listening::{heard_lists, is_unmoved};
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::listening::{ChangeSink, ListWatch};
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::logs::ledger::IntentKind;
use portcullis_schemas::{Error, ErrorKind};
use tokio::sync::{mpsc, oneshot};

use super::target::{judge_credential, read_grants};
use super::{exchange, freshness};
use crate::bridges::ApiKeysBridge;
use crate::scene::Scene;

/// How long a stream is open: less than an intent may be.
const PERIOD: Duration = Duration::from_secs(280);
/// How often it is looked whether the tenant's configuration has changed.
const LOOK: Duration = Duration::from_secs(1);
/// How long a server is left alone that could not be heard.
const REST: Duration = Duration::from_secs(15 * 60);
/// What changed in a gap so short between two streams is not looked for.
const SHORT: Duration = Duration::from_secs(5);
/// Most servers remembered that nobody listens to. Forgetting costs a stream that is refused.
const MAX_RESTING: usize = 10_000;

/// Who is listened to, and who was. Times are monotonic.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    states: Mutex<HashMap<(TenantId, ServerId), State>>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Somebody listens.
    Heard,
    /// Nobody may before this time; nobody has since the other.
    Resting { until: Duration, since: Duration },
}

/// Sees to it that a server which tells of its lists is listened to. For those who have just used it, by whom it may be used.
pub(crate) fn keep_heard(scene: &Scene, server: &Arc<McpServer>) {
    let lists = heard_lists(server);
    if lists.is_empty() {
        return;
    }
    // At the end nobody listens any more, and it does not matter that the place stays taken.
    let Some(gap) = scene.listeners().enter(scene, server) else { return };
    let Some((apart, guard, running)) = scene.apart() else { return };
    let mut place = Place { scene: apart.clone(), server: Arc::clone(server), rest: REST };
    tokio::spawn(async move {
        let is_current = gap.is_some_and(|gap| gap < SHORT) || freshness::is_young(&apart, &place.server);
        match listen(&apart, &place.server, lists, is_current).await {
            Ok(()) => place.rest = Duration::ZERO,
            Err(error) => tracing::debug!(
                code = %error.code(), server = %place.server.server_id, "a server's lists are not heard of"
            ),
        }
        drop((place, guard, running));
    });
}

/// One stream, on record. `is_current`: what is known of the lists is as they are.
///
/// # Errors
/// Why nobody listens.
async fn listen(
    scene: &Scene,
    server: &Arc<McpServer>,
    lists: Vec<ItemKind>,
    is_current: bool,
) -> Result<(), Error> {
    let kind = IntentKind::ListenForChanges;
    let exchange = exchange::begin_in(scene, &server.server_id, kind, PERIOD, None).await?;
    let (sink, listening) = reader(scene, server, is_current);
    let watch = ListWatch { lists, sink };
    let client = scene.client();
    let heard = tokio::select! {
        heard = client.listen(scene.tenant(), &exchange.target, &watch, &exchange.dispatch) => heard,
        () = moved(scene, &exchange.server) => Ok(()),
    };
    drop(listening);
    exchange.end(scene, heard.as_ref().err()).await?;
    heard.map_err(|failure| exchange::failed(server, &failure))
}

/// Reads the lists when it is told to, one time after the other and never half: in a task of its own, until what it gives
/// besides is dropped. The first time is when the stream opens.
fn reader(scene: &Scene, server: &Arc<McpServer>, is_current: bool) -> (ChangeSink, oneshot::Sender<()>) {
    let (news, mut heard) = mpsc::channel(1);
    let (listening, mut over) = oneshot::channel();
    if let Some((apart, guard, running)) = scene.apart() {
        let (server, closing) = (Arc::clone(server), scene.closing());
        tokio::spawn(async move {
            let mut passes = is_current;
            loop {
                tokio::select! {
                    biased;
                    _ = &mut over => break,
                    told = heard.recv() => if told.is_none() { break },
                }
                if !std::mem::take(&mut passes) {
                    freshness::reread(&apart, &server, &closing).await;
                }
            }
            drop((guard, running));
        });
    }
    let sink = ChangeSink::new(move || {
        // What cannot be taken is news already.
        let _ = news.try_send(());
    });
    (sink, listening)
}

/// Ends when this stream may not go on.
async fn moved(scene: &Scene, before: &McpServer) {
    let closing = scene.closing();
    let (mut seen, mut basis) = (None, None);
    loop {
        match scene.read().await {
            Ok(mut work) => match work.tenants().config_version(scene.tenant()).await {
                Ok(version) if seen == Some(version) => {}
                Ok(version) => match stands(scene, before).await {
                    Ok(Some(now)) if basis.is_none_or(|basis| basis == now) => {
                        (seen, basis) = (Some(version), Some(now));
                    }
                    Err(error) if error.kind() == ErrorKind::Unavailable => {}
                    _ => return,
                },
                Err(error) => tracing::debug!(%error, "the version of a configuration could not be read"),
            },
            Err(error) => tracing::debug!(%error, "the version of a configuration could not be read"),
        }
        tokio::select! {
            () = closing.announced() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// What a stream rests on beside the server's settings; none when those have changed.
///
/// # Errors
/// Why nobody may listen; `store_unavailable`.
async fn stands(
    scene: &Scene,
    before: &McpServer,
) -> Result<Option<(CredentialVerdict, Option<u64>)>, Error> {
    let mut work = scene.read().await?;
    let key = work.api_keys().get(scene.tenant(), scene.principal().key()).await?;
    ApiKeysBridge::require(key.as_ref(), scene.now())?;
    let server = exchange::standing(scene, &mut *work, &before.server_id).await?.server;
    let grants = read_grants(scene, &mut *work, &server).await?;
    let credential = judge_credential(scene, &grants, &server, IntentKind::ListenForChanges);
    Ok(is_unmoved(before, &server).then_some((credential.verdict, credential.secret_version)))
}

/// Held by who listens.
struct Place {
    scene: Scene,
    server: Arc<McpServer>,
    rest: Duration,
}

impl Drop for Place {
    fn drop(&mut self) {
        let now = self.scene.ports().clock.monotonic();
        let resting = State::Resting { until: now + self.rest, since: now };
        let key = (self.scene.tenant().clone(), self.server.server_id.clone());
        self.scene.listeners().lock().insert(key, resting);
    }
}

impl Listeners {
    /// A place for a listener, if there is none yet and there may be one: since when nobody has listened, if somebody has.
    fn enter(&self, scene: &Scene, server: &McpServer) -> Option<Option<Duration>> {
        let now = scene.ports().clock.monotonic();
        let key = (scene.tenant().clone(), server.server_id.clone());
        let mut states = self.lock();
        let gap = match states.get(&key) {
            Some(State::Heard) => return None,
            Some(State::Resting { until, .. }) if now < *until => return None,
            Some(State::Resting { since, .. }) => Some(now.saturating_sub(*since)),
            None => None,
        };
        let is_heard = |state: &State| matches!(state, State::Heard);
        if states.values().filter(|state| is_heard(state)).count() >= scene.options().listeners {
            return None;
        }
        if states.len() >= MAX_RESTING {
            states.retain(|_, state| is_heard(state));
        }
        states.insert(key, State::Heard);
        Some(gap)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(TenantId, ServerId), State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
