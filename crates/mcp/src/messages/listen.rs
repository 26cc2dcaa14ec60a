//! `subscriptions/listen`, as far as it is about lists. Modern only.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Implementation, ViewError};
use crate::jsonrpc::{Id, object, to_raw};
use crate::meta::{Block, OutgoingMeta};

/// Which lists somebody wants to hear of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListChanges {
    /// `tools/list`.
    #[serde(default, rename = "toolsListChanged", skip_serializing_if = "is_false")]
    pub tools: bool,
    /// `prompts/list`.
    #[serde(default, rename = "promptsListChanged", skip_serializing_if = "is_false")]
    pub prompts: bool,
    /// `resources/list` and `resources/templates/list`.
    #[serde(default, rename = "resourcesListChanged", skip_serializing_if = "is_false")]
    pub resources: bool,
}

impl ListChanges {
    /// Reads the `params` of a `subscriptions/listen` that we received. What else it asks for is not served here, and so
    /// not acknowledged.
    ///
    /// # Errors
    /// [`ViewError`] when there is no filter, or one that is no object of booleans.
    pub fn parse(params: Option<&RawValue>) -> Result<Self, ViewError> {
        let rule = "expected an object whose list members are true or false";
        let error = ViewError { field: "params.notifications", rule };
        params.and_then(object::<ListenIn>).map(|wire| wire.notifications).ok_or(error)
    }
}

/// `params` of a `subscriptions/listen` of ours.
#[must_use]
pub fn listen_params(wanted: ListChanges, meta: &OutgoingMeta) -> Box<RawValue> {
    to_raw(&ListenOut { meta: meta.block(), notifications: wanted })
}

/// `params` of the first message of a stream: what it will tell of.
#[must_use]
pub fn acknowledged_params(subscription: &Id, accepted: ListChanges) -> Box<RawValue> {
    to_raw(&NoticeOut { meta: Meta { subscription, server: None }, notifications: Some(accepted) })
}

/// `params` of a notification that a list has changed.
#[must_use]
pub fn changed_params(subscription: &Id) -> Box<RawValue> {
    to_raw(&NoticeOut { meta: Meta { subscription, server: None }, notifications: None })
}

/// The result that ends a stream in an orderly way.
#[must_use]
pub fn listen_reply(subscription: &Id, server: &Implementation) -> Box<RawValue> {
    to_raw(&Ended { meta: Meta { subscription, server: Some(server) }, result_type: "complete" })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

#[derive(Deserialize)]
struct ListenIn {
    notifications: ListChanges,
}

#[derive(Serialize)]
struct ListenOut<'a> {
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Block<'a>>,
    notifications: ListChanges,
}

#[derive(Serialize)]
struct NoticeOut<'a> {
    #[serde(rename = "_meta")]
    meta: Meta<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notifications: Option<ListChanges>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ended<'a> {
    result_type: &'static str,
    #[serde(rename = "_meta")]
    meta: Meta<'a>,
}

#[derive(Serialize)]
struct Meta<'a> {
    #[serde(rename = "io.modelcontextprotocol/subscriptionId")]
    subscription: &'a Id,
    #[serde(rename = "io.modelcontextprotocol/serverInfo", skip_serializing_if = "Option::is_none")]
    server: Option<&'a Implementation>,
}
