//! An Ed25519 signer and verifier for tests; the crate itself holds neither.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::checkpoint::Checkpoint;
use crate::note::{SignedNote, VerifierKey};

/// A key pair with its name.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    pub(crate) key: VerifierKey,
}

impl Signer {
    /// The key pair of the seed that consists of `seed` alone.
    pub(crate) fn new(name: &str, seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let public_key = pair.public_key().as_ref().try_into().unwrap();
        Self { pair, key: VerifierKey::new(name, public_key).unwrap() }
    }

    pub(crate) fn sign(&self, text: &str) -> [u8; 64] {
        self.pair.sign(text.as_bytes()).as_ref().try_into().unwrap()
    }

    pub(crate) fn note(&self, checkpoint: &Checkpoint) -> SignedNote {
        let text = checkpoint.to_string();
        let signature = self.sign(&text);
        SignedNote::new(text, &self.key, &signature).unwrap()
    }
}

pub(crate) fn ring_verify(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}
