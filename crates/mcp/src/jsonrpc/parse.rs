//! Reading one message, strictly.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    ErrorCode, ErrorObject, Id, MAX_ID_BYTES, MAX_METHOD_BYTES, Message, Notification, Outcome, Request,
    Response,
};
use crate::members::folded;
use crate::scan::{JsonLimits, ScanError, scan};

/// A message that was refused, with its id where that could still be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct EnvelopeError {
    /// What is wrong.
    pub problem: EnvelopeProblem,
    /// For the error answer.
    pub id: Option<Id>,
}

/// What can be wrong with an envelope. Holds nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeProblem {
    /// Not JSON, or not UTF-8.
    #[error("message: not valid JSON")]
    NotJson,
    /// A limit of the scan.
    #[error("message: {0}")]
    Limit(ScanError),
    /// An array. Batches were removed from MCP in 2025-06-18.
    #[error("message: a batch (array); send one message at a time")]
    Batch,
    /// A scalar.
    #[error("message: expected a JSON object")]
    NotAnObject,
    /// An envelope member occurs twice.
    #[error("message: member `{0}` occurs twice")]
    Duplicate(&'static str),
    /// A member is missing, or breaks its rule.
    #[error("message: member `{member}`: {rule}")]
    Member {
        /// The member's name.
        member: &'static str,
        /// What was expected.
        rule: &'static str,
    },
}

impl EnvelopeError {
    /// The code of the error answer: -32700 for what is not JSON, else -32600.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self.problem {
            EnvelopeProblem::NotJson => ErrorCode::PARSE_ERROR,
            EnvelopeProblem::Limit(
                ScanError::NotUtf8 { .. } | ScanError::ByteOrderMark | ScanError::ControlCharacter { .. },
            ) => ErrorCode::PARSE_ERROR,
            _ => ErrorCode::INVALID_REQUEST,
        }
    }
}

impl From<EnvelopeProblem> for EnvelopeError {
    fn from(problem: EnvelopeProblem) -> Self {
        Self { problem, id: None }
    }
}

/// Reads one message. `limits` hold for the whole text; duplicate members of the envelope itself are refused even
/// where `limits` allow duplicates.
///
/// # Errors
/// [`EnvelopeError`], with the id where it could be read.
pub fn parse<'a>(bytes: &'a [u8], limits: &JsonLimits) -> Result<Message<'a>, EnvelopeError> {
    scan(bytes, limits).map_err(EnvelopeProblem::Limit)?;
    let text = std::str::from_utf8(bytes).map_err(|_| EnvelopeProblem::NotJson)?;
    let members = match text.trim_start_matches([' ', '\t', '\r', '\n']).as_bytes().first() {
        Some(b'{') => members(text)?,
        _ => return Err(not_an_object(text).into()),
    };
    let id = members.id.map(id_of);
    let readable = id.clone().and_then(Result::ok).flatten();
    message(&members, id).map_err(|problem| EnvelopeError { problem, id: readable })
}

/// A JSON object as a struct. (serde would take an array for a struct as well.)
pub(crate) fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    if raw.get().starts_with('{') { serde_json::from_str(raw.get()).ok() } else { None }
}

fn not_an_object(text: &str) -> EnvelopeProblem {
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        EnvelopeProblem::NotJson
    } else if text.trim_start().starts_with('[') {
        EnvelopeProblem::Batch
    } else {
        EnvelopeProblem::NotAnObject
    }
}

fn members(text: &str) -> Result<Members<'_>, EnvelopeProblem> {
    let members: Members<'_> = serde_json::from_str(text).map_err(|_| EnvelopeProblem::NotJson)?;
    match members.duplicate {
        Some(name) => Err(EnvelopeProblem::Duplicate(name)),
        None => Ok(members),
    }
}

const fn member(member: &'static str, rule: &'static str) -> EnvelopeProblem {
    EnvelopeProblem::Member { member, rule }
}

/// `id` is `None` when absent and `Some(Ok(None))` when null.
fn message<'a>(
    members: &Members<'a>,
    id: Option<Result<Option<Id>, EnvelopeProblem>>,
) -> Result<Message<'a>, EnvelopeProblem> {
    if members.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
        return Err(member("jsonrpc", "expected \"2.0\""));
    }
    let Some(method) = members.method else { return response(members, id.transpose()?.flatten()) };
    if members.result.is_some() || members.error.is_some() {
        return Err(member("method", "a request has neither `result` nor `error`"));
    }
    let method = method_of(method)?;
    let params = members.params.map(params_of).transpose()?.flatten();
    match id.transpose()? {
        None => Ok(Message::Notification(Notification { method, params })),
        Some(Some(id)) => Ok(Message::Request(Request { id, method, params })),
        Some(None) => Err(member("id", "expected a string or an integer, not null")),
    }
}

fn response<'a>(members: &Members<'a>, id: Option<Id>) -> Result<Message<'a>, EnvelopeProblem> {
    let outcome = match (members.result, members.error) {
        (Some(_), Some(_)) => return Err(member("result", "a response has `result` or `error`, not both")),
        (None, None) => return Err(member("method", "expected one of `method`, `result`, `error`")),
        (Some(_), None) if id.is_none() => return Err(member("id", "a result needs the id of its request")),
        (Some(result), None) => Outcome::Result(result),
        (None, Some(error)) => Outcome::Error(error_of(error)?),
    };
    Ok(Message::Response(Response { id, outcome, case_variants: members.case_variants }))
}

fn error_of(raw: &RawValue) -> Result<ErrorObject, EnvelopeProblem> {
    object(raw).ok_or(member("error", "expected an object with an integer `code` and a string `message`"))
}

fn id_of(raw: &RawValue) -> Result<Option<Id>, EnvelopeProblem> {
    if raw.get() == "null" {
        return Ok(None);
    }
    match serde_json::from_str::<Id>(raw.get()) {
        Ok(Id::Text(text)) if text.len() > MAX_ID_BYTES => Err(member("id", "longer than 256 bytes")),
        Ok(id) => Ok(Some(id)),
        Err(_) => Err(member("id", "expected a string or an integer")),
    }
}

fn method_of(raw: &RawValue) -> Result<Cow<'_, str>, EnvelopeProblem> {
    let method = text_of(raw).ok_or(member("method", "expected a string"))?;
    if method.is_empty() || method.len() > MAX_METHOD_BYTES {
        return Err(member("method", "expected 1 to 256 bytes"));
    }
    Ok(method)
}

fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(raw.get()).ok().map(|text| text.0)
}

fn params_of(raw: &RawValue) -> Result<Option<&RawValue>, EnvelopeProblem> {
    match raw.get().as_bytes().first() {
        Some(b'{') => Ok(Some(raw)),
        Some(b'n') => Ok(None),
        _ => Err(member("params", "expected an object")),
    }
}

/// The envelope's members as they stand. `null` is a member that is present, so no `Option` of serde here.
#[derive(Default)]
struct Members<'a> {
    jsonrpc: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    duplicate: Option<&'static str>,
    case_variants: bool,
}

/// A member's name, perhaps written with escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Whether a reader who does not mind case takes this name for one of the envelope.
fn is_case_variant(name: &str) -> bool {
    let folded = folded(name);
    folded != name && ["jsonrpc", "id", "method", "params", "result", "error"].contains(&folded.as_str())
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON-RPC message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Members::default();
        while let Some(Name(name)) = map.next_key::<Name<'de>>()? {
            let (slot, name) = match name.as_ref() {
                "jsonrpc" => (&mut members.jsonrpc, "jsonrpc"),
                "id" => (&mut members.id, "id"),
                "method" => (&mut members.method, "method"),
                "params" => (&mut members.params, "params"),
                "result" => (&mut members.result, "result"),
                "error" => (&mut members.error, "error"),
                other => {
                    members.case_variants |= is_case_variant(other);
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if slot.replace(map.next_value()?).is_some() {
                members.duplicate = Some(name);
            }
        }
        Ok(members)
    }
}
