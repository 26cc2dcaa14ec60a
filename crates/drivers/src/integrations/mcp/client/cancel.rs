//! Telling a legacy server that nobody waits any more: a closed connection does not say so in that era.

use std::sync::Arc;

use portcullis_mcp::headers::SESSION_ID;
use portcullis_mcp::jsonrpc::{Id, notification};
use portcullis_mcp::messages::{cancelled_params, method};
use portcullis_schemas::codes;
use portcullis_schemas::egress::{Egress, EgressLimits, EgressRequest, HeaderValue};
use portcullis_schemas::ids::TenantId;

use super::failure::NotAnswered;
use super::link::{Ask, Link};
use super::session::{Spoken, send_unawaited};

/// Tells it when this is dropped, unless the request has ended.
pub(super) struct CancelOnDrop {
    armed: Option<EgressRequest>,
    egress: Arc<dyn Egress>,
    tenant: TenantId,
}

impl CancelOnDrop {
    pub(super) fn new(link: &Link<'_>, spoken: &Spoken, id: &Id) -> Self {
        let params = cancelled_params(id, "the caller no longer waits");
        let body = notification(method::CANCELLED, Some(&params));
        let request =
            link.post(&Ask::new(id, method::CANCELLED, spoken, None), body, EgressLimits::default());
        Self { armed: Some(request), egress: Arc::clone(link.egress), tenant: link.tenant.clone() }
    }

    /// The same for a request that outlives its operation: by the session's id alone, since no credential is kept so long.
    pub(super) fn without_credential(mut self) -> Self {
        if let Some(request) = &mut self.armed {
            let is_secret = |value: &HeaderValue| matches!(value, HeaderValue::Secret(_));
            request.headers.retain(|(name, value)| name == SESSION_ID || !is_secret(value));
        }
        self
    }

    /// Says nothing: somebody waits on.
    pub(super) fn disarm(mut self) {
        self.armed = None;
    }

    /// Disarms, unless the server is still at work.
    pub(super) fn settle<T>(mut self, answer: &Result<T, NotAnswered>) {
        let still_at_work = matches!(answer, Err(NotAnswered::Failed(failure))
            if failure.code == codes::UPSTREAM_TIMEOUT && failure.may_have_acted);
        if !still_at_work {
            self.armed = None;
        }
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(request) = self.armed.take() {
            send_unawaited(&self.egress, &self.tenant, request);
        }
    }
}
