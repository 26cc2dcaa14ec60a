//! The JSON-RPC 2.0 envelope as MCP narrows it, over raw JSON.
//!
//! Reading is strict: exact case, no duplicate member, no batch, ids of the exact type, either `result` or `error`.
//! Members that the envelope does not define are dropped. `params` and `result` stay raw.

mod build;
mod error;
mod parse;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use build::{error_response, notification, request, result_response};
pub use error::{ErrorCode, ErrorObject, RpcError, UntrustedText, received};
pub use parse::{EnvelopeError, EnvelopeProblem, parse};

pub(crate) use build::to_raw;
pub(crate) use parse::object;

/// Longest text of an id that is read, in bytes. An id is echoed, so it must not be a place to store things.
pub const MAX_ID_BYTES: usize = 256;

/// Longest method name that is read, in bytes.
pub const MAX_METHOD_BYTES: usize = 256;

/// A request id or progress token: a string or an integer, never null. `"1"` and `1` are different ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    /// A JSON number without fraction or exponent.
    Integer(i64),
    /// A JSON string.
    Text(String),
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// One incoming message.
#[derive(Clone, Debug)]
pub enum Message<'a> {
    /// Wants an answer.
    Request(Request<'a>),
    /// Wants none.
    Notification(Notification<'a>),
    /// Is an answer.
    Response(Response<'a>),
}

/// A request of the peer.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Echoed in the answer, in its exact type.
    pub id: Id,
    /// Case-sensitive.
    pub method: Cow<'a, str>,
    /// A JSON object, unparsed. `null` is read as absent.
    pub params: Option<&'a RawValue>,
}

/// A notification of the peer.
#[derive(Clone, Debug)]
pub struct Notification<'a> {
    /// Case-sensitive.
    pub method: Cow<'a, str>,
    /// A JSON object, unparsed. `null` is read as absent.
    pub params: Option<&'a RawValue>,
}

/// An answer of the peer.
#[derive(Clone, Debug)]
pub struct Response<'a> {
    /// `None` (null or absent) only for an error to a request whose id the peer could not read.
    pub id: Option<Id>,
    /// What was answered.
    pub outcome: Outcome<'a>,
    /// Whether there are members besides that a reader who does not mind case takes for those of the envelope. They were
    /// dropped, like every member that it does not define.
    pub case_variants: bool,
}

/// Exactly one of the two members of an answer.
#[derive(Clone, Debug)]
pub enum Outcome<'a> {
    /// The raw `result`, whatever JSON it is: the views of [`crate::messages`] judge its shape.
    Result(&'a RawValue),
    /// The `error`.
    Error(ErrorObject),
}

#[cfg(test)]
mod tests;
