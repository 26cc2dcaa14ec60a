//! The listener: HTTP/1.1 with bounds on heads, time and connections, and an orderly end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds of the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServeLimits {
    /// Connections at a time; further ones wait in the kernel's queue. Default 4096.
    pub connections: usize,
    /// From the opening of a connection, or the end of the last answer, to the end of the next head. Default 10 s.
    pub head: Duration,
    /// Header lines of a request. Default 64.
    pub header_lines: usize,
    /// Bytes of a request's head. Default 64 KiB.
    pub head_bytes: usize,
    /// How long open requests may go on after the shutdown began. Default 30 s.
    pub drain: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            head: Duration::from_secs(10),
            header_lines: 64,
            head_bytes: 64 * 1024,
            drain: Duration::from_secs(30),
        }
    }
}

/// Serves until `shutdown` ends, with the default bounds.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send) {
    serve_with(ServeLimits::default(), listener, router, shutdown).await;
}

/// Serves until `shutdown` ends; then no connection is accepted, idle ones are closed, and open requests get
/// `limits.drain` to end. A request whose caller goes away is dropped at once.
pub async fn serve_with(
    limits: ServeLimits,
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send,
) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let http = builder(limits);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, slot) = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            () = &mut shutdown => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(hold(connection, graceful.watcher(), slot));
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still open at the end of the drain: they are cut off");
    }
}

type Connection = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>>;

/// Drives one connection. Its failures are the caller's: a broken request, a reset, a head that came too late.
async fn hold(connection: Connection, watcher: Watcher, slot: OwnedSemaphorePermit) {
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
    drop(slot);
}

fn builder(limits: ServeLimits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_headers(limits.header_lines)
        .max_buf_size(limits.head_bytes);
    http
}

/// The next connection, once there is room for it. Out of file descriptors, it waits instead of spinning.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else { std::future::pending().await };
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small and whole; waiting to fill a segment only delays them.
                let _ = stream.set_nodelay(true);
                return (stream, slot);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
