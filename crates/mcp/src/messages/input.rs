//! Results that ask for input (specification 2026-07-28, multi-round-trip requests). Modern only.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::jsonrpc::to_raw;

/// A request that the client's user be sent to a URL (elicitation in URL mode).
#[derive(Clone, Copy, Debug)]
pub struct UrlRequest<'a> {
    /// Names the request; the response carries it.
    pub key: &'a str,
    /// For the user: why.
    pub message: &'a str,
    /// Where to.
    pub url: &'a str,
}

/// The result that asks for it. The client sends the same request again, with its user's answer; there is no state to
/// give back.
#[must_use]
pub fn input_required_reply(request: &UrlRequest<'_>) -> Box<RawValue> {
    let params = Params { mode: "url", message: request.message, url: request.url };
    let asked = Elicitation { method: "elicitation/create", params };
    let requests = std::iter::once((request.key, asked)).collect();
    to_raw(&InputRequired { result_type: "input_required", input_requests: requests })
}

/// A result that asks for what another server wants to know, with the state that the client gives back. The requests are
/// copied byte for byte.
#[must_use]
pub fn asking_reply(requests: &RawValue, state: &str) -> Box<RawValue> {
    to_raw(&Asking { result_type: "input_required", input_requests: requests, request_state: state })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InputRequired<'a> {
    result_type: &'static str,
    input_requests: std::collections::BTreeMap<&'a str, Elicitation<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asking<'a> {
    result_type: &'static str,
    input_requests: &'a RawValue,
    request_state: &'a str,
}

#[derive(Serialize)]
struct Elicitation<'a> {
    method: &'static str,
    params: Params<'a>,
}

#[derive(Serialize)]
struct Params<'a> {
    mode: &'static str,
    message: &'a str,
    url: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_sent_to_a_url() {
        let request = UrlRequest { key: "approval", message: "look at it", url: "https://gw.example/a/1" };
        let expected = concat!(
            r#"{"resultType":"input_required","inputRequests":{"approval":{"method":"elicitation/create","#,
            r#""params":{"mode":"url","message":"look at it","url":"https://gw.example/a/1"}}}}"#,
        );
        assert_eq!(input_required_reply(&request).get(), expected);
    }
}
