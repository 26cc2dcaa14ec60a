//! A collector of spans, which keeps what it is sent.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use color_eyre::eyre::Result;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::echo::read;

/// What has come, request by request.
type Received = Arc<Mutex<Vec<Vec<u8>>>>;

/// A running collector; it stops when dropped.
pub(super) struct Collector {
    endpoint: String,
    received: Received,
    task: JoinHandle<()>,
}

impl Collector {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let received = Received::default();
        let keeper = Arc::clone(&received);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let keeper = Arc::clone(&keeper);
                // An export that breaks off was not received.
                tokio::spawn(async move { keep(stream, &keeper).await.ok() });
            }
        });
        Ok(Self { endpoint, received, task })
    }

    pub(super) fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// All that has come, heads and bodies.
    pub(super) fn received(&self) -> Vec<Vec<u8>> {
        mem::take(&mut self.received.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One export, then the connection is closed.
async fn keep(mut stream: TcpStream, received: &Received) -> Result<()> {
    let (head, body) = read(&mut stream).await?;
    let export = [head.as_bytes(), &body].concat();
    received.lock().unwrap_or_else(PoisonError::into_inner).push(export);
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await?;
    Ok(stream.shutdown().await?)
}
