//! The one way out: every byte that leaves goes through [`Egress`].
//!
//! Consumers: drivers, portcullis, server, spine

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::codes::{self, Code};
use crate::ids::TenantId;
use crate::secret::Secret;

string_enum!(
    /// Why a connection is opened; appears in logs, and later in per-purpose rules.
    EgressPurpose {
        /// An MCP server of a tenant.
        McpServer = "mcp_server",
        /// An authorization server that the operator trusts: its metadata and its keys.
        TokenIssuer = "token_issuer",
        /// A token endpoint, where a tenant's client secret is exchanged for an access token.
        TokenEndpoint = "token_endpoint",
        /// An authorization server that an MCP server names: its metadata, and the registration of a client.
        AuthorizationServer = "authorization_server",
        /// To the operator's own collector of telemetry.
        Telemetry = "telemetry",
    }
);

string_enum!(
    /// HTTP methods that Portcullis uses.
    HttpMethod {
        /// GET
        Get = "GET",
        /// POST
        Post = "POST",
        /// PUT
        Put = "PUT",
        /// PATCH
        Patch = "PATCH",
        /// DELETE
        Delete = "DELETE",
    }
);

/// A header value: plain text, or a secret that must not be logged.
#[derive(Clone, Debug)]
pub enum HeaderValue {
    /// May be logged.
    Plain(String),
    /// Must not be logged; marked sensitive for the HTTP library.
    Secret(Secret),
}

/// Times and sizes that one exchange may not exceed (defaults: security limits a hostile upstream meets).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EgressLimits {
    /// Name resolution, TCP and TLS together. Default 3 s.
    pub connect: Duration,
    /// From the request's end to the response's headers. Default 10 s.
    pub headers: Duration,
    /// The whole exchange, absolute. Default 30 s, at most 300 s.
    pub total: Duration,
    /// Bytes of the response body. Default 4 MiB.
    pub body_bytes: usize,
}

impl Default for EgressLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            headers: Duration::from_secs(10),
            total: Duration::from_secs(30),
            body_bytes: 4 * 1024 * 1024,
        }
    }
}

/// One HTTP request to the outside. Printed without its body, which may hold a secret.
#[derive(Clone)]
pub struct EgressRequest {
    /// Why.
    pub purpose: EgressPurpose,
    /// Method.
    pub method: HttpMethod,
    /// Absolute URL, judged before anything else happens.
    pub url: String,
    /// Headers, in order. `Host` and `Content-Length` are set by the implementation.
    pub headers: Vec<(String, HeaderValue)>,
    /// Body; empty for none.
    pub body: Bytes,
    /// Limits.
    pub limits: EgressLimits,
}

impl fmt::Debug for EgressRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressRequest")
            .field("purpose", &self.purpose)
            .field("method", &self.method)
            .field("url", &self.url)
            .field("headers", &self.headers)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}

/// The answer: status and headers, and a body that is read piece by piece.
pub struct EgressResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers with lower-case names, in order; values that are not visible ASCII are dropped.
    pub headers: Vec<(String, String)>,
    /// The body. Dropping it closes the connection.
    pub body: Box<dyn EgressBody>,
}

impl EgressResponse {
    /// The first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for EgressResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A response body. Caps and deadlines of the request hold while it is read.
#[async_trait]
pub trait EgressBody: Send {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks, a deadline passes or a cap is exceeded.
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, EgressError>;

    /// All that is left of it. Limits are those of the request.
    ///
    /// # Errors
    /// As [`EgressBody::next_chunk`].
    async fn whole(&mut self) -> Result<Vec<u8>, EgressError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.next_chunk().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// What was read makes sense, so the connection may serve another request once its end is reached. Without this it is
    /// closed. Doing it twice changes nothing.
    fn reuse(self: Box<Self>) {}
}

/// Opens connections. The only thing that may: every URL is judged (scheme, form, port, special names, every address
/// that the name resolves to), the judged address is the one connected to, and redirects are not followed.
#[async_trait]
pub trait Egress: Send + Sync {
    /// Sends a request on behalf of a tenant. Connections are never shared between tenants.
    ///
    /// # Errors
    /// [`EgressError`] says at which stage it failed and whether a byte of the request may have left.
    async fn send(&self, tenant: &TenantId, request: EgressRequest) -> Result<EgressResponse, EgressError>;

    /// Judges a URL without opening anything but name resolution, and returns it in canonical form: scheme and host
    /// in lower case, no default port, a path. Two spellings of one endpoint become one text.
    ///
    /// # Errors
    /// The rule that it breaks.
    async fn judge(&self, tenant: &TenantId, url: &str) -> Result<String, EgressError>;
}

/// At which stage an exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EgressStage {
    /// The URL or an address broke a rule. Nothing was sent.
    Judged,
    /// Resolution, TCP or TLS failed. Nothing was sent.
    Connect,
    /// Sending, or waiting for the answer. The upstream may have acted.
    Exchange,
    /// All was sent, and the connection ended without a byte of an answer. The upstream may have acted, and only it knows.
    Unanswered,
    /// Reading the body. The upstream has acted.
    Body,
}

/// A failed exchange. Holds no upstream text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("egress failed ({stage:?}): {code}: {detail}")]
pub struct EgressError {
    /// Stage.
    pub stage: EgressStage,
    /// One of `egress_refused`, `upstream_unreachable`, `upstream_tls`, `upstream_timeout`, `upstream_too_large`,
    /// `upstream_protocol`.
    pub code: Code,
    /// For a refusal the rule's name (`scheme`, `host_form`, `addr`, ...); else words of ours.
    pub detail: String,
    /// Whether the answer breaks HTTP in a way in which no correct server does by mistake: somebody may be trying out
    /// where two readers of it differ.
    pub is_breach: bool,
}

impl EgressError {
    /// A URL or address that breaks `rule`.
    pub fn refused(rule: impl Into<String>) -> Self {
        Self {
            stage: EgressStage::Judged,
            code: codes::EGRESS_REFUSED,
            detail: rule.into(),
            is_breach: false,
        }
    }

    /// Whether a byte of the request may have reached the upstream.
    pub fn may_have_acted(&self) -> bool {
        matches!(self.stage, EgressStage::Exchange | EgressStage::Unanswered | EgressStage::Body)
    }
}
