//! Randomness that is none, so that tests repeat.

use std::sync::atomic::{AtomicU64, Ordering};

use portcullis_schemas::PortError;
use portcullis_schemas::runtime::Entropy;
use sha2::{Digest, Sha256};

/// Blocks of SHA-256 over a counter: the same in every run, never twice within one.
#[derive(Debug, Default)]
pub struct CountingEntropy {
    blocks: AtomicU64,
}

impl CountingEntropy {
    /// A source that starts from the first block.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Entropy for CountingEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), PortError> {
        for chunk in buffer.chunks_mut(32) {
            let block = Sha256::digest(self.blocks.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

/// A system that cannot give randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct FailingEntropy;

impl Entropy for FailingEntropy {
    fn fill(&self, _: &mut [u8]) -> Result<(), PortError> {
        Err(PortError::unavailable("this entropy source always fails"))
    }
}
