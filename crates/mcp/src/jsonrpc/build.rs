//! Writing messages. Raw parts are copied byte for byte.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Id, RpcError};

/// A request. The caller mints `id`: unpredictable, and used for this one request only.
#[must_use]
pub fn request(id: &Id, method: &str, params: Option<&RawValue>) -> Vec<u8> {
    write(&Outgoing { id: Some(id), method: Some(method), params, ..Outgoing::EMPTY })
}

/// A notification.
#[must_use]
pub fn notification(method: &str, params: Option<&RawValue>) -> Vec<u8> {
    write(&Outgoing { method: Some(method), params, ..Outgoing::EMPTY })
}

/// An answer with a result.
#[must_use]
pub fn result_response(id: &Id, result: &RawValue) -> Vec<u8> {
    write(&Outgoing { id: Some(id), result: Some(result), ..Outgoing::EMPTY })
}

/// An answer with an error; without an id (`"id":null`) when the request's could not be read.
#[must_use]
pub fn error_response(id: Option<&Id>, error: &RpcError) -> Vec<u8> {
    match id {
        Some(id) => write(&Outgoing { id: Some(id), error: Some(error), ..Outgoing::EMPTY }),
        None => write(&AnonymousError { jsonrpc: "2.0", id: (), error }),
    }
}

/// Our own plain data as raw JSON. Only for types whose maps have string keys, which cannot fail to serialise.
pub(crate) fn to_raw<T: Serialize + ?Sized>(value: &T) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("plain data with string keys always serialises")
}

#[derive(Serialize)]
struct Outgoing<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a RpcError>,
}

impl Outgoing<'_> {
    const EMPTY: Self =
        Self { jsonrpc: "2.0", id: None, method: None, params: None, result: None, error: None };
}

#[derive(Serialize)]
struct AnonymousError<'a> {
    jsonrpc: &'static str,
    id: (),
    error: &'a RpcError,
}

fn write<T: Serialize>(message: &T) -> Vec<u8> {
    serde_json::to_vec(message).expect("an envelope of strings, integers and raw JSON always serialises")
}
