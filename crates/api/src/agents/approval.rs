//! What an agent gets whose call waits for a person.
//!
//! A modern client that can send its user to a URL is asked to, by a result that wants input (specification 2026-07-28,
//! multi-round-trip requests; elicitation in URL mode). The request that it sends again is judged as any other: what is
//! bound to an approval is found by what is called, so there is no state to carry, none to steal, and none to forge.
//! Anybody else is told in a result with `isError`.

use portcullis_mcp::ladder::AcceptedRequest;
use portcullis_mcp::messages::{UrlRequest, input_required_reply, text_reply};
use portcullis_mcp::version::Era;
use portcullis_schemas::Error;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::failures::told;
use super::input::declared;
use crate::approvals;
use crate::base::BaseUrl;

/// The one thing that is asked for.
const KEY: &str = "approval";

/// The result of a call that waits.
pub(super) fn waiting(accepted: &AcceptedRequest<'_>, base: &BaseUrl, error: &Error) -> Box<RawValue> {
    let page = error.reference().map(|(_, id)| base.join(&approvals::page_of(id)));
    let refused = Answers::of(accepted.request.params).is_refused();
    match page {
        Some(url) if opens_urls(accepted) && !refused => {
            let request = UrlRequest { key: KEY, message: error.public(), url: &url };
            input_required_reply(&request)
        }
        Some(url) => text_reply(accepted.version, &format!("{}; it is decided at {url}", told(error)), true),
        None => text_reply(accepted.version, &told(error), true),
    }
}

/// Whether the client says that its user can be sent to a URL: `elicitation: { url: {} }`.
fn opens_urls(accepted: &AcceptedRequest<'_>) -> bool {
    accepted.era == Era::Modern && declared(accepted).url
}

/// `inputResponses` of a request that is sent again.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answers {
    #[serde(default)]
    input_responses: Option<Responses>,
    /// There is none where we ask; what comes with one answers a server.
    #[serde(default)]
    request_state: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Responses {
    #[serde(default)]
    approval: Option<Response>,
}

#[derive(Deserialize)]
struct Response {
    action: String,
}

impl Answers {
    /// What cannot be read answers nothing.
    fn of(params: Option<&RawValue>) -> Self {
        params.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }

    /// The user does not want to be asked again.
    fn is_refused(&self) -> bool {
        let ours = self.input_responses.as_ref().filter(|_| self.request_state.is_none());
        let answer = ours.and_then(|all| all.approval.as_ref());
        answer.is_some_and(|answer| answer.action != "accept")
    }
}
