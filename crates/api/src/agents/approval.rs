//! What an agent gets whose call waits for a person: for one who approves it, or for its own user, who has an account to
//! connect.
//!
//! A modern client that can send its user to a URL is asked to, by a result that wants input (specification 2026-07-28,
//! multi-round-trip requests; elicitation in URL mode). The request that it sends again is judged as any other: what is
//! bound to an approval is found by what is called, so there is no state to carry, none to steal, and none to forge.
//! Anybody else is told in a result with `isError`.

use portcullis_mcp::ladder::AcceptedRequest;
use portcullis_mcp::messages::{UrlRequest, input_required_reply, method, text_reply};
use portcullis_mcp::version::Era;
use portcullis_schemas::{Error, ErrorKind};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::failures::{Refused, of_approval, told};
use super::input::declared;
use crate::approvals;
use crate::base::BaseUrl;

/// The one thing that is asked for: that a page be opened.
const KEY: &str = "approval";

/// Whether there is a page on which a person can have the call go on.
pub(super) fn waits(error: &Error) -> bool {
    error.kind() == ErrorKind::AwaitsApproval || error.page().is_some()
}

/// The result of a call of a tool that waits.
pub(super) fn waiting(accepted: &AcceptedRequest<'_>, base: &BaseUrl, error: &Error) -> Box<RawValue> {
    let page = page(base, error);
    if let Some(asked) = asked(accepted, page.as_deref(), error) {
        return asked;
    }
    let what = if error.page().is_some() { "it is done by a person" } else { "it is decided" };
    let decided = page.map(|page| format!("; {what} at {page}")).unwrap_or_default();
    text_reply(accepted.version, &format!("{}{decided}", told(error)), true)
}

/// What comes of a prompt or a resource that waits, or of a completion, which asks for nothing.
///
/// # Errors
/// The failure in band, with the page: their results have no `isError`.
pub(super) fn item_waiting(
    accepted: &AcceptedRequest<'_>,
    base: &BaseUrl,
    error: &Error,
) -> Result<Box<RawValue>, Refused> {
    let page = page(base, error);
    let may_ask = accepted.request.method != method::COMPLETE;
    let asked = if may_ask { asked(accepted, page.as_deref(), error) } else { None };
    asked.ok_or_else(|| of_approval(error, page.as_deref()))
}

/// Where it is decided.
fn page(base: &BaseUrl, error: &Error) -> Option<String> {
    let approval = || error.reference().map(|(_, id)| approvals::page_of(id));
    error.page().map(str::to_owned).or_else(approval).map(|path| base.join(&path))
}

/// The wish that the user go there, for a client that sends users to URLs and whose user has not declined.
fn asked(accepted: &AcceptedRequest<'_>, page: Option<&str>, error: &Error) -> Option<Box<RawValue>> {
    let is_refused = Answers::of(accepted.request.params).is_refused();
    let url = page.filter(|_| opens_urls(accepted) && !is_refused)?;
    Some(input_required_reply(&UrlRequest { key: KEY, message: error.public(), url }))
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
