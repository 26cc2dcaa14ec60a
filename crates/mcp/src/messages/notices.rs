//! Notifications: progress and cancellation.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::ViewError;
use crate::jsonrpc::{Id, UntrustedText, object, to_raw};
use crate::members::Members;

/// `params` of `notifications/cancelled` for our own request `id`.
#[must_use]
pub fn cancelled_params(id: &Id, reason: &str) -> Box<RawValue> {
    to_raw(&CancelledOut { request_id: id, reason })
}

/// `params` of `notifications/progress`.
#[derive(Clone, Debug, Deserialize)]
pub struct Progress {
    /// The token of the request that it is about.
    #[serde(rename = "progressToken")]
    pub token: Id,
    /// Grows, says the specification; nothing here relies on it.
    pub progress: f64,
    /// The end of the scale.
    #[serde(default)]
    pub total: Option<f64>,
    /// For people, by the server.
    #[serde(default)]
    pub message: Option<UntrustedText>,
}

impl Progress {
    /// Reads the params.
    ///
    /// # Errors
    /// [`ViewError`] when token or progress is missing.
    pub fn parse(params: Option<&RawValue>) -> Result<Self, ViewError> {
        params
            .and_then(object)
            .ok_or(ViewError { field: "params", rule: "expected `progressToken` and a number `progress`" })
    }
}

/// `params` of a `notifications/progress` that is passed on: those that came, about the request of another token.
#[must_use]
pub fn progress_params(params: &RawValue, token: &Id) -> Box<RawValue> {
    let mut members = Members::of(params.get()).unwrap_or_default();
    members.put("progressToken", token);
    members.to_raw()
}

/// `params` of a `notifications/cancelled` that we received.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancelled {
    /// The request to give up.
    pub request_id: Id,
    /// For people, by the peer.
    #[serde(default)]
    pub reason: Option<UntrustedText>,
}

impl Cancelled {
    /// Reads the params.
    ///
    /// # Errors
    /// [`ViewError`] when there is no request id.
    pub fn parse(params: Option<&RawValue>) -> Result<Self, ViewError> {
        params
            .and_then(object)
            .ok_or(ViewError { field: "params.requestId", rule: "expected a string or an integer" })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CancelledOut<'a> {
    request_id: &'a Id,
    reason: &'a str,
}
