//! The state of a caller's key, for calls that are judged on more than who the caller is.

use portcullis_engines::api_keys::{key_text, may_call, unauthenticated};
use portcullis_schemas::Error;
use portcullis_schemas::api_keys::ApiKey;
use portcullis_schemas::principal::Principal;
use portcullis_schemas::secret::Secret;
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

    /// A secret for elsewhere, unless it is one by which `caller` or others come in here: whoever it was sent to could do so
    /// too.
    ///
    /// # Errors
    /// `invalid_field` for `secret`.
    pub(crate) fn foreign<'s>(secret: &'s Secret, caller: &Principal) -> Result<&'s Secret, Error> {
        let text = secret.expose();
        let is_callers = caller.token().is_some_and(|token| token.text.expose() == text);
        if is_callers || key_text::parse(text).is_some() {
            let expected =
                "expected a secret of the server's: this one is for this gate, and is not sent elsewhere";
            return Err(Error::invalid("secret", expected));
        }
        Ok(secret)
    }
}
