//! API keys: `pcl_<env>_<keyid>_<secret><crc>`. Only a keyed hash of the secret is stored. And token clients: keys
//! without a secret, for those who come with access tokens of an issuer that the operator trusts.

use schemars::JsonSchema;
use serde::Serialize;

use self::tokens::TokenBinding;
use crate::ids::{KeyId, TenantId};
use crate::principal::{ActorType, Scope};
use crate::text::Name;
use crate::timestamp::Timestamp;

pub mod operations;
pub mod ports;
pub mod tokens;

string_enum!(
    /// Life of a key.
    ApiKeyStatus {
        /// It works.
        Active = "active",
        /// It is refused until it is released.
        Frozen = "frozen",
        /// It is refused for ever.
        Revoked = "revoked",
    }
);

/// A key as its tenant sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ApiKey {
    /// Id; also the look-up part of the key's text.
    pub key_id: KeyId,
    /// Owner.
    pub tenant_id: TenantId,
    /// Name of the actor, for people who read the trail.
    pub name: Name,
    /// Kind of actor.
    pub actor_type: ActorType,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Life.
    pub status: ApiKeyStatus,
    /// Refused from then on.
    pub expires_at: Option<Timestamp>,
    /// Created.
    pub created_at: Timestamp,
    /// Last changed.
    pub updated_at: Timestamp,
    /// Name of the key that created it; `portcullis` for the first one, and for those that the operator's rules make.
    pub created_by: String,
    /// Of a token client: whose access tokens stand for it. Nothing else does, since it has no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenBinding>,
}

/// A key with the hash that proves its secret.
#[derive(Clone, Debug)]
pub struct StoredApiKey {
    /// The key.
    pub key: ApiKey,
    /// HMAC-SHA-256 of the secret under the server's pepper; [`StoredApiKey::NO_SECRET`] for a token client.
    pub secret_hash: [u8; 32],
}

impl StoredApiKey {
    /// Stands where a token client has no hash. It is refused for what it is, not for the odds that no secret hashes
    /// to it.
    pub const NO_SECRET: [u8; 32] = [0; 32];
}
