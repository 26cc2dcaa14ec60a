//! Requests of a legacy server on the stream of one of ours.

use serde_json::value::RawValue;

use crate::capabilities::ClientCapabilities;
use crate::jsonrpc::{ErrorCode, Id, Request, RpcError, error_response, result_response, to_raw};
use crate::members::Members;

/// A request that is refused, or a `ping`. It goes to nobody but the transport.
#[derive(Clone, Debug)]
pub struct ServerRequest {
    id: Id,
    is_ping: bool,
}

impl ServerRequest {
    pub(super) fn new(id: Id, is_ping: bool) -> Self {
        Self { id, is_ping }
    }

    /// The message to POST: an empty result for `ping`, -32601 for all else: nothing that this request lets be asked.
    #[must_use]
    pub fn reply(&self) -> Vec<u8> {
        if self.is_ping {
            return result_response(&self.id, &to_raw(&crate::meta::Nothing {}));
        }
        let error = RpcError::new(
            ErrorCode::METHOD_NOT_FOUND,
            "the client does not let itself be asked for this here",
        );
        error_response(Some(&self.id), &error)
    }

    /// Whether it is a `ping`.
    #[must_use]
    pub fn is_ping(&self) -> bool {
        self.is_ping
    }
}

/// A request for what the server was told that it may ask for. What it says is unexamined.
#[derive(Clone, Debug)]
pub struct Question {
    id: Id,
    method: String,
    params: Option<Box<RawValue>>,
}

impl Question {
    /// The request as a question, if it asks for what is accepted.
    pub(super) fn of(request: &Request<'_>, accepts: ClientCapabilities) -> Option<Self> {
        let is_url = || {
            let params = request.params.and_then(|params| Members::of(params.get()));
            params.and_then(|params| params.value::<String>("mode")).as_deref() == Some("url")
        };
        let is_accepted = match request.method.as_ref() {
            "elicitation/create" if accepts.form || accepts.url => {
                if is_url() {
                    accepts.url
                } else {
                    accepts.form
                }
            }
            "sampling/createMessage" => accepts.sampling,
            "roots/list" => accepts.roots,
            _ => false,
        };
        is_accepted.then(|| Self {
            id: request.id.clone(),
            method: request.method.clone().into_owned(),
            params: request.params.map(RawValue::to_owned),
        })
    }

    /// As a modern server would ask it in `inputRequests`: without id and `_meta`, which are between the two of us.
    #[must_use]
    pub fn as_input_request(&self) -> Box<RawValue> {
        let mut request = Members::default();
        request.put("method", &self.method);
        if let Some(mut params) = self.params.as_deref().and_then(|params| Members::of(params.get())) {
            params.retain(|name| name != "_meta");
            request.put("params", &params);
        }
        request.to_raw()
    }

    /// The message to POST with this answer, which is copied byte for byte.
    #[must_use]
    pub fn answer(&self, result: &RawValue) -> Vec<u8> {
        result_response(&self.id, result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: ClientCapabilities =
        ClientCapabilities { form: true, url: true, sampling: true, sampling_tools: false, roots: true };

    fn question(method: &str, params: Option<&str>, accepts: ClientCapabilities) -> Option<Question> {
        let params = params.map(|text| RawValue::from_string(text.to_owned()).unwrap());
        let request = Request { id: Id::Integer(7), method: method.into(), params: params.as_deref() };
        Question::of(&request, accepts)
    }

    #[test]
    fn a_server_may_ask_for_what_it_was_told_of() {
        let none = ClientCapabilities::default();
        let form = ClientCapabilities { form: true, ..none };
        let url = ClientCapabilities { url: true, ..none };
        let table = [
            ("elicitation/create", Some("{}"), form, true),
            ("elicitation/create", Some(r#"{"mode":"form"}"#), form, true),
            ("elicitation/create", Some(r#"{"mode":"url"}"#), form, false),
            ("elicitation/create", Some(r#"{"mode":"url"}"#), url, true),
            ("elicitation/create", None, url, false),
            ("elicitation/create", Some("{}"), none, false),
            ("sampling/createMessage", Some("{}"), ClientCapabilities { sampling: true, ..none }, true),
            ("sampling/createMessage", Some("{}"), form, false),
            ("roots/list", None, ClientCapabilities { roots: true, ..none }, true),
            ("roots/list", None, url, false),
            ("Roots/list", None, ALL, false),
            ("tools/call", Some("{}"), ALL, false),
            ("ping", None, ALL, false),
        ];
        for (method, params, accepts, expected) in table {
            let asked = question(method, params, accepts).is_some();
            assert_eq!(asked, expected, "{method} {params:?} {accepts:?}");
        }
    }

    #[test]
    fn a_question_is_told_without_what_is_of_the_session_alone() {
        let table = [
            (
                Some(r#"{"_meta":{"progressToken":1},"message":"\u0061", "n":1.10}"#),
                r#"{"method":"roots/list","params":{"message":"\u0061","n":1.10}}"#,
            ),
            (None, r#"{"method":"roots/list"}"#),
        ];
        for (params, expected) in table {
            let told = question("roots/list", params, ALL).unwrap().as_input_request();
            assert_eq!(told.get(), expected);
        }
        let answer = RawValue::from_string(r#"{ "n":1.10 }"#.to_owned()).unwrap();
        let posted = question("roots/list", None, ALL).unwrap().answer(&answer);
        assert_eq!(String::from_utf8(posted).unwrap(), r#"{"jsonrpc":"2.0","id":7,"result":{ "n":1.10 }}"#);
    }
}
