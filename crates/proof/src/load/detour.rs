//! A way to an upstream that can be made slow, or a dead end: a relay that holds answers back, never lets one through,
//! or cuts one off in the middle. It sees which calls reach the upstream, and how many at a time.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use color_eyre::eyre::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::ledgers::Sent;

/// What a word of ours in a call begins with; the digits that follow make it one call's.
pub(crate) const MARK: &str = "call-";
const DIGITS: usize = 8;
/// Connections that the kernel holds for a relay that is slow to accept.
const BACKLOG: u32 = 128;
/// How long a connection may take before the queue counts as full.
const FULL: Duration = Duration::from_millis(200);

/// How answers come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Each answer takes a time between these, by turns.
    Slow(Duration, Duration),
    /// As that; but of so many calls one gets no answer, ever.
    SlowOrNever(Duration, Duration, u32),
    /// The request arrives, and nothing comes back.
    Silent,
    /// The answer stops in the middle.
    Broken,
}

/// The relay; it stops when dropped.
#[derive(Debug)]
pub(crate) struct Detour {
    address: SocketAddr,
    /// Bound for as long as this lives, whether anybody accepts or not.
    _listener: Arc<TcpListener>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    queued: Vec<TcpStream>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    way: Way,
    seen: Sent,
    never: BTreeSet<String>,
    under_way: usize,
    most: usize,
    turn: u32,
}

impl Detour {
    /// Starts a relay to an upstream of the loopback.
    pub(crate) async fn to(upstream: SocketAddr) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let listener = Arc::new(socket.listen(BACKLOG)?);
        let address = listener.local_addr()?;
        let way = Way::Slow(Duration::ZERO, Duration::ZERO);
        let (seen, never) = Default::default();
        let state = State { way, seen, never, under_way: 0, most: 0, turn: 0 };
        let shared = Arc::new(Shared { upstream, state: Mutex::new(state) });
        let task = tokio::spawn(accept(Arc::clone(&listener), Arc::clone(&shared)));
        Ok(Self { address, _listener: listener, shared, task, queued: Vec::new() })
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers of calls take this way from now on.
    pub(crate) fn take(&self, way: Way) {
        self.shared.locked().way = way;
    }

    /// From now on it accepts nothing, and its queue is full: a connection hangs before it is one.
    pub(crate) async fn close(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        let connect = || tokio::time::timeout(FULL, TcpStream::connect(self.address));
        while let Ok(Ok(stream)) = connect().await {
            self.queued.push(stream);
        }
    }

    /// The calls that reached the upstream.
    pub(crate) fn seen(&self) -> Sent {
        self.shared.locked().seen.clone()
    }

    /// Those of them that are never answered, while others are.
    pub(crate) fn never(&self) -> BTreeSet<String> {
        self.shared.locked().never.clone()
    }

    /// The most calls that were at the upstream at a time.
    pub(crate) fn most(&self) -> usize {
        self.shared.locked().most
    }

    /// Forgets what it has seen.
    pub(crate) fn forget(&self) {
        let mut state = self.shared.locked();
        state.seen.clear();
        state.never.clear();
        state.most = state.under_way;
    }
}

impl Drop for Detour {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request; the way of its answer if it is a call.
    fn arrive(self: &Arc<Self>, bytes: &[u8]) -> Option<(Way, Duration, UnderWay)> {
        let mark = mark_in(bytes)?;
        let mut state = self.locked();
        *state.seen.entry(mark.clone()).or_default() += 1;
        state.under_way += 1;
        state.most = state.most.max(state.under_way);
        state.turn = state.turn.wrapping_add(1);
        let way = match state.way {
            Way::SlowOrNever(_, _, of) if state.turn.is_multiple_of(of) => {
                state.never.insert(mark);
                Way::Silent
            }
            Way::SlowOrNever(shortest, longest, _) => Way::Slow(shortest, longest),
            way => way,
        };
        let wait = match way {
            // A stride that meets every hundredth between the two, in no order that matters.
            Way::Slow(shortest, longest) => shortest + (longest - shortest) * (state.turn * 37 % 101) / 100,
            _ => Duration::ZERO,
        };
        Some((way, wait, UnderWay(Arc::clone(self))))
    }
}

/// One call at the upstream.
struct UnderWay(Arc<Shared>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.locked().under_way -= 1;
    }
}

async fn accept(listener: Arc<TcpListener>, shared: Arc<Shared>) {
    let mut relays = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        // Either end may go away at any time; that is what is tried.
        relays.spawn(async move { relay(stream, &shared).await.ok() });
        while relays.try_join_next().is_some() {}
    }
}

/// One request after another. The gate sends one at a time on a connection, head and body at once or shortly after
/// another, and the bundled upstream answers in one piece.
async fn relay(mut gate: TcpStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    gate.set_nodelay(true)?;
    let mut upstream = TcpStream::connect(shared.upstream).await?;
    upstream.set_nodelay(true)?;
    let (mut asked, mut answer) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut call = None;
    loop {
        tokio::select! {
            read = gate.read(&mut asked) => {
                let bytes = &asked[..read?];
                if bytes.is_empty() {
                    return Ok(());
                }
                call = call.or_else(|| shared.arrive(bytes));
                upstream.write_all(bytes).await?;
            }
            read = upstream.read(&mut answer) => {
                let bytes = &answer[..read?];
                if bytes.is_empty() {
                    return Ok(());
                }
                let Some((way, wait, under_way)) = call.take() else {
                    gate.write_all(bytes).await?;
                    continue;
                };
                if matches!(way, Way::Slow(..)) {
                    // A caller that goes away ends the call.
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        closed = gate.read(&mut asked) => return closed.map(drop),
                    }
                    gate.write_all(bytes).await?;
                } else {
                    let part = if way == Way::Broken { bytes.len() - bytes.len() / 8 } else { 0 };
                    gate.write_all(&bytes[..part]).await?;
                    let _ = gate.read(&mut asked).await;
                    return Ok(());
                }
                drop(under_way);
            }
        }
    }
}

fn mark_in(bytes: &[u8]) -> Option<String> {
    let at = bytes.windows(MARK.len()).position(|window| window == MARK.as_bytes())?;
    let mark = bytes.get(at..at + MARK.len() + DIGITS)?;
    Some(String::from_utf8_lossy(mark).into_owned())
}

/// The mark of a call.
pub(crate) fn mark(number: usize) -> String {
    format!("{MARK}{number:0DIGITS$}")
}
