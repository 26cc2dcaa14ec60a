//! Going on with a legacy event stream that ended before its response.
//!
//! A server may end a stream early on purpose and have its client ask for the rest; a connection may break. Neither ends
//! the request. Only the response with the id of our own request is taken, so what a server replays by mistake is a
//! failure and no answer.
//!
//! Source: specification 2025-11-25, streamable HTTP, resumability and redelivery.

use portcullis_mcp::answer::Collector;
use portcullis_mcp::headers::{EVENT_STREAM, LAST_EVENT_ID};
use portcullis_schemas::codes;
use portcullis_schemas::egress::{EgressError, EgressLimits, EgressRequest, EgressResponse, EgressStage};

use super::link::{Ask, Link};

/// Most times that one answer is resumed: the deadline bounds the time, this bounds the requests.
const MAX_RESUMPTIONS: usize = 16;

/// What has been done for one answer so far.
pub(super) struct Reading {
    /// Requests of the server that were answered.
    pub(super) server_requests: usize,
    /// How often it was resumed.
    pub(super) resumed: usize,
}

impl Link<'_> {
    /// The rest of a stream that ended, in order or by this failure: asked for by GET, not before the time that its server
    /// wants. `None` when there is none, or none in time; then the answer has ended as it did.
    pub(super) async fn resume(
        &self,
        ask: &Ask<'_>,
        collector: &mut Collector,
        reading: &mut Reading,
        failure: Option<&EgressError>,
    ) -> Option<EgressResponse> {
        if reading.resumed == MAX_RESUMPTIONS || failure.is_some_and(|failure| !is_cut(failure)) {
            return None;
        }
        let resumption = collector.resumption()?;
        if resumption.wait >= self.remaining().ok()? {
            return None;
        }
        reading.resumed += 1;
        tokio::time::sleep(resumption.wait).await;
        let limits = EgressLimits {
            body_bytes: ask.limits.max_body_bytes,
            total: self.remaining().ok()?,
            ..EgressLimits::default()
        };
        let own = [("accept", EVENT_STREAM), (LAST_EVENT_ID, resumption.last_event_id.as_str())];
        let request = EgressRequest { headers: self.headers(ask, &own), ..self.empty(limits) };
        let response = self.egress.send(self.tenant, request).await.ok()?;
        collector.resume(response.status, response.header("content-type")).ok()?;
        Some(response)
    }
}

/// Whether the connection broke, rather than a limit was reached.
fn is_cut(failure: &EgressError) -> bool {
    failure.stage == EgressStage::Body && failure.code == codes::UPSTREAM_PROTOCOL
}
