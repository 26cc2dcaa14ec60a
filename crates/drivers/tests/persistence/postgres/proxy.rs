//! A proxy before the server, which can hold connections as if the network had gone, and cut commits off from their
//! confirmation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

/// Connections on which nothing has moved for this long are at rest in their pools.
const REST: Duration = Duration::from_millis(100);

pub(crate) struct Proxy {
    /// The database, through this proxy.
    pub(crate) url: String,
    control: Arc<Control>,
}

struct Control {
    /// Connections below this number are held.
    held: watch::Sender<u64>,
    made: AtomicU64,
    /// Pieces that have come in, from either side.
    moved: AtomicU64,
    cuts_commits: AtomicBool,
}

impl Proxy {
    pub(crate) async fn before(url: &str) -> Self {
        let mut url = Url::parse(url).unwrap();
        let server = (url.host_str().unwrap_or("127.0.0.1").to_owned(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        // A commit must be told from other statements on their way.
        url.query_pairs_mut().append_pair("sslmode", "disable");
        let control = Arc::new(Control {
            held: watch::Sender::new(0),
            made: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            cuts_commits: AtomicBool::new(false),
        });
        tokio::spawn(serve(listener, server, Arc::clone(&control)));
        Self { url: url.into(), control }
    }

    /// How many connections were made.
    pub(crate) fn made(&self) -> u64 {
        self.control.made.load(Ordering::SeqCst)
    }

    /// Everything hangs, new connections too.
    pub(crate) fn hold_all(&self) {
        self.control.held.send_replace(u64::MAX);
    }

    /// The connections of now hang for ever; new ones work. Waits until they are at rest: one that is just going back
    /// to its pool is asked by the pool itself, without end (see `no_dead_connection_stays`).
    pub(crate) async fn hold_those_of_now(&self) {
        let mut before = u64::MAX;
        while before != self.control.moved.load(Ordering::SeqCst) {
            before = self.control.moved.load(Ordering::SeqCst);
            tokio::time::sleep(REST).await;
        }
        self.control.held.send_replace(self.made());
    }

    /// Everything goes on.
    pub(crate) fn release(&self) {
        self.control.held.send_replace(0);
    }

    /// Commits reach the server, whose answer does not come back.
    pub(crate) fn cut_commits(&self, cut: bool) {
        self.control.cuts_commits.store(cut, Ordering::SeqCst);
    }
}

async fn serve(listener: TcpListener, server: (String, u16), control: Arc<Control>) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(upstream) = TcpStream::connect(server.clone()).await else { continue };
        let number = control.made.fetch_add(1, Ordering::SeqCst);
        let ((from_client, to_client), (from_server, to_server)) =
            (client.into_split(), upstream.into_split());
        let commits = Arc::new(AtomicBool::new(false));
        tokio::spawn(questions(from_client, to_server, number, Arc::clone(&control), Arc::clone(&commits)));
        tokio::spawn(answers(from_server, to_client, number, Arc::clone(&control), commits));
    }
}

async fn questions(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    number: u64,
    control: Arc<Control>,
    commits: Arc<AtomicBool>,
) {
    let (mut bytes, mut held) = (vec![0; 16 * 1024], control.held.subscribe());
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        control.moved.fetch_add(1, Ordering::SeqCst);
        let _ = held.wait_for(|held| number >= *held).await;
        let is_commit = bytes[..count].windows(6).any(|word| word == b"COMMIT");
        commits.store(is_commit && control.cuts_commits.load(Ordering::SeqCst), Ordering::SeqCst);
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    number: u64,
    control: Arc<Control>,
    commits: Arc<AtomicBool>,
) {
    let (mut bytes, mut held) = (vec![0; 16 * 1024], control.held.subscribe());
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        control.moved.fetch_add(1, Ordering::SeqCst);
        let _ = held.wait_for(|held| number >= *held).await;
        if commits.load(Ordering::SeqCst) || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
