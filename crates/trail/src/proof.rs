//! The proof of one record: that it is in the log that was signed, without the rest of the log.
//!
//! It is a proof of c2sp.org/tlog-proof whose extra data is the record in its stored form:
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra eyJldmVudF90eXBlIjoidG9vbF9pbnZvY2F0aW9uLmFsbG93ZWQiLC4uLn0=
//! index 73894
//! gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
//! B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
//!
//! portcullis.example/trail
//! 109482
//! sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=
//!
//! — portcullis.example/trail hI2DJw...
//! ```
//!
//! The entry whose leaf the proof is for is the record's chain hash ([`crate::tree::record_leaf`]). One hash is
//! needed for each doubling of the log: 20 for a million records.

mod prover;

use std::fmt;
use std::str::FromStr;

pub use prover::{ProveError, RecordProver};

use crate::base64;
use crate::chain::{RecordError, StoredRecord};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::digest::Digest;
use crate::export::MAX_LINE;
use crate::note::{Ed25519Verify, MAX_NOTE, NoteError, SignedNote, VerifierKey};
use crate::number;
use crate::tree::{ProofError, record_leaf, verify_inclusion};

/// The first line.
const FORMAT: &str = "c2sp.org/tlog-proof@v1";
/// No tree is higher.
const MAX_HASHES: usize = 64;
/// The longest proof that is read, in bytes: record, hashes and note.
const MAX_PROOF: usize = MAX_LINE / 3 * 4 + MAX_NOTE + 64 * MAX_HASHES;

/// A record, the hashes that lead from it to a root, and the signed checkpoint of that root.
///
/// What [`FromStr`] accepts, [`Display`](fmt::Display) writes byte for byte. It is a claim until
/// [`verify`](Self::verify).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordProof {
    record: String,
    index: u64,
    hashes: Vec<Digest>,
    checkpoint: SignedNote,
}

/// What a proof shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenRecord {
    /// The record's tenant.
    pub tenant: String,
    /// Its place in the tenant's chain.
    pub sequence: u64,
    /// Its place in the log.
    pub index: u64,
    /// The checkpoint that covers it.
    pub checkpoint: Checkpoint,
}

impl RecordProof {
    /// The record in its stored form. Do not believe it before [`verify`](Self::verify).
    #[must_use]
    pub fn record(&self) -> &str {
        &self.record
    }

    /// Shows that the record is in the log which the holder of one of `keys` has signed, unchanged.
    ///
    /// # Errors
    /// The record is malformed or was changed, the checkpoint cannot be trusted, or the hashes do not lead from one
    /// to the other.
    pub fn verify(
        &self,
        keys: &[VerifierKey],
        verify: Ed25519Verify,
    ) -> Result<ProvenRecord, RecordProofError> {
        let record = StoredRecord::read(self.record.as_bytes())?;
        if !record.is_sealed() {
            return Err(RecordProofError::Changed);
        }
        let checkpoint = Checkpoint::open(&self.checkpoint, keys, verify)?;
        let leaf = record_leaf(&record.hash());
        verify_inclusion(&leaf, self.index, checkpoint.size, &self.hashes, &checkpoint.root)?;
        let (tenant, sequence) = (record.tenant().to_owned(), record.sequence());
        Ok(ProvenRecord { tenant, sequence, index: self.index, checkpoint })
    }
}

impl FromStr for RecordProof {
    type Err = RecordProofError;

    fn from_str(proof: &str) -> Result<Self, RecordProofError> {
        let malformed = RecordProofError::Malformed;
        if proof.len() > MAX_PROOF {
            return Err(malformed("a shorter text"));
        }
        let (lines, note) =
            proof.split_once("\n\n").ok_or(malformed("an empty line before the checkpoint"))?;
        let mut lines = lines.split('\n');
        let mut after = |name: &str| lines.next().and_then(|line| line.strip_prefix(name));
        if after(FORMAT) != Some("") {
            return Err(malformed("`c2sp.org/tlog-proof@v1` on line 1"));
        }
        let record = after("extra ").and_then(base64::decode);
        let record = record.and_then(|bytes| String::from_utf8(bytes).ok());
        let index = after("index ").and_then(number::whole);
        let hashes: Option<Vec<_>> = lines.map(Digest::from_base64).collect();
        Ok(Self {
            record: record.ok_or(malformed("`extra` and the base64 of a record on line 2"))?,
            index: index.ok_or(malformed("`index` and a whole number on line 3"))?,
            hashes: hashes
                .filter(|hashes| hashes.len() <= MAX_HASHES)
                .ok_or(malformed("at most 64 lines of base64 of a 32-byte hash after line 3"))?,
            checkpoint: note.parse()?,
        })
    }
}

impl fmt::Display for RecordProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FORMAT}\nextra {}\nindex {}", base64::encode(self.record.as_bytes()), self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// A proof cannot be read or believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordProofError {
    /// The text is not that of a proof.
    #[error("malformed proof, expected {0}")]
    Malformed(&'static str),
    /// The checkpoint is not a note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The record cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record is not what was hashed.
    #[error("record was changed, expected content that has the hash which it states")]
    Changed,
    /// The checkpoint cannot be trusted.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The hashes do not lead to the signed root.
    #[error(transparent)]
    Inclusion(#[from] ProofError),
}

#[cfg(test)]
mod tests;
