//! A signer without cryptography.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::logs::ports::CheckpointSigner;

use crate::hashing::digest_of;

/// Its signatures are hashes of public key and message, so anybody can make them.
#[derive(Clone, Debug)]
pub struct PlainSigner {
    keys: Vec<[u8; 32]>,
}

impl PlainSigner {
    /// With these keys, of which the last one signs.
    pub fn new(keys: &[u8]) -> Self {
        Self { keys: keys.iter().map(|byte| [*byte; 32]).collect() }
    }

    /// Whether the signature is that of the message.
    pub fn verify(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        signature == &signed(public_key, message)
    }
}

#[async_trait]
impl CheckpointSigner for PlainSigner {
    fn public_keys(&self) -> Vec<[u8; 32]> {
        self.keys.clone()
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], PortError> {
        let last = self.keys.last().ok_or_else(|| PortError::unavailable("there is no key"))?;
        Ok(signed(last, message))
    }
}

fn signed(public_key: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&digest_of(&[public_key, message]));
    signature
}
