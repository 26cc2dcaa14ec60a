//! Requests that go on where a result that asked for input left off (2026-07-28, multi round-trip requests): what we send
//! of it, and what we receive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{CallKind, CallResult, ViewError};
use crate::jsonrpc::{object, to_raw};

/// Most input requests of one result.
pub const MAX_INPUT_REQUESTS: usize = 32;
/// Most bytes of a server's `requestState`, as it is written: it is carried back and forth.
pub const MAX_REQUEST_STATE: usize = 16 * 1024;

/// What goes back to a server that wants input: nothing, with the first request.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// An answer to each input request; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    input_responses: Option<Box<RawValue>>,
    /// As the server sent it, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_state: Option<Box<RawValue>>,
}

impl Retry {
    /// The answers that somebody gave, an object by the names of what was asked, and the state as it came. Both are copied
    /// byte for byte.
    #[must_use]
    pub fn with(input_responses: Option<Box<RawValue>>, request_state: Option<Box<RawValue>>) -> Self {
        Self { input_responses, request_state }
    }

    /// Bytes of the state, as it is written.
    #[must_use]
    pub fn state_len(&self) -> usize {
        self.request_state.as_ref().map_or(0, |state| state.get().len())
    }

    /// The retry that a result of [`CallKind::InputRequired`] wants, from a client that nobody sits at: every elicitation
    /// is dismissed, the state goes back as it came.
    ///
    /// # Errors
    /// [`ViewError`] for a result of another kind, malformed input requests, more than [`MAX_INPUT_REQUESTS`] of them, a
    /// request for anything but elicitation (there is no model and there are no roots to ask), a state that is no string.
    pub fn dismissing(result: &CallResult) -> Result<Self, ViewError> {
        if !matches!(result.kind, CallKind::InputRequired { .. }) {
            return Err(ViewError { field: "resultType", rule: "expected `input_required`" });
        }
        let wire: Asked<'_> =
            object(&result.raw).ok_or(ViewError { field: "result", rule: "expected an object" })?;
        let input_responses = wire.input_requests.map(dismissed).transpose()?;
        let request_state = wire.request_state.map(RawValue::to_owned);
        if request_state.as_ref().is_some_and(|state| !state.get().starts_with('"')) {
            return Err(ViewError { field: "requestState", rule: "expected a string" });
        }
        Ok(Self { input_responses, request_state })
    }
}

/// What a request that we received goes on from.
#[derive(Clone, Debug)]
pub struct Continuation<'a> {
    /// The state that we gave out.
    pub state: String,
    /// An object by the names of what was asked; absent if nothing is answered.
    pub responses: Option<&'a RawValue>,
}

impl<'a> Continuation<'a> {
    /// Reads the params of a request; `None` for one that begins anew. Answers without a state are answers to nothing that
    /// we have asked by one, and are left out.
    ///
    /// # Errors
    /// [`ViewError`] when the state is no string, or the answers are no object.
    pub fn parse(params: Option<&'a RawValue>) -> Result<Option<Self>, ViewError> {
        let Some(wire) = params.and_then(object::<Continuing<'_>>) else { return Ok(None) };
        let Some(state) = wire.request_state else { return Ok(None) };
        let wrong = ViewError { field: "params.requestState", rule: "expected a string" };
        let state = serde_json::from_str(state.get()).map_err(|_| wrong)?;
        if wire.input_responses.is_some_and(|raw| !raw.get().starts_with('{')) {
            return Err(ViewError { field: "params.inputResponses", rule: "expected an object" });
        }
        Ok(Some(Self { state, responses: wire.input_responses }))
    }
}

fn dismissed(requests: &RawValue) -> Result<Box<RawValue>, ViewError> {
    let wrong = |rule| ViewError { field: "inputRequests", rule };
    let asked: BTreeMap<String, InputRequest> =
        object(requests).ok_or(wrong("expected an object of requests, each with its `method`"))?;
    if asked.len() > MAX_INPUT_REQUESTS {
        return Err(wrong("expected at most 32"));
    }
    if asked.values().any(|request| request.method != ELICITATION) {
        return Err(wrong("expected `elicitation/create`: nothing else can be answered here"));
    }
    let answers: BTreeMap<_, _> = asked.keys().map(|key| (key, Dismissed { action: "cancel" })).collect();
    Ok(to_raw(&answers))
}

/// The one input request that can be answered without a user, a model or roots: by saying so.
const ELICITATION: &str = "elicitation/create";

#[derive(Deserialize)]
struct InputRequest {
    method: String,
}

/// The answer to an elicitation that nobody saw: dismissed without a choice.
#[derive(Serialize)]
struct Dismissed {
    action: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    #[serde(borrow, default)]
    input_requests: Option<&'a RawValue>,
    #[serde(borrow, default)]
    request_state: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Continuing<'a> {
    #[serde(borrow, default)]
    request_state: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input_responses: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_goes_on_from_is_read_or_refused() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let read = |text: &str| {
            let raw = raw(text);
            Continuation::parse(Some(&raw))
                .map(|found| found.map(|found| (found.state, found.responses.map(|it| it.get().to_owned()))))
        };
        assert_eq!(read(r#"{"name":"t"}"#), Ok(None));
        assert_eq!(read(r#"{"inputResponses":{"a":{}}}"#), Ok(None), "an answer to nothing");
        assert_eq!(read(r#"{"requestState":"s"}"#), Ok(Some(("s".to_owned(), None))));
        let odd = r#"{"a":{ "n":1.10 }}"#;
        let both = read(&format!(r#"{{"requestState":"\u0073","inputResponses":{odd}}}"#));
        assert_eq!(both, Ok(Some(("s".to_owned(), Some(odd.to_owned())))), "byte for byte");
        for (bad, field) in [
            (r#"{"requestState":7}"#, "params.requestState"),
            (r#"{"requestState":["s"]}"#, "params.requestState"),
            (r#"{"requestState":"s","inputResponses":[]}"#, "params.inputResponses"),
            (r#"{"requestState":"s","inputResponses":"a"}"#, "params.inputResponses"),
        ] {
            assert_eq!(read(bad).unwrap_err().field, field, "{bad}");
        }
        assert!(Continuation::parse(None).unwrap().is_none());
    }
}
