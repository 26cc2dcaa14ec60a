//! A wire between two programs on the loopback, which counts what goes over it, and can be held or cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use color_eyre::eyre::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of bytes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// They go on.
    Open,
    /// They wait, and so do new connections: the other end seems to hang.
    Held,
    /// Connections break, and new ones are not taken: the other end seems to be dead.
    Cut,
    /// What is asked goes on, and a connection breaks when its answer comes: the other end seems to die just before.
    Unanswered,
}

/// The wire; it is cut when dropped.
#[derive(Debug)]
pub(crate) struct Tap {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    flow: watch::Sender<Flow>,
    /// Bytes that came in, towards the server.
    asked: AtomicU64,
}

impl Tap {
    /// A wire to the server at this address.
    pub(crate) async fn to(server: String) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State { flow: watch::Sender::new(Flow::Open), asked: AtomicU64::new(0) });
        let task = tokio::spawn(accept(listener, server, Arc::clone(&state)));
        Ok(Self { address, state, task })
    }

    /// Where its near end listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what becomes of bytes, on all connections.
    pub(crate) fn set(&self, flow: Flow) {
        self.state.flow.send_replace(flow);
    }

    /// Bytes that were sent towards the server so far, held ones too.
    pub(crate) fn bytes_asked(&self) -> u64 {
        self.state.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.set(Flow::Cut);
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: String, state: Arc<State>) {
    while let Ok((near, _)) = listener.accept().await {
        if *state.flow.borrow() == Flow::Cut {
            continue;
        }
        let (server, state) = (server.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            if let Ok(far) = TcpStream::connect(server).await {
                connect(near, far, state).await;
            }
        });
    }
}

/// Both directions, until one ends or the wire is cut.
async fn connect(near: TcpStream, far: TcpStream, state: Arc<State>) {
    // A wire does not wait for more.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let mut flow = state.flow.subscribe();
    tokio::select! {
        () = carry(near_in, far_out, &state, true) => {}
        () = carry(far_in, near_out, &state, false) => {}
        _ = flow.wait_for(|flow| *flow == Flow::Cut) => {}
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State, counts: bool) {
    let (mut bytes, mut flow) = (vec![0; 16 * 1024], state.flow.subscribe());
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if counts {
            state.asked.fetch_add(count as u64, Ordering::SeqCst);
        }
        let open =
            flow.wait_for(|flow| matches!(flow, Flow::Open | Flow::Unanswered)).await.map(|flow| *flow);
        let goes_on = open.is_ok_and(|flow| counts || flow == Flow::Open);
        if !goes_on || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        address
    }

    #[tokio::test]
    async fn bytes_are_counted_and_a_cut_breaks_connections() {
        let tap = Tap::to(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(tap.address()).await.unwrap();
        let mut answer = [0; 4];
        stream.write_all(b"ping").await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!((&answer, tap.bytes_asked()), (b"ping", 4));
        tap.set(Flow::Cut);
        assert!(!matches!(stream.read(&mut answer).await, Ok(1..)));
    }

    #[tokio::test]
    async fn an_answer_that_is_not_let_through_breaks_its_connection() {
        let tap = Tap::to(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(tap.address()).await.unwrap();
        tap.set(Flow::Unanswered);
        stream.write_all(b"ping").await.unwrap();
        assert!(!matches!(stream.read(&mut [0; 4]).await, Ok(1..)));
        assert_eq!(tap.bytes_asked(), 4, "it was asked");
    }

    #[tokio::test]
    async fn what_is_held_comes_once_the_wire_is_open() {
        let tap = Tap::to(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(tap.address()).await.unwrap();
        tap.set(Flow::Held);
        stream.write_all(b"ping").await.unwrap();
        while tap.bytes_asked() < 4 {
            tokio::task::yield_now().await;
        }
        tap.set(Flow::Open);
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"ping");
    }
}
