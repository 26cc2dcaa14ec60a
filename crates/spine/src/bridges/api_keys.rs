//! The state of a caller's key, for calls that are judged on more than who the caller is.

use portcullis_engines::api_keys::{key_text, may_call, unauthenticated};
use portcullis_schemas::Error;
use portcullis_schemas::api_keys::ApiKey;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::timestamp::Timestamp;

use crate::scene::Scene;

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

    /// A secret for elsewhere, unless it is one by which the caller or somebody else comes in here, by itself or behind
    /// `user:`. Whoever it was sent to could do so too.
    ///
    /// # Errors
    /// `invalid_field` for `secret`; when the store cannot serve.
    pub(crate) async fn foreign<'s>(scene: &Scene, secret: &'s Secret) -> Result<&'s Secret, Error> {
        let text = secret.expose();
        let is_callers = scene.principal().token().is_some_and(|token| token.text.expose() == text);
        let last = text.rsplit(':').next().unwrap_or(text);
        let is_known = match key_text::parse(last) {
            Some(key) => {
                let mut work = scene.read().await?;
                work.api_keys().find_for_authentication(&key.key_id).await?.is_some()
            }
            None => false,
        };
        if is_callers || is_known {
            let expected =
                "expected a secret of the server's: this one is for this gate, and is not sent elsewhere";
            return Err(Error::invalid("secret", expected));
        }
        Ok(secret)
    }
}
