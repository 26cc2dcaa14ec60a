//! Going on with a legacy event stream that ended before its response.
//!
//! A server may end a stream early on purpose and have its client ask for the rest; a connection may break. Neither ends
//! the request. Only the response with the id of our own request is taken, so what a server replays by mistake is a
//! failure and no answer.
//!
//! Source: specification 2025-11-25, streamable HTTP, resumability and redelivery.

use portcullis_mcp::headers::{EVENT_STREAM, LAST_EVENT_ID};
use portcullis_schemas::codes;
use portcullis_schemas::egress::{EgressBody, EgressError, EgressLimits, EgressRequest, EgressStage};

use tokio::time::timeout;

use super::link::{Ask, Link};
use super::stream::Stream;

/// Most times that one answer is resumed: the deadline bounds the time, this bounds the requests.
const MAX_RESUMPTIONS: usize = 16;

impl Link<'_> {
    /// Goes on with a stream that ended, in order or by this failure: the rest is asked for by GET, not before the time that
    /// its server wants. False when there is none, or none in time; then the answer has ended as it did.
    pub(super) async fn resume(
        &self,
        ask: &Ask<'_>,
        stream: &mut Stream,
        failure: Option<&EgressError>,
    ) -> bool {
        if stream.resumed == MAX_RESUMPTIONS || failure.is_some_and(|failure| !is_cut(failure)) {
            return false;
        }
        let rest = self.rest_of(ask, stream).await;
        if let Some(body) = rest {
            stream.body = body;
            stream.has_ended = false;
            return true;
        }
        false
    }

    async fn rest_of(&self, ask: &Ask<'_>, stream: &mut Stream) -> Option<Box<dyn EgressBody>> {
        let resumption = stream.collector.resumption()?;
        if resumption.wait >= self.remaining().ok()? {
            return None;
        }
        stream.resumed += 1;
        tokio::time::sleep(resumption.wait).await;
        let (body_bytes, total) = (ask.limits.max_body_bytes, self.time_for(ask).ok()?);
        let limits = EgressLimits { body_bytes, total, ..EgressLimits::default() };
        let own = [("accept", EVENT_STREAM), (LAST_EVENT_ID, resumption.last_event_id.as_str())];
        let request = EgressRequest { headers: self.headers(ask, &own), ..self.empty(limits) };
        let sending = self.egress.send(self.tenant, request);
        let response = timeout(self.remaining().ok()?, sending).await.ok()?.ok()?;
        stream.collector.resume(response.status, response.header("content-type")).ok()?;
        Some(response.body)
    }
}

/// Whether the connection broke, rather than a limit was reached.
pub(super) fn is_cut(failure: &EgressError) -> bool {
    failure.stage == EgressStage::Body && failure.code == codes::UPSTREAM_PROTOCOL
}
