//! A stream whose answers are watched on their way to the parser.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::head::{HeadFault, HeadWatch};

/// How long a head may take from its first byte to its last: the first may take as long as the tool does.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(10);
/// Most bytes that are read at once.
const READ: usize = 16 * 1024;

/// What is seen of a connection's answers, shared between the stream and who waits.
#[derive(Debug)]
pub(super) struct Watch {
    state: Mutex<State>,
    head_since: watch::Sender<Option<Instant>>,
}

#[derive(Debug, Default)]
struct State {
    head: HeadWatch,
    fault: Option<HeadFault>,
}

impl Watch {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), head_since: watch::Sender::new(None) })
    }

    /// A request goes out.
    pub(super) fn expect(&self) {
        self.lock().head.expect();
        self.head_since.send_replace(None);
    }

    /// What is wrong with the connection's answers, if anything is.
    pub(super) fn fault(&self) -> Option<HeadFault> {
        self.lock().fault
    }

    /// Whether a byte has come since the request went out.
    pub(super) fn has_begun(&self) -> bool {
        self.lock().head.has_begun()
    }

    /// Ends when a head has been under way for too long; not while nothing has come, nor once it is over.
    pub(super) async fn slow_head(&self) {
        let mut since = self.head_since.subscribe();
        loop {
            let Ok(begun) = since.wait_for(Option::is_some).await.map(|begun| *begun) else {
                return std::future::pending().await;
            };
            if let Some(begun) = begun {
                sleep_until(begun + HEAD_TIME).await;
            }
            if *since.borrow() == begun {
                return;
            }
        }
    }

    fn take(&self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        let was_within = state.head.is_within_head();
        if let Err(fault) = state.head.take(bytes) {
            state.fault = Some(fault);
            return Err(io::Error::new(io::ErrorKind::InvalidData, fault.as_str()));
        }
        let is_within = state.head.is_within_head();
        drop(state);
        if is_within != was_within {
            self.head_since.send_replace(is_within.then(Instant::now));
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stream.
pub(super) struct Watched<T> {
    inner: T,
    watch: Arc<Watch>,
    buffer: Box<[u8; READ]>,
}

impl<T> Watched<T> {
    pub(super) fn new(inner: T, watch: Arc<Watch>) -> Self {
        Self { inner, watch, buffer: Box::new([0; READ]) }
    }
}

impl<T: Read + Unpin> Read for Watched<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = cursor.remaining().min(READ);
        let mut read = ReadBuf::new(&mut this.buffer[..room]);
        match Pin::new(&mut this.inner).poll_read(context, read.unfilled()) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(result) => result?,
        }
        this.watch.take(read.filled())?;
        cursor.put_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl<T: Write + Unpin> Write for Watched<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(context, buffers)
    }
}
