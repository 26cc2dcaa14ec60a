//! Errors of both directions: what a peer sent, and what we may send.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Text that a peer wrote. It may hold control characters, markup or instructions: it has no `Display`, and its
/// `Debug` shows only its length, so that it cannot slip into a log line or an answer by accident.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct UntrustedText(String);

impl UntrustedText {
    /// Marks `text` as written by a peer.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it came. The caller neutralises it before showing it to anybody.
    #[must_use]
    pub fn as_untrusted_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UntrustedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UntrustedText({} bytes)", self.0.len())
    }
}

/// The `error` member of a peer's answer.
#[derive(Clone, Debug, Deserialize)]
pub struct ErrorObject {
    /// Any integer; see [`ErrorCode`] and [`received`] for the ones with a meaning.
    pub code: i64,
    /// For people, by the peer.
    pub message: UntrustedText,
    /// Raw, of any type.
    #[serde(default)]
    pub data: Option<Box<RawValue>>,
}

impl ErrorObject {
    /// Whether the code is one that only servers of the modern era send: the sign by which era detection knows one.
    #[must_use]
    pub fn is_modern(&self) -> bool {
        [
            ErrorCode::HEADER_MISMATCH,
            ErrorCode::MISSING_CLIENT_CAPABILITY,
            ErrorCode::UNSUPPORTED_PROTOCOL_VERSION,
        ]
        .iter()
        .any(|code| code.value() == self.code)
    }
}

/// Codes that are read and never sent (specification 2026-07-28, error codes).
pub mod received {
    /// Resource not found, up to 2025-11-25. Now -32602.
    pub const RESOURCE_NOT_FOUND_LEGACY: i64 = -32002;
    /// URL elicitation required, 2025-11-25 only.
    pub const URL_ELICITATION_REQUIRED_LEGACY: i64 = -32042;
}

/// A code that we may send.
///
/// -32000..-32019 have no meaning and -32020..-32099 belong to the specification, so no value of this type can be
/// in those ranges but the three that the specification defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ErrorCode(i64);

impl ErrorCode {
    /// The body is not JSON.
    pub const PARSE_ERROR: Self = Self(-32700);
    /// JSON, but no JSON-RPC request.
    pub const INVALID_REQUEST: Self = Self(-32600);
    /// No such method (modern: HTTP 404).
    pub const METHOD_NOT_FOUND: Self = Self(-32601);
    /// The parameters do not fit the method; also an unknown tool or resource.
    pub const INVALID_PARAMS: Self = Self(-32602);
    /// The server's own fault.
    pub const INTERNAL_ERROR: Self = Self(-32603);
    /// Modern: a mirrored header is missing, malformed or differs from the body (HTTP 400).
    pub const HEADER_MISMATCH: Self = Self(-32020);
    /// Modern: the request did not declare a capability that it needs; `data.requiredCapabilities` (HTTP 400).
    pub const MISSING_CLIENT_CAPABILITY: Self = Self(-32021);
    /// Modern: `data.supported` and `data.requested` (HTTP 400).
    pub const UNSUPPORTED_PROTOCOL_VERSION: Self = Self(-32022);

    /// An application's own code: any integer outside -32768..=-32000, which JSON-RPC and MCP reserve.
    #[must_use]
    pub const fn application(code: i64) -> Option<Self> {
        if code >= -32768 && code <= -32000 { None } else { Some(Self(code)) }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn value(self) -> i64 {
        self.0
    }
}

/// An error that we send. Its message is ours: never text of a peer, never a secret.
#[derive(Clone, Debug, Serialize)]
pub struct RpcError {
    /// What kind of error.
    pub code: ErrorCode,
    /// One sentence for people.
    pub message: String,
    /// More for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Box<RawValue>>,
}

impl RpcError {
    /// An error without data.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// The same error with `data`.
    #[must_use]
    pub fn with_data(mut self, data: &serde_json::Value) -> Self {
        self.data = Some(super::to_raw(data));
        self
    }
}
