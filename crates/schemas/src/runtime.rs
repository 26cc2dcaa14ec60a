//! Time, ids and randomness as ports, so that tests neither sleep nor flake, and `KeyedHash` for values.
//!
//! Consumers: api, drivers, engines, portcullis, spine, vault

use std::time::Duration;

pub use ulid::Ulid;

use crate::ids::TenantId;
use crate::timestamp::Timestamp;

/// Where time comes from.
pub trait Clock: Send + Sync {
    /// Wall clock, for records. It may go back.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start, for durations and deadlines. It never goes back.
    fn monotonic(&self) -> Duration;
}

/// Where ids come from.
pub trait IdSource: Send + Sync {
    /// A new ULID; later ones sort after earlier ones within a process.
    fn next_ulid(&self) -> Ulid;
}

/// Where randomness comes from. Implementations must be cryptographically secure outside tests.
pub trait Entropy: Send + Sync {
    /// Fills `buffer`.
    ///
    /// # Errors
    /// When the system cannot give randomness; the caller must then refuse to go on.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), crate::PortError>;
}

string_enum!(
    /// What a keyed hash is for. Each purpose has its own key, so that hashes of different purposes never match.
    HashPurpose {
        /// Argument and result values in the trail, keyed per tenant.
        TrailValue = "trail-value",
        /// API key secrets at rest.
        ApiKey = "api-key",
        /// Request bodies behind an idempotency key.
        Idempotency = "idempotency",
        /// Cursors of lists whose positions are nobody's business.
        Cursor = "cursor",
        /// What an approval is bound to.
        Approval = "approval",
        /// The request that a round of questions belongs to.
        Round = "round",
    }
);

/// Keyed hashes (HMAC-SHA-256 with keys derived from the master key), so that short values cannot be guessed from
/// the trail. Implemented by the vault's keyring; deterministic in tests.
pub trait KeyedHash: Send + Sync {
    /// The hash of `bytes`. The key belongs to the tenant and the purpose.
    fn keyed_hash(&self, tenant: &TenantId, purpose: HashPurpose, bytes: &[u8]) -> [u8; 32];

    /// The hash of an API key's secret under the server's pepper. It has no tenant: the key is what names one.
    fn api_key_hash(&self, key_id: &crate::ids::KeyId, secret: &[u8]) -> [u8; 32];
}
