//! API keys: `pcl_<env>_<keyid>_<secret><crc>`. Only a keyed hash of the secret is stored.

use schemars::JsonSchema;
use serde::Serialize;

use crate::ids::{KeyId, TenantId};
use crate::principal::{ActorType, Scope};
use crate::text::Name;
use crate::timestamp::Timestamp;

pub mod operations;
pub mod ports;

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
    /// Name of the key that created it; `portcullis` for the first one.
    pub created_by: String,
}

/// A key with the hash that proves its secret.
#[derive(Clone, Debug)]
pub struct StoredApiKey {
    /// The key.
    pub key: ApiKey,
    /// HMAC-SHA-256 of the secret under the server's pepper.
    pub secret_hash: [u8; 32],
}
