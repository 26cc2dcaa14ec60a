//! Whose tokens a server takes, by what the server itself says (MCP authorization; RFC 8414, RFC 9728, RFC 7591).
//!
//! Order: a refusal's challenge, [`ProtectedResource::judge`], [`AuthorizationServer::judge`], [`choose`], and where nobody
//! knows us yet [`registration_of`] and [`judge_registration`]; then [`Discovered`] has what an admin would have named. All
//! of it is a function of values, and all texts are a stranger's until they were judged here.

use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::integrations::mcp::oauth::{OauthScope, UpstreamOauth};
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::wire::McpFailure;
use portcullis_schemas::text::UrlText;
use portcullis_schemas::{Error, ErrorKind};
use portcullis_trail::strict::{self, Limits};
use serde_json::{Map, Value};

mod metadata;
mod registration;
mod resource;
mod scopes;
#[cfg(test)]
mod tests;

pub use metadata::AuthorizationServer;
pub use portcullis_mcp::authorization::{Challenge, resource_metadata_urls, server_metadata_urls};
pub use registration::{
    Asked, Chosen, Discovered, Document, PUBLIC_CLIENT, choose, judge_registration, registration_of,
};
pub use resource::ProtectedResource;
pub use scopes::{scope_advice, scope_to_ask, stepped_up, wider_than};

/// Most bytes of a metadata document, and of the answer to a registration.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// Enough for any of them.
const LIMITS: Limits = Limits { max_depth: 16, max_nodes: 8192 };

/// Why what was found cannot be used: where, and what was expected. Holds no text of a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: expected {expected}")]
pub struct Unusable {
    /// The member, or the document.
    pub at: &'static str,
    /// The rule.
    pub expected: &'static str,
    /// What the admin is told it is.
    pub code: Code,
}

impl Unusable {
    const fn new(at: &'static str, expected: &'static str) -> Self {
        Self { at, expected, code: codes::AUTHORIZATION_REFUSED }
    }

    /// A challenge that [strays](Challenge::strays_from).
    pub const ASTRAY: Self = Self::new("`resource_metadata`", "a URL at the host of the MCP server");

    /// For the admin.
    pub fn to_error(self) -> Error {
        let message = format!(
            "what the MCP server's side says of its authorization cannot be used: {self}; ask those who run it"
        );
        Error::new(ErrorKind::Upstream, self.code, message)
    }
}

/// The strict JSON object that a document is.
fn object(bytes: &[u8], at: &'static str) -> Result<Map<String, Value>, Unusable> {
    match strict::parse(bytes, LIMITS) {
        Ok(Value::Object(members)) if bytes.len() <= MAX_DOCUMENT_BYTES => Ok(members),
        _ => Err(Unusable::new(at, "a strict JSON object of at most 256 KiB")),
    }
}

/// A web URL without user and fragment, of visible ASCII; `None` where the member is not there.
fn url(members: &Map<String, Value>, name: &str, at: &'static str) -> Result<Option<UrlText>, Unusable> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            web_url(text).map(Some).ok_or(NOT_A_URL).map_err(|rule| Unusable::new(at, rule))
        }
        Some(_) => Err(Unusable::new(at, NOT_A_URL)),
    }
}

const NOT_A_URL: &str = "a web URL of at most 2048 visible signs, without user and fragment";

fn web_url(text: &str) -> Option<UrlText> {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\\\"<>@`".contains(&byte));
    (is_web && is_plain).then(|| UrlText::new(text).ok()).flatten()
}

/// A list of texts; `None` where the member is not there.
fn texts(
    members: &Map<String, Value>,
    name: &str,
    at: &'static str,
) -> Result<Option<Vec<String>>, Unusable> {
    let wrong = Unusable::new(at, "a list of at most 256 texts");
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) if items.len() <= 256 => {
            let text = |item: &Value| item.as_str().map(str::to_owned).ok_or(wrong);
            items.iter().map(text).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(wrong),
    }
}
