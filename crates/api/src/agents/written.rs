//! Event streams: bodies that are written while they are read.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_TYPE, HeaderName};
use hyper::body::Frame;
use portcullis_mcp::headers::EVENT_STREAM;
use portcullis_mcp::sse;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// How often a stream that says nothing shows that it is there, so that nobody on the way takes it for dead.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The writing end of a stream.
pub(super) struct Writer {
    bytes: mpsc::Sender<Bytes>,
}

impl Writer {
    /// One message, as an event. It waits until the reader has taken the one before.
    pub(super) async fn message(&self, json: &[u8]) {
        // JSON is UTF-8, and a reader that has gone takes the writer with it.
        let text = String::from_utf8_lossy(json);
        let _ = self.bytes.send(sse::encode(None, None, &text).into()).await;
    }

    /// Shows that the stream is there, and says nothing; what still waits to be read shows it too. It does not wait: who does
    /// work meanwhile may wait for room itself, and would have to be polled to take it.
    pub(super) fn keep_alive(&self) {
        let _ = self.bytes.try_send(sse::comment("waiting").into());
    }

    /// Does work, and keeps the stream alive meanwhile.
    pub(super) async fn alive_while<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let mut tick = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = tick.tick() => self.keep_alive(),
            }
        }
    }
}

/// An event stream that this writes. Writing goes on only while somebody reads; when the reader goes away, what writes is
/// dropped, and with it the call that it waits for.
pub(super) fn event_stream<W: Future<Output = ()> + Send + 'static>(
    write: impl FnOnce(Writer) -> W,
) -> Response {
    let (sender, bytes) = mpsc::channel(1);
    let work: Work = Box::pin(write(Writer { bytes: sender }));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM)),
        // A proxy that gathers a stream before it passes it on would hold back the first events (MCP 2026-07-28).
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::new(Written { work: Some(work), bytes })).into_response()
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Written {
    work: Option<Work>,
    bytes: mpsc::Receiver<Bytes>,
}

impl hyper::body::Body for Written {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(work) = &mut self.work
            && work.as_mut().poll(context).is_ready()
        {
            // The sender goes with it, so the stream ends after what is still to be read.
            self.work = None;
        }
        self.bytes.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read_in_order() {
        let response = event_stream(|writer| async move {
            for number in 0..3 {
                writer.message(format!("{number}").as_bytes()).await;
            }
        });
        assert_eq!(response.headers()[CONTENT_TYPE], EVENT_STREAM);
        let read = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(read, "data: 0\n\ndata: 1\n\ndata: 2\n\n");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_pauses_reads_all_of_it_when_it_goes_on() {
        let response = event_stream(|writer| async move {
            let burst = async {
                for number in 0..3 {
                    writer.message(format!("{number}").as_bytes()).await;
                }
            };
            writer.alive_while(burst).await;
        });
        let mut body = response.into_body();
        let mut read = body.frame().await.unwrap().unwrap().into_data().unwrap().to_vec();
        // One waits to be read and the next for room, when it is time to show that the stream is there.
        tokio::time::advance(2 * KEEP_ALIVE).await;
        let rest = tokio::time::timeout(KEEP_ALIVE / 2, body.collect()).await.expect("it goes on").unwrap();
        read.extend(rest.to_bytes());
        assert_eq!(String::from_utf8(read).unwrap(), "data: 0\n\ndata: 1\n\ndata: 2\n\n");
    }

    #[tokio::test]
    async fn a_reader_that_goes_away_ends_the_writing() {
        let (alive, mut ended) = mpsc::channel::<()>(1);
        let response = event_stream(|writer| async move {
            writer.message(b"1").await;
            let _alive = alive;
            std::future::pending::<()>().await;
        });
        let mut body = response.into_body();
        assert!(body.frame().await.is_some());
        drop(body);
        assert!(ended.recv().await.is_none());
    }
}
