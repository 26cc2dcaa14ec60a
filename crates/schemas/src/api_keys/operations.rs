//! The operations `api_keys.keys.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ApiKey;
use super::tokens::TokenSubject;
use crate::ids::KeyId;
use crate::operation::operations;
use crate::paging::{Cursor, Page, PageLimit};
use crate::principal::{ActorType, Scope};
use crate::text::{Name, Reason, UrlText};
use crate::timestamp::Timestamp;

operations! {
    CreateApiKey => CreatedApiKey, "api_keys.keys.create_key", Admin, Write, "Create a key; its text is shown once";
    RegisterTokenClient => ApiKey, "api_keys.keys.register_token_client", Admin, Write,
        "Let the access tokens of one subject of an issuer in, as a key without a secret";
    ListApiKeys => Page<ApiKey>, "api_keys.keys.list_keys", Read, Read, "List keys, newest first, without their secrets";
    FreezeApiKey => ApiKey, "api_keys.keys.freeze_key", Admin, Write, "Refuse a key until it is released";
    UnfreezeApiKey => ApiKey, "api_keys.keys.unfreeze_key", Admin, Write, "Release a frozen key";
    RevokeApiKey => ApiKey, "api_keys.keys.revoke_key", Admin, Write, "Refuse a key for ever";
}

/// Creates a key.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// Name of the actor.
    pub name: Name,
    /// Kind of actor; `machine` unless told.
    pub actor_type: Option<ActorType>,
    /// What it may do, one to three of `invoke`, `read`, `admin`. Nobody can grant more than they hold.
    #[schemars(length(min = 1, max = 4))]
    pub scopes: Vec<Scope>,
    /// Refused from then on; must lie in the future.
    pub expires_at: Option<Timestamp>,
}

/// Registers a token client: a key that access tokens of one subject stand for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterTokenClient {
    /// Name of the actor.
    pub name: Name,
    /// Kind of actor; `machine` unless told.
    pub actor_type: Option<ActorType>,
    /// What it may do at most; a token's own scopes narrow it further. One to three of `invoke`, `read`, `admin`.
    #[schemars(length(min = 1, max = 3))]
    pub scopes: Vec<Scope>,
    /// Refused from then on; must lie in the future.
    pub expires_at: Option<Timestamp>,
    /// The issuer, exactly as the operator has configured it and as `iss` says it.
    pub issuer: UrlText,
    /// The subject, as the claim that the operator's rule names says it; `sub` unless told.
    pub subject: TokenSubject,
}

/// A new key.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CreatedApiKey {
    /// The key.
    pub key: ApiKey,
    /// Its text. It is shown this once and cannot be had again.
    pub secret: RevealedKey,
}

/// A key's text, on its only way out. `Debug` shows nothing of it.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct RevealedKey(pub String);

impl std::fmt::Debug for RevealedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RevealedKey(..)")
    }
}

/// Lists keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListApiKeys {
    /// Page size.
    pub limit: Option<PageLimit>,
    /// Page start.
    pub cursor: Option<Cursor>,
}

/// Freezes a key.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreezeApiKey {
    /// Key.
    pub key_id: KeyId,
    /// Why.
    pub reason: Option<Reason>,
}

/// Releases a key.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnfreezeApiKey {
    /// Key.
    pub key_id: KeyId,
}

/// Revokes a key.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeApiKey {
    /// Key.
    pub key_id: KeyId,
    /// Why.
    pub reason: Option<Reason>,
}
