//! From a presented key to a principal. There is no default principal, and one answer for every failure.

use portcullis_engines::api_keys::key_text::PresentedKey;
use portcullis_engines::api_keys::tokens::{Place, is_token};
use portcullis_engines::api_keys::{authenticate, key_text, unauthenticated};
use portcullis_schemas::Error;
use portcullis_schemas::integrations::connections::operations::{
    BeginConnection, CompleteConnection, ConnectWithSecret, GetConnection, RemoveConnection,
};
use portcullis_schemas::integrations::mcp::operations::InvokeMcpTool;
use portcullis_schemas::operation::Operation;
use portcullis_schemas::principal::Principal;
use tracing::{Instrument, debug_span};

use crate::bridges::ApiKeysBridge;
use crate::options::MOUNT;
use crate::spine::Spine;

/// The operations of a caller's own connections.
const OWN: [&str; 5] = [
    BeginConnection::NAME,
    CompleteConnection::NAME,
    ConnectWithSecret::NAME,
    GetConnection::NAME,
    RemoveConnection::NAME,
];

impl Spine {
    /// The principal behind an API key's text, or behind an access token where the operator lets tokens in. A malformed
    /// key is refused by its checksum, without a look-up.
    ///
    /// # Errors
    /// `unauthenticated` for every kind of wrong key or token; `store_unavailable` when keys cannot be read,
    /// `token_issuer_unavailable` when those of a token's issuer cannot.
    pub async fn authenticate(&self, presented: &str) -> Result<Principal, Error> {
        self.authenticate_at("", presented).await
    }

    /// As [`Spine::authenticate`], at a path below the resource of [`TokenSettings`]: a token may be for that alone
    /// (RFC 8707).
    ///
    /// [`TokenSettings`]: portcullis_schemas::api_keys::tokens::TokenSettings
    ///
    /// # Errors
    /// As [`Spine::authenticate`].
    pub async fn authenticate_at(&self, path: &str, presented: &str) -> Result<Principal, Error> {
        self.authenticate_in(Place::Path(path), presented).await
    }

    async fn authenticate_in(&self, place: Place<'_>, presented: &str) -> Result<Principal, Error> {
        if is_token(presented) && self.stage().tokens.is_some() {
            let token = self.authenticate_token(presented, place);
            return token.instrument(debug_span!("gate.authenticate")).await;
        }
        self.look_up(&parsed(presented)?).instrument(debug_span!("gate.authenticate")).await
    }

    /// As [`Spine::authenticate`], for a call of this operation. `invoke_tool` looks at the key again, with the facts
    /// of the call; so it is enough that the key is [recognised](Spine::recognise), and the look-up is saved. A key is
    /// never refused without one. A token for any toolset is good where a caller connects their own account: on its way
    /// there, an agent has no other.
    ///
    /// # Errors
    /// As [`Spine::authenticate`].
    pub async fn authenticate_for(&self, operation: &str, presented: &str) -> Result<Principal, Error> {
        if is_token(presented) {
            let principal = self.authenticate(presented).await;
            if principal.is_ok() || !OWN.contains(&operation) {
                return principal;
            }
            // What a token for a toolset is good for besides is an account of its caller's own, and no admin's business.
            return Ok(self.authenticate_in(Place::Below(MOUNT), presented).await?.as_invoker());
        }
        if operation == InvokeMcpTool::NAME
            && let Some(principal) = self.recognise(presented)
        {
            return Ok(principal);
        }
        self.look_up(&parsed(presented)?).instrument(debug_span!("gate.authenticate")).await
    }

    /// The principal of a key that was looked up before, if it may call tools, and for no more than that. Good for calls
    /// alone, of `invoke_tool` or of what a toolset offers: they look at the key again, with their facts. It may have been
    /// shut out meanwhile: authenticate it before it is told anything else, and where there is nothing here.
    pub fn recognise(&self, presented: &str) -> Option<Principal> {
        let presented = key_text::parse(presented)?;
        let stored = self.stage().keys.remembered(&presented.key_id)?;
        let known = || authenticate(&stored, &self.hash(&presented), self.ports().clock.now());
        let principal = debug_span!("gate.authenticate").in_scope(known).ok()?;
        principal.holds(InvokeMcpTool::AUTHORITY).then(|| principal.as_invoker())
    }

    async fn look_up(&self, presented: &PresentedKey) -> Result<Principal, Error> {
        let mut work = self.ports().store.read().await?;
        let stored = work.api_keys().find_for_authentication(&presented.key_id).await?;
        drop(work);
        let now = self.ports().clock.now();
        if ApiKeysBridge::require(stored.as_ref().map(|stored| &stored.key), now).is_err() {
            self.stage().keys.forget(&presented.key_id);
        }
        let stored = stored.ok_or_else(|| unauthenticated("unknown key"))?;
        let principal = authenticate(&stored, &self.hash(presented), now)?;
        self.stage().keys.remember(stored);
        Ok(principal)
    }

    fn hash(&self, presented: &PresentedKey) -> [u8; 32] {
        self.ports().hasher.api_key_hash(&presented.key_id, presented.secret.expose().as_bytes())
    }
}

fn parsed(presented: &str) -> Result<PresentedKey, Error> {
    key_text::parse(presented).ok_or_else(|| unauthenticated("malformed key"))
}
