//! The stream of a legacy session, beside those of its calls: servers tell on it of their lists, and many ask on it, although
//! what they ask belongs to a call.
//!
//! What is asked on it is of no call, so that a session whose server may ask serves one call at a time.
//!
//! Source: specification 2025-11-25, streamable HTTP, listening for messages from the server.

use std::time::Duration;

use portcullis_mcp::answer::{Collector, Expected};
use portcullis_mcp::headers::EVENT_STREAM;
use portcullis_mcp::version::Era;
use portcullis_schemas::egress::{EgressBody, EgressLimits, EgressRequest};
use tokio::time::timeout;

use super::failure::{NotAnswered, challenged};
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
    pub(super) async fn open_beside(&self, ask: &Ask<'_>) -> Option<Aside> {
        let opening = self.open_stream(ask, OPEN);
        timeout(OPENING.min(self.remaining().ok()?), opening).await.ok()?.ok()?
    }

    /// Opens it for so long; `None` as above.
    ///
    /// # Errors
    /// When the server does not answer, or refuses it otherwise than by saying that there is none.
    pub(super) async fn open_stream(
        &self,
        ask: &Ask<'_>,
        total: Duration,
    ) -> Result<Option<Aside>, NotAnswered> {
        let Some(session) = ask.session.filter(|session| !session.is_silent()) else { return Ok(None) };
        let limits = EgressLimits { total, body_bytes: ask.limits.max_body_bytes, ..EgressLimits::default() };
        let headers = self.headers(ask, &[("accept", EVENT_STREAM)]);
        let request = EgressRequest { headers, ..self.empty(limits) };
        let response = self.egress.send(self.tenant, request).await?;
        if let Some(failure) = challenged(&response, &self.target.url) {
            return Err(failure.into());
        }
        match response.status {
            405 => session.mark_silent(),
            status @ 400.. => return Err(NotAnswered::Status(status)),
            _ => {}
        }
        // No answer belongs here: it is expected under an id that nobody has.
        let (id, progress_token) = (self.new_id()?, ask.progress_token.clone());
        let expected = Expected { id, era: Era::Legacy, progress_token, accepts: ask.accepts };
        let begun = Collector::begin(response.status, response.header("content-type"), expected, ask.limits);
        let open = begun.ok().filter(|collector| response.status == 200 && collector.is_stream());
        Ok(open.map(|collector| Aside { body: response.body, collector }))
    }
}
