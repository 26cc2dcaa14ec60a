//! Places and keys of checkpoints that an auditor could not rely on.

use std::sync::Mutex;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::logs::checkpoint::KeptCheckpoint;
use portcullis_schemas::logs::ports::{CheckpointSigner, CheckpointSink};

use crate::fakes::PlainSigner;
use crate::lock::locked;

/// A sink that keeps the last note it was given, whatever it kept before.
#[derive(Debug, Default)]
pub struct ForgetfulSink {
    last: Mutex<Option<KeptCheckpoint>>,
}

impl ForgetfulSink {
    /// One that keeps nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl CheckpointSink for ForgetfulSink {
    async fn keep(&self, checkpoint: &KeptCheckpoint) -> Result<(), PortError> {
        *locked(&self.last) = Some(checkpoint.clone());
        Ok(())
    }

    async fn newest(&self) -> Result<Option<KeptCheckpoint>, PortError> {
        Ok(locked(&self.last).clone())
    }
}

/// A signer that signs with its first key although another one came later.
#[derive(Debug)]
pub struct StaleSigner;

#[async_trait]
impl CheckpointSigner for StaleSigner {
    fn public_keys(&self) -> Vec<[u8; 32]> {
        PlainSigner::new(&[1, 2]).public_keys()
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], PortError> {
        PlainSigner::new(&[1]).sign(message).await
    }
}
