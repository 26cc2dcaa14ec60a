//! A response body under a cap and a deadline.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use portcullis_schemas::codes;
use portcullis_schemas::egress::{EgressBody, EgressError, EgressStage};
use tokio::time::{Instant, timeout_at};

use super::connect::Connection;
use super::exchange::faulty;
use super::headers::too_large;
use super::pool::{Pool, PoolKey};

/// Where the connection goes when the body has been read to its end and made sense.
pub(super) struct Home {
    pub(super) pool: Arc<Pool>,
    pub(super) key: PoolKey,
    pub(super) connection: Connection,
}

/// Dropped, it closes the connection: nobody may reuse what is still being answered, or what answered nonsense.
pub(super) struct CappedBody {
    incoming: Incoming,
    limit: usize,
    read: usize,
    deadline: Instant,
    has_ended: bool,
    home: Option<Home>,
}

impl CappedBody {
    pub(super) fn new(incoming: Incoming, limit: usize, deadline: Instant, home: Home) -> Self {
        let has_ended = incoming.is_end_stream();
        Self { incoming, limit, read: 0, deadline, has_ended, home: Some(home) }
    }

    fn fail(&mut self, error: EgressError) -> EgressError {
        let fault = self.home.take().and_then(|home| home.connection.watch.fault());
        fault.map_or(error, |fault| faulty(EgressStage::Body, fault))
    }
}

#[async_trait]
impl EgressBody for CappedBody {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, EgressError> {
        loop {
            let frame = match timeout_at(self.deadline, self.incoming.frame()).await {
                Err(_) => {
                    return Err(self.fail(broken(codes::UPSTREAM_TIMEOUT, "the body did not end in time")));
                }
                Ok(None) => {
                    self.has_ended = true;
                    return Ok(None);
                }
                Ok(Some(Err(_))) => {
                    return Err(
                        self.fail(broken(codes::UPSTREAM_PROTOCOL, "the body was cut off or is malformed"))
                    );
                }
                Ok(Some(Ok(frame))) => frame,
            };
            // Trailers carry nothing that we use.
            let Ok(data) = frame.into_data() else { continue };
            self.read = self.read.saturating_add(data.len());
            if self.read > self.limit {
                let limit = self.limit;
                return Err(self.fail(too_large(limit)));
            }
            self.has_ended = self.incoming.is_end_stream();
            return Ok(Some(data));
        }
    }

    fn reuse(mut self: Box<Self>) {
        if let Some(Home { pool, key, connection }) = self.home.take().filter(|_| self.has_ended) {
            pool.put(key, connection);
        }
    }
}

fn broken(code: codes::Code, detail: &str) -> EgressError {
    EgressError { stage: EgressStage::Body, code, detail: detail.to_owned(), is_breach: false }
}
