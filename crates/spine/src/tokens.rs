//! From an access token to a principal. The order is that of [`portcullis_engines::api_keys::tokens`].

mod issuer_keys;

use std::collections::HashMap;
use std::fmt;

use portcullis_engines::api_keys::tokens::{Claimed, Jws, Place, TokenFault, TokenKeys, admit, identify};
use portcullis_schemas::Error;
use portcullis_schemas::api_keys::tokens::TokenSettings;
use portcullis_schemas::principal::Principal;
use portcullis_vault::signatures::verify_token;

use self::issuer_keys::IssuerKeys;
use crate::api_keys::enrol;
use crate::spine::Spine;

/// The issuers that the operator trusts, with their keys as far as they are known.
pub(crate) struct TokenIssuers {
    settings: TokenSettings,
    keys: HashMap<String, IssuerKeys>,
}

impl TokenIssuers {
    /// Nothing is read yet.
    pub(crate) fn new(settings: TokenSettings) -> Self {
        let keys = settings.issuers.iter().map(|issuer| (issuer.issuer.clone(), IssuerKeys::of(issuer)));
        Self { keys: keys.collect(), settings }
    }
}

impl Spine {
    /// The principal behind an access token, for a caller there. A token client is a key, so whatever
    /// shuts a key out shuts it out too.
    ///
    /// # Errors
    /// `unauthenticated` for every kind of wrong token; `token_issuer_unavailable` when the issuer's keys cannot be
    /// had; `store_unavailable` when the tenant's keys cannot be read.
    pub(crate) async fn authenticate_token(
        &self,
        presented: &str,
        place: Place<'_>,
    ) -> Result<Principal, Error> {
        let Some(issuers) = &self.stage().tokens else { return Err(TokenFault::Issuer.to_error()) };
        let now = self.ports().clock.now();
        let jws = Jws::parse(presented).map_err(TokenFault::to_error)?;
        let claimed = Claimed::judge(&jws, &issuers.settings, place, now).map_err(TokenFault::to_error)?;
        // There is one for each issuer.
        let Some(known) = issuers.keys.get(&claimed.issuer().issuer) else {
            return Err(TokenFault::Issuer.to_error());
        };
        let keys = known.for_token(self.ports(), &jws).await?;
        prove(&jws, &keys).map_err(TokenFault::to_error)?;
        let identity = identify(&claimed, &issuers.settings).map_err(TokenFault::to_error)?;
        let mut work = self.ports().store.read().await?;
        let key = work.api_keys().find_by_token(&identity.tenant, &identity.binding).await?;
        drop(work);
        let key = match key {
            None if identity.register => Some(enrol(self.ports(), &identity).await?),
            found => found,
        };
        let principal = admit(&identity, key.as_ref(), now).map_err(TokenFault::to_error)?;
        Ok(principal.with_token(claimed.presented(presented)))
    }
}

/// That one of the issuer's keys signed it.
fn prove(jws: &Jws<'_>, keys: &TokenKeys) -> Result<(), TokenFault> {
    let fitting = keys.fitting(jws);
    if fitting.is_empty() {
        return Err(TokenFault::Key);
    }
    let signed = |material| verify_token(jws.algorithm(), material, jws.signed(), jws.signature());
    match fitting.iter().any(|key| signed(key.material())) {
        true => Ok(()),
        false => Err(TokenFault::Signature),
    }
}

impl fmt::Debug for TokenIssuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenIssuers").field("issuers", &self.keys.len()).finish()
    }
}
