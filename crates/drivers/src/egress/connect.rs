//! Opens a connection to a judged address, and to no other.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::egress::{EgressError, EgressStage};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::judge::{Destination, JudgedUrl};
use super::watched::{Watch, Watched};

/// Most header lines of an answer.
const MAX_HEADERS: usize = 100;
/// Most bytes of an answer's head, and of what is buffered ahead of the reader.
pub(super) const MAX_HEAD_BYTES: usize = 64 * 1024;

/// An open connection that serves one request at a time.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Full<Bytes>>,
    pub(super) pinned: IpAddr,
    pub(super) opened: Instant,
    /// What is seen of its answers.
    pub(super) watch: Arc<Watch>,
}

/// Connects to the first of the judged addresses that accepts, sharing the time until `deadline` among them.
pub(super) async fn connect(
    url: &JudgedUrl,
    addresses: &[IpAddr],
    tls: &TlsConnector,
    deadline: Instant,
) -> Result<Connection, EgressError> {
    let mut last = unreachable("no address");
    for (tried, address) in addresses.iter().enumerate() {
        let shares = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = deadline.saturating_duration_since(Instant::now()) / shares;
        match timeout(share, open(url, *address, tls)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => last = error,
            Err(_) => last = connect_timeout(),
        }
    }
    Err(last)
}

/// The time for resolution, TCP and TLS has passed.
pub(super) fn connect_timeout() -> EgressError {
    failed(codes::UPSTREAM_TIMEOUT, "no connection within the deadline")
}

pub(super) fn unreachable(detail: &str) -> EgressError {
    failed(codes::UPSTREAM_UNREACHABLE, detail)
}

fn failed(code: Code, detail: &str) -> EgressError {
    EgressError { stage: EgressStage::Connect, code, detail: detail.to_owned(), is_breach: false }
}

async fn open(url: &JudgedUrl, address: IpAddr, tls: &TlsConnector) -> Result<Connection, EgressError> {
    let socket = SocketAddr::new(address, url.port());
    let stream = TcpStream::connect(socket).await.map_err(|_| unreachable("the connection was refused"))?;
    // What the kernel connected us to must be what was judged.
    if stream.peer_addr().map(|peer| peer.ip()).ok() != Some(address) {
        return Err(EgressError::refused("addr"));
    }
    // A request is one write; waiting to merge it with a later one only costs time.
    stream.set_nodelay(true).map_err(|_| unreachable("the socket cannot be set up"))?;
    let watch = Watch::new();
    let sender = if url.is_tls() {
        let stream = tls.connect(server_name(url)?, stream).await.map_err(|_| {
            failed(
                codes::UPSTREAM_TLS,
                "the TLS handshake failed: certificate not trusted for this name, or no common version",
            )
        })?;
        handshake(Watched::new(TokioIo::new(stream), Arc::clone(&watch))).await?
    } else {
        handshake(Watched::new(TokioIo::new(stream), Arc::clone(&watch))).await?
    };
    Ok(Connection { sender, pinned: address, opened: Instant::now(), watch })
}

/// The name that the certificate must be for: as judged, never as resolved.
fn server_name(url: &JudgedUrl) -> Result<ServerName<'static>, EgressError> {
    match url.destination() {
        Destination::Name(name) => {
            ServerName::try_from(name.clone()).map_err(|_| unreachable("not a TLS server name"))
        }
        Destination::Address(address) => Ok(ServerName::from(*address)),
    }
}

async fn handshake<T>(io: T) -> Result<SendRequest<Full<Bytes>>, EgressError>
where
    T: Read + Write + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .handshake(io)
        .await
        .map_err(|_| unreachable("the connection cannot be set up"))?;
    // Ends when the sender and the body of its last answer are dropped; errors reach whoever waits for the answer.
    tokio::spawn(async move { connection.await.ok() });
    Ok(sender)
}

/// How long a connection that has just answered may take to be ready again.
pub(super) const SETTLE: Duration = Duration::from_millis(50);
