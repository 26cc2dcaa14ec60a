//! Keyed hashes without a key, for tests.

use portcullis_schemas::ids::{KeyId, TenantId};
use portcullis_schemas::runtime::{HashPurpose, KeyedHash};
use sha2::{Digest, Sha256};

/// SHA-256 over length-prefixed parts. Deterministic, and so worthless outside of tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestKeyedHash;

impl KeyedHash for TestKeyedHash {
    fn keyed_hash(&self, tenant: &TenantId, purpose: HashPurpose, bytes: &[u8]) -> [u8; 32] {
        digest_of(&[b"tenant", purpose.as_str().as_bytes(), tenant.as_str().as_bytes(), bytes])
    }

    fn api_key_hash(&self, key_id: &KeyId, secret: &[u8]) -> [u8; 32] {
        digest_of(&[b"key", key_id.as_str().as_bytes(), secret])
    }
}

/// SHA-256 over parts, each with its length before it, so that no two lists of parts give the same bytes.
pub(crate) fn digest_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}
