//! The keys that sign checkpoints of the trail: Ed25519 (RFC 8032).

use std::fmt;

use async_trait::async_trait;
use portcullis_schemas::logs::ports::CheckpointSigner;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

/// The secret half of a key.
pub type Seed = Zeroizing<[u8; 32]>;

/// Signs with one key; knows the public halves of those that signed before. The seed is wiped when this is dropped; the
/// key that is made of it lives for one signature.
pub struct CheckpointKeys {
    public_keys: Vec<[u8; 32]>,
    seed: Seed,
}

impl CheckpointKeys {
    /// Signs with `seed`. `earlier` are the public keys that have signed before, oldest first.
    ///
    /// # Errors
    /// `key_unavailable` when a key is named twice, or the seed is none.
    pub fn new(earlier: Vec<[u8; 32]>, seed: Seed) -> Result<Self, PortError> {
        let mut public_keys = earlier;
        public_keys.push(public_key(&seed)?);
        let is_again = |place: usize| public_keys[..place].contains(&public_keys[place]);
        if (0..public_keys.len()).any(is_again) {
            return Err(unusable("a signing key stands there twice"));
        }
        Ok(Self { public_keys, seed })
    }
}

#[async_trait]
impl CheckpointSigner for CheckpointKeys {
    fn public_keys(&self) -> Vec<[u8; 32]> {
        self.public_keys.clone()
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], PortError> {
        let signature = pair(&self.seed)?.sign(message);
        signature.as_ref().try_into().map_err(|_| unusable("a signature has another length"))
    }
}

impl fmt::Debug for CheckpointKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckpointKeys(..)")
    }
}

/// The public half of a key.
///
/// # Errors
/// `key_unavailable` when the seed is none.
pub fn public_key(seed: &Seed) -> Result<[u8; 32], PortError> {
    pair(seed)?.public_key().as_ref().try_into().map_err(|_| unusable("a public key has another length"))
}

/// Whether `signature` is that of `message` by the holder of `public_key`.
pub fn verify_ed25519(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

fn pair(seed: &Seed) -> Result<Ed25519KeyPair, PortError> {
    Ed25519KeyPair::from_seed_unchecked(&**seed).map_err(|_| unusable("a signing key cannot be used"))
}

fn unusable(detail: &'static str) -> PortError {
    PortError::new(PortErrorKind::Unavailable, codes::KEY_UNAVAILABLE, detail)
}
