//! `tools/call`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{ResultType, Retry, ViewError, result_type};
use crate::jsonrpc::{object, to_raw};
use crate::members::Members;
use crate::meta::{Block, OutgoingMeta};

/// `params` of `tools/call`. The arguments are copied byte for byte.
///
/// # Errors
/// [`ViewError`] when the arguments are no object.
pub fn call_params(
    name: &str,
    arguments: &RawValue,
    meta: &OutgoingMeta,
) -> Result<Box<RawValue>, ViewError> {
    retry_params(name, arguments, &Retry::default(), meta)
}

/// `params` of the retry of a `tools/call` that wanted input.
///
/// # Errors
/// As [`call_params`].
pub fn retry_params(
    name: &str,
    arguments: &RawValue,
    retry: &Retry,
    meta: &OutgoingMeta,
) -> Result<Box<RawValue>, ViewError> {
    if !arguments.get().starts_with('{') {
        return Err(ViewError { field: "arguments", rule: "expected an object" });
    }
    Ok(to_raw(&CallOut { name, arguments, retry, meta: meta.block() }))
}

/// `params` of a `tools/call` that we received.
#[derive(Clone, Debug)]
pub struct CallParams<'a> {
    /// The tool.
    pub name: Cow<'a, str>,
    /// A JSON object; absent means none.
    pub arguments: Option<&'a RawValue>,
}

impl<'a> CallParams<'a> {
    /// Reads the params.
    ///
    /// # Errors
    /// [`ViewError`] when there is no name, or the arguments are no object.
    pub fn parse(params: Option<&'a RawValue>) -> Result<Self, ViewError> {
        let error = ViewError { field: "params.name", rule: "expected a string" };
        let wire: CallIn<'_> = params.and_then(object).ok_or(error)?;
        if wire.arguments.is_some_and(|raw| !raw.get().starts_with('{')) {
            return Err(ViewError { field: "params.arguments", rule: "expected an object" });
        }
        Ok(Self { name: wire.name, arguments: wire.arguments })
    }
}

/// Result of `tools/call`.
#[derive(Clone, Debug)]
pub struct CallResult {
    /// What it is.
    pub kind: CallKind,
    /// The whole result, byte for byte.
    pub raw: Box<RawValue>,
}

/// What a call came to, by the flags of the protocol alone: texts in the result decide nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// Done.
    Complete {
        /// The tool itself reports a failure.
        is_error: bool,
    },
    /// Modern: the server wants the same request again, with what it hands out or asks for.
    InputRequired {
        /// It asks for input of the client, its people or its model; else it only hands out state.
        asks: bool,
    },
}

impl CallResult {
    /// Reads the result.
    ///
    /// # Errors
    /// [`ViewError`] for an unknown `resultType`, an `isError` that is no boolean, a complete result with neither
    /// `content` nor `structuredContent`, an input request that asks for nothing.
    pub fn parse(raw: &RawValue) -> Result<Self, ViewError> {
        let wire: ResultWire<'_> = object(raw).ok_or(ViewError {
            field: "result",
            rule: "expected an object; `isError` a boolean, `resultType` a string, each at most once",
        })?;
        let kind = match result_type(wire.result_type.as_deref())? {
            ResultType::Complete => complete(&wire)?,
            ResultType::InputRequired => {
                let asks = wire.input_requests.is_some_and(|requests| !is_empty(requests));
                if !asks && wire.request_state.is_none() {
                    return Err(ViewError {
                        field: "inputRequests",
                        rule: "expected some, or `requestState`",
                    });
                }
                CallKind::InputRequired { asks }
            }
        };
        Ok(Self { kind, raw: raw.to_owned() })
    }
}

fn is_empty(requests: &RawValue) -> bool {
    Members::of(requests.get()).is_some_and(|requests| requests.names().next().is_none())
}

fn complete(wire: &ResultWire<'_>) -> Result<CallKind, ViewError> {
    match wire.content {
        Some(content) if !content.get().starts_with('[') => {
            Err(ViewError { field: "content", rule: "expected an array" })
        }
        None if wire.structured_content.is_none() => {
            Err(ViewError { field: "content", rule: "expected it or `structuredContent`" })
        }
        _ => Ok(CallKind::Complete { is_error: wire.is_error.unwrap_or(false) }),
    }
}

#[derive(Serialize)]
struct CallOut<'a> {
    name: &'a str,
    arguments: &'a RawValue,
    #[serde(flatten)]
    retry: &'a Retry,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Block<'a>>,
}

#[derive(Deserialize)]
struct CallIn<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultWire<'a> {
    #[serde(default)]
    result_type: Option<String>,
    #[serde(default)]
    is_error: Option<bool>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    structured_content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input_requests: Option<&'a RawValue>,
    #[serde(borrow, default)]
    request_state: Option<&'a RawValue>,
}
