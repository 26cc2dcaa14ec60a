//! Listening to servers that tell of changes of their lists, while somebody uses them: what has changed is read anew at once,
//! and not when the list has grown old.
//!
//! A server of a tenant has one stream in each process, in the name of the key whose use began it. It is an exchange as
//! others are, with an intent before and an outcome after, and so it has an end: whoever uses the server next begins another.
//! It ends before its time with all that it rests on: the server's settings, its credential, the key, a freeze, the process.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_engines::integrations::mcp::listening::heard_lists;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::listening::{ChangeSink, ListWatch};
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::logs::ledger::IntentKind;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Sleep, sleep, timeout};

use self::ground::Ground;
use super::{exchange, freshness};
use crate::scene::Scene;

mod ground;

/// How long a stream is open: less than an intent may be.
const PERIOD: Duration = Duration::from_secs(280);
/// How long a server is left alone that could not be heard.
const REST: Duration = Duration::from_secs(15 * 60);
/// The least time between the beginnings of two streams, however soon a server ends them.
const LEAST: Duration = Duration::from_secs(60);
/// Between two readings because a server says so; twice as long after each, up to the most.
const SPACING: Duration = Duration::from_secs(10);
const MOST_SPACING: Duration = Duration::from_secs(80);
/// How often what was told is tried to be read.
const ATTEMPTS: u32 = 4;
/// The part of all places that one tenant may take.
const SHARE: usize = 4;
/// Most servers remembered that nobody listens to. Forgetting costs a stream that is refused.
const MAX_RESTING: usize = 10_000;

/// Who is listened to, and who not before when, in monotonic time.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    states: Mutex<HashMap<(TenantId, ServerId), State>>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Heard,
    RestingUntil(Duration),
}

/// Sees to it that a server which tells of its lists is listened to. For those who have just used it, by whom it may be used.
pub(crate) fn keep_heard(scene: &Scene, server: &Arc<McpServer>) {
    let lists = heard_lists(server);
    let period = period(scene);
    if lists.is_empty() || period < SPACING || !scene.listeners().enter(scene, server) {
        return;
    }
    // At the end nobody listens any more, and it does not matter that the place stays taken.
    let Some((apart, guard, running)) = scene.apart() else { return };
    let begun = scene.ports().clock.monotonic();
    let mut place = Place { scene: apart.clone(), server: Arc::clone(server), until: begun + REST };
    tokio::spawn(async move {
        match listen(&apart, &place.server, lists, period).await {
            Ok(()) => place.until = begun + LEAST,
            Err(error) => {
                tracing::debug!(
                    code = %error.code(), server = %place.server.server_id, "a server's lists are not heard of"
                );
                if error.kind() == ErrorKind::Unavailable {
                    place.until = begun + LEAST;
                }
            }
        }
        drop((place, guard, running));
    });
}

/// An access token that ends, ends what was begun by it.
fn period(scene: &Scene) -> Duration {
    let left = |end: Timestamp| Duration::from_millis(end.millis_since(scene.now()));
    scene.principal().token().map_or(PERIOD, |token| PERIOD.min(left(token.ends_at)))
}

/// One stream, on record.
///
/// # Errors
/// Why nobody listens.
async fn listen(
    scene: &Scene,
    server: &Arc<McpServer>,
    lists: Vec<ItemKind>,
    period: Duration,
) -> Result<(), Error> {
    let kind = IntentKind::ListenForChanges;
    let exchange = exchange::begin_in(scene, &server.server_id, kind, period, None).await?;
    let ground = Ground::of(scene, &exchange);
    let (sink, listening) = reader(scene, &ground, freshness::is_young(scene, &exchange.server));
    let watch = ListWatch { lists, sink };
    let client = scene.client();
    let heard = tokio::select! {
        heard = client.listen(scene.tenant(), &exchange.target, &watch, &exchange.dispatch) => heard,
        () = ground.gone() => Ok(()),
    };
    drop(listening);
    exchange.end(scene, heard.as_ref().err()).await?;
    heard.map_err(|failure| exchange::failed(server, &failure))
}

/// Reads the lists when it is told to, one time after the other and never half: in a task of its own, until what it gives
/// besides is dropped, and what was told until then is read. It is told first when the stream opens, which is no news of a
/// list that was read a moment ago.
fn reader(scene: &Scene, ground: &Ground, is_young: bool) -> (ChangeSink, oneshot::Sender<()>) {
    let (news, mut heard) = mpsc::channel(1);
    let (listening, mut over) = oneshot::channel();
    if let Some((apart, guard, running)) = scene.apart() {
        let ground = ground.clone();
        tokio::spawn(async move {
            let mut pace = Pace::new();
            loop {
                tokio::select! {
                    biased;
                    told = heard.recv() => if told.is_none() { break },
                    _ = &mut over => break,
                }
                if !read(&apart, &ground, &mut pace).await {
                    break;
                }
            }
            drop((guard, running));
        });
    }
    let passes = AtomicBool::new(is_young);
    let sink = ChangeSink::new(move || {
        if !passes.swap(false, Ordering::SeqCst) {
            // What cannot be taken is news already.
            let _ = news.try_send(());
        }
    });
    (sink, listening)
}

/// Reads them once, as soon as they may be read again, and again if that fails: nobody else would tell of it. Whether there is
/// still ground to read on.
async fn read(scene: &Scene, ground: &Ground, pace: &mut Pace) -> bool {
    let closing = scene.closing();
    for _ in 0..ATTEMPTS {
        tokio::select! {
            biased;
            () = closing.announced() => return false,
            () = pace.wait() => {}
        }
        match ground.is_firm().await {
            Ok(true) if freshness::reread(scene, ground.server()).await => return true,
            Ok(true) => {}
            Err(error) if error.kind() == ErrorKind::Unavailable => {}
            _ => return false,
        }
    }
    tracing::debug!(server = %ground.server().server_id, "a list that has changed could not be read");
    true
}

/// How often the lists of one stream are read.
struct Pace {
    /// Since the last reading began.
    rest: Pin<Box<Sleep>>,
    spacing: Duration,
}

impl Pace {
    fn new() -> Self {
        Self { rest: Box::pin(sleep(Duration::ZERO)), spacing: Duration::ZERO }
    }

    /// Waits for the next one. Who tells before they may be read again waits, and for longer each time.
    async fn wait(&mut self) {
        let is_early = timeout(Duration::ZERO, self.rest.as_mut()).await.is_err();
        if is_early {
            self.rest.as_mut().await;
        }
        self.spacing = if is_early { (self.spacing * 2).clamp(SPACING, MOST_SPACING) } else { SPACING };
        self.rest = Box::pin(sleep(self.spacing));
    }
}

/// Held by who listens.
struct Place {
    scene: Scene,
    server: Arc<McpServer>,
    until: Duration,
}

impl Drop for Place {
    fn drop(&mut self) {
        let key = (self.scene.tenant().clone(), self.server.server_id.clone());
        self.scene.listeners().lock().insert(key, State::RestingUntil(self.until));
    }
}

impl Listeners {
    /// Takes a place for a listener, if there is none yet and there may be one.
    fn enter(&self, scene: &Scene, server: &McpServer) -> bool {
        let now = scene.ports().clock.monotonic();
        let key = (scene.tenant().clone(), server.server_id.clone());
        let mut states = self.lock();
        match states.get(&key) {
            Some(State::Heard) => return false,
            Some(State::RestingUntil(until)) if now < *until => return false,
            _ => {}
        }
        let most = scene.options().listeners;
        let heard = || states.iter().filter(|(_, state)| matches!(state, State::Heard));
        let of_tenant = heard().filter(|((tenant, _), _)| tenant == scene.tenant()).count();
        if heard().count() >= most || of_tenant >= most.div_ceil(SHARE) {
            return false;
        }
        if states.len() >= MAX_RESTING {
            states.retain(|_, state| matches!(state, State::Heard));
        }
        states.insert(key, State::Heard);
        true
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(TenantId, ServerId), State>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
