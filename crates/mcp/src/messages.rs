//! Small typed views of the messages that a gateway needs, in both eras.
//!
//! A view reads the few members that decide something, is lenient about all others, and keeps the raw JSON beside
//! it. Builders return raw `params` or `result` for [`crate::jsonrpc::request`] and
//! [`crate::jsonrpc::result_response`].

mod call;
mod continuation;
mod handshake;
mod input;
mod items;
mod list;
mod listen;
mod notices;
mod replies;

use serde::{Deserialize, Serialize};

pub use call::{CallKind, CallParams, CallResult, call_params, retry_params};
pub use continuation::{Continuation, MAX_INPUT_REQUESTS, MAX_REQUEST_STATE, Retry};
pub use handshake::{
    DiscoverResult, InitializeParams, InitializeResult, discover_params, initialize_params, ping_params,
};
pub use input::{UrlRequest, asking_reply, input_required_reply};
pub use items::{
    CompleteParams, Completing, ReadParams, complete_params, is_task, parse_result, read_params,
};
pub use list::{ItemFault, ItemProblem, ListPage, Listing, RawItem, cursor_of, list_params};
pub use listen::{ListChanges, acknowledged_params, changed_params, listen_params, listen_reply};
pub use notices::{Cancelled, Progress, cancelled_params, progress_params};
pub use replies::{Capabilities, discover_reply, empty_reply, initialize_reply, list_reply, text_reply};

/// Method names. Exact case.
pub mod method {
    /// Modern: versions and capabilities. Must exist on every modern server.
    pub const DISCOVER: &str = "server/discover";
    /// Legacy: the handshake.
    pub const INITIALIZE: &str = "initialize";
    /// Legacy notification: ends the handshake.
    pub const INITIALIZED: &str = "notifications/initialized";
    /// Legacy, both directions.
    pub const PING: &str = "ping";
    /// Both eras.
    pub const TOOLS_LIST: &str = "tools/list";
    /// Both eras.
    pub const TOOLS_CALL: &str = "tools/call";
    /// Both eras.
    pub const PROMPTS_LIST: &str = "prompts/list";
    /// Both eras.
    pub const RESOURCES_LIST: &str = "resources/list";
    /// Both eras.
    pub const TEMPLATES_LIST: &str = "resources/templates/list";
    /// Both eras.
    pub const COMPLETE: &str = "completion/complete";
    /// Both eras; mirrored by name.
    pub const PROMPTS_GET: &str = "prompts/get";
    /// Both eras; mirrored by uri.
    pub const RESOURCES_READ: &str = "resources/read";
    /// Legacy on HTTP, both eras on stdio. Modern HTTP cancels by closing the stream.
    pub const CANCELLED: &str = "notifications/cancelled";
    /// Both eras, from the server.
    pub const PROGRESS: &str = "notifications/progress";
    /// Modern: a stream that tells of changes.
    pub const LISTEN: &str = "subscriptions/listen";
    /// Modern, from the server: the first message of such a stream.
    pub const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
    /// Both eras, from the server.
    pub const TOOLS_LIST_CHANGED: &str = "notifications/tools/list_changed";
    /// Both eras, from the server.
    pub const PROMPTS_LIST_CHANGED: &str = "notifications/prompts/list_changed";
    /// Both eras, from the server.
    pub const RESOURCES_LIST_CHANGED: &str = "notifications/resources/list_changed";
    /// Those three.
    pub const LIST_CHANGES: [&str; 3] = [TOOLS_LIST_CHANGED, PROMPTS_LIST_CHANGED, RESOURCES_LIST_CHANGED];
}

/// A message whose members do not fit its view. Names our own field and rule, nothing of the peer's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {rule}")]
pub struct ViewError {
    /// The member.
    pub field: &'static str,
    /// What was expected.
    pub rule: &'static str,
}

/// `clientInfo` or `serverInfo`. Self-reported, so it decides nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Implementation {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
}

/// `resultType` of a result: the two core values. Anything else is invalid, absent means complete (specification:
/// result responses).
fn result_type(text: Option<&str>) -> Result<ResultType, ViewError> {
    match text {
        None | Some("complete") => Ok(ResultType::Complete),
        Some("input_required") => Ok(ResultType::InputRequired),
        Some(_) => Err(ViewError { field: "resultType", rule: "expected `complete` or `input_required`" }),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ResultType {
    Complete,
    InputRequired,
}

/// For results that can only be complete.
fn complete(text: Option<&str>) -> Result<(), ViewError> {
    match result_type(text)? {
        ResultType::Complete => Ok(()),
        ResultType::InputRequired => Err(ViewError { field: "resultType", rule: "expected `complete`" }),
    }
}

#[cfg(test)]
mod tests;
