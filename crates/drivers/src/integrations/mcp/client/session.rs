//! What a server speaks, and the session that a legacy one has given us.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis_mcp::headers::{SESSION_ID, SessionId, standard_headers};
use portcullis_mcp::version::{Era, ProtocolVersion};
use portcullis_schemas::egress::{
    Egress, EgressLimits, EgressPurpose, EgressRequest, HeaderValue, HttpMethod,
};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::secret::Secret;
use tokio::runtime::Handle;

/// How long a message may take that nobody waits for.
const COURTESY: Duration = Duration::from_secs(2);

/// The outcome of a probe, as long as it holds.
#[derive(Debug)]
pub(super) enum Spoken {
    /// Stateless.
    Modern {
        /// Version.
        version: ProtocolVersion,
    },
    /// After `initialize`.
    Legacy {
        /// Version.
        version: ProtocolVersion,
        /// The server's session, if it has given one.
        session: Option<UpstreamSession>,
    },
}

impl Spoken {
    pub(super) fn version(&self) -> ProtocolVersion {
        match self {
            Self::Modern { version } | Self::Legacy { version, .. } => *version,
        }
    }

    pub(super) fn era(&self) -> Era {
        self.version().era()
    }

    pub(super) fn session(&self) -> Option<&UpstreamSession> {
        match self {
            Self::Modern { .. } => None,
            Self::Legacy { session, .. } => session.as_ref(),
        }
    }

    /// The server has given its id to somebody else too. It is used all the same: this is the only one that there is, and
    /// nothing of the other's is in it that the server does not put there.
    pub(super) fn mark_shared(&self) {
        if let Self::Legacy { session: Some(session), .. } = self {
            session.is_shared.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Legacy { session: Some(session), .. } if session.is_shared.load(Ordering::Relaxed))
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self, Self::Legacy { session: Some(session), .. } if session.ended.load(Ordering::Relaxed))
    }

    /// The server has ended the session: there is nothing left to delete.
    pub(super) fn end(&self) {
        if let Self::Legacy { session: Some(session), .. } = self {
            session.ended.store(true, Ordering::Relaxed);
        }
    }
}

/// A legacy session. When the last user lets go of it, the server is told, without waiting for its answer. The
/// message carries the session's id and no credential: credentials are not kept beyond a call.
pub(super) struct UpstreamSession {
    id: SessionId,
    version: ProtocolVersion,
    ended: AtomicBool,
    /// Somebody else has a session of the same id with the same server.
    is_shared: AtomicBool,
    /// The server has said that it has no stream for what it wants to say between calls.
    is_silent: AtomicBool,
    egress: Arc<dyn Egress>,
    tenant: TenantId,
    url: String,
}

impl std::fmt::Debug for UpstreamSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UpstreamSession").finish_non_exhaustive()
    }
}

impl UpstreamSession {
    pub(super) fn new(
        id: SessionId,
        version: ProtocolVersion,
        egress: Arc<dyn Egress>,
        tenant: TenantId,
        url: String,
    ) -> Self {
        let no = || AtomicBool::new(false);
        Self { id, version, ended: no(), is_shared: no(), is_silent: no(), egress, tenant, url }
    }

    pub(super) fn id(&self) -> &SessionId {
        &self.id
    }

    /// It is not asked for that stream again.
    pub(super) fn mark_silent(&self) {
        self.is_silent.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_silent(&self) -> bool {
        self.is_silent.load(Ordering::Relaxed)
    }
}

impl Drop for UpstreamSession {
    fn drop(&mut self) {
        if self.ended.load(Ordering::Relaxed) {
            return;
        }
        let mut headers: Vec<_> = standard_headers(self.version, "", None)
            .into_iter()
            .map(|(name, value)| (name, HeaderValue::Plain(value)))
            .collect();
        headers.push((SESSION_ID.to_owned(), HeaderValue::Secret(Secret::new(self.id.as_str().to_owned()))));
        send_unawaited(
            &self.egress,
            &self.tenant,
            EgressRequest {
                purpose: EgressPurpose::McpServer,
                method: HttpMethod::Delete,
                url: std::mem::take(&mut self.url),
                headers,
                body: bytes::Bytes::new(),
                limits: EgressLimits::default(),
            },
        );
    }
}

/// Sends a message that nobody waits for, within 2 s. Its answer is ignored: none of these messages changes what a
/// caller gets. Outside of a runtime, at the end of the process, nothing is sent.
pub(super) fn send_unawaited(egress: &Arc<dyn Egress>, tenant: &TenantId, mut request: EgressRequest) {
    let Ok(runtime) = Handle::try_current() else { return };
    request.limits.total = COURTESY;
    let (egress, tenant) = (Arc::clone(egress), tenant.clone());
    runtime.spawn(async move {
        match egress.send(&tenant, request).await {
            Ok(response) => response.body.reuse(),
            Err(error) => {
                tracing::debug!(code = %error.code, detail = %error.detail, "courtesy message to an MCP server failed");
            }
        }
    });
}
