//! The stream beside a call's own: many legacy servers ask on it, although what they ask belongs to a call.
//!
//! It is of the session and not of a call, so that a session whose server may ask serves one call at a time.
//!
//! Source: specification 2025-11-25, streamable HTTP, listening for messages from the server.

use std::time::Duration;

use portcullis_mcp::answer::{Collector, Expected};
use portcullis_mcp::headers::EVENT_STREAM;
use portcullis_mcp::version::Era;
use portcullis_schemas::egress::{EgressBody, EgressLimits, EgressRequest};
use tokio::time::timeout;

use super::link::{Ask, Link, OPEN};

/// How long a server may take to open it. Most open or refuse it at once; a call is not kept from one that does neither.
const OPENING: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct Aside {
    pub(super) body: Box<dyn EgressBody>,
    pub(super) collector: Collector,
}

impl Link<'_> {
    /// Opens it for this call, before it is made. `None` where there is no session, or the server has no such stream.
    pub(super) async fn listen(&self, ask: &Ask<'_>) -> Option<Aside> {
        ask.session?;
        let limits =
            EgressLimits { total: OPEN, body_bytes: ask.limits.max_body_bytes, ..EgressLimits::default() };
        let headers = self.headers(ask, &[("accept", EVENT_STREAM)]);
        let opening = self.egress.send(self.tenant, EgressRequest { headers, ..self.empty(limits) });
        let response = timeout(OPENING.min(self.remaining().ok()?), opening).await.ok()?.ok()?;
        // No answer belongs here: it is expected under an id that nobody has.
        let id = self.new_id().ok()?;
        let progress_token = ask.progress_token.clone();
        let expected = Expected { id, era: Era::Legacy, progress_token, accepts: ask.accepts };
        let collector =
            Collector::begin(response.status, response.header("content-type"), expected, ask.limits).ok()?;
        let is_open = response.status == 200 && collector.is_stream();
        is_open.then_some(Aside { body: response.body, collector })
    }
}
