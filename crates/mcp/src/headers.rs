//! HTTP headers of MCP: names, the value encoding, session ids, and the mirroring of tool parameters.
//!
//! Source: specification 2026-07-28, streamable HTTP, sections request metadata and custom headers. Names are written
//! in lower case, as HTTP compares them without case; values are case-sensitive.

mod declared;
mod lines;
mod mirror;
mod value;

use std::fmt;

use crate::messages::method;
use crate::version::{Era, ProtocolVersion};

pub use declared::{ParamHeader, ParamKind, Violation, ViolationRule, declared_params};
pub use lines::{HeaderLines, Line};
pub use mirror::{MirrorError, Mismatch, check_param_headers, param_headers};
pub use value::{ValueError, decode_value, encode_value};

/// `MCP-Protocol-Version`.
pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// `Mcp-Method`.
pub const METHOD: &str = "mcp-method";
/// `Mcp-Name`.
pub const NAME: &str = "mcp-name";
/// `Mcp-Param-`, followed by the name of an `x-mcp-header` annotation.
pub const PARAM_PREFIX: &str = "mcp-param-";
/// `Mcp-Session-Id`, legacy only.
pub const SESSION_ID: &str = "mcp-session-id";
/// `Last-Event-ID`, legacy only.
pub const LAST_EVENT_ID: &str = "last-event-id";
/// The `Accept` that every POST must carry.
pub const ACCEPT_BOTH: &str = "application/json, text/event-stream";
/// The media type of a single message.
pub const JSON: &str = "application/json";
/// The media type of a stream of messages.
pub const EVENT_STREAM: &str = "text/event-stream";

/// A header to send: name in lower case, and its value.
pub type Header = (String, String);

/// The MCP headers of one POST.
///
/// Modern: version, method, and for the methods that are mirrored by name ([`mirrored_member`]) `name`, encoded.
/// Legacy: the negotiated version alone, and nothing for `initialize`, where none is negotiated yet.
#[must_use]
pub fn standard_headers(version: ProtocolVersion, method: &str, name: Option<&str>) -> Vec<Header> {
    let version_line = (PROTOCOL_VERSION.to_owned(), version.to_string());
    if version.era() == Era::Legacy {
        return if method == method::INITIALIZE { Vec::new() } else { vec![version_line] };
    }
    let mut headers = vec![version_line, (METHOD.to_owned(), method.to_owned())];
    if let Some(name) = name.filter(|_| mirrored_member(method).is_some()) {
        headers.push((NAME.to_owned(), encode_value(name)));
    }
    headers
}

/// The member of `params` that `Mcp-Name` mirrors for a method; `None` for methods without `Mcp-Name`.
#[must_use]
pub fn mirrored_member(method: &str) -> Option<&'static str> {
    match method {
        method::TOOLS_CALL | method::PROMPTS_GET => Some("name"),
        method::RESOURCES_READ => Some("uri"),
        "tasks/get" | "tasks/update" | "tasks/cancel" => Some("taskId"),
        _ => None,
    }
}

/// A legacy session id: 1 to 1024 bytes of visible ASCII (0x21..0x7E). Who holds it may use the session, so `Debug`
/// does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(String);

impl SessionId {
    /// Checks the value of an `Mcp-Session-Id` header.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=1024).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }

    /// For the header of the next request.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

#[cfg(test)]
mod tests;
