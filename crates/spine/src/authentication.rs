//! From a presented key to a principal. There is no default principal, and one answer for every failure.

use portcullis_engines::api_keys::{authenticate, key_text, unauthenticated};
use portcullis_schemas::Error;
use portcullis_schemas::principal::Principal;

use crate::spine::Spine;

impl Spine {
    /// The principal behind an API key's text. A malformed key is refused by its checksum, without a look-up.
    ///
    /// # Errors
    /// `unauthenticated` for every kind of wrong key; `store_unavailable` when keys cannot be read.
    pub async fn authenticate(&self, presented: &str) -> Result<Principal, Error> {
        let presented = key_text::parse(presented).ok_or_else(|| unauthenticated("malformed key"))?;
        let ports = self.ports();
        let mut work = ports.store.read().await?;
        let stored = work.api_keys().find_for_authentication(&presented.key_id).await?;
        let stored = stored.ok_or_else(|| unauthenticated("unknown key"))?;
        let hash = ports.hasher.api_key_hash(&presented.key_id, presented.secret.expose().as_bytes());
        authenticate(&stored, &hash, ports.clock.now())
    }
}
