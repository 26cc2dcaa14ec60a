//! The state of a caller's key, for calls that are judged on more than who the caller is.

use portcullis_engines::api_keys::{may_call, unauthenticated};
use portcullis_schemas::Error;
use portcullis_schemas::api_keys::ApiKey;
use portcullis_schemas::timestamp::Timestamp;

/// Asks the API keys domain whether a key still counts.
pub(crate) struct ApiKeysBridge;

impl ApiKeysBridge {
    /// The key, if it may be used now.
    ///
    /// # Errors
    /// `unauthenticated` when there is none any more, or it was shut out since its caller was authenticated.
    pub(crate) fn require(key: Option<&ApiKey>, now: Timestamp) -> Result<&ApiKey, Error> {
        key.filter(|key| may_call(key, now))
            .ok_or_else(|| unauthenticated("the key was shut out while the call was judged"))
    }
}
