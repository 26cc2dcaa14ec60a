//! Checkpoints (c2sp.org/tlog-checkpoint): what the log has signed to hold.
//!
//! ```text
//! portcullis.example/trail
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — portcullis.example/trail Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
//! ```
//!
//! One that is kept outside of the database is what no owner of the database can undo: each later tree must begin
//! with it. Keep the newest that you have verified, and give it to the next verification.

use std::fmt;

use crate::digest::Digest;
use crate::note::{Ed25519Verify, NoteError, SignedNote, VerifierKey};
use crate::number;

/// The longest origin, in bytes.
pub const MAX_ORIGIN: usize = 255;
/// The most extension lines.
pub const MAX_EXTENSIONS: usize = 16;

/// The size and root of a log's tree at one time.
///
/// Prints as the text that is signed. [`parse`](Self::parse) accepts that form only, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log; its keys have the same name.
    pub origin: String,
    /// How many leaves the tree has.
    pub size: u64,
    /// The root of the tree.
    pub root: Digest,
    /// Further lines, none of them empty; what they mean is between the log and its readers.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// Reads the text of a checkpoint. It is no more than a claim: see [`open`](Self::open).
    ///
    /// # Errors
    /// The line that is missing or has not the one form in which it may be written.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        let text = text.strip_suffix('\n').ok_or(malformed("a line feed at the end"))?;
        if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(malformed("lines without control characters"));
        }
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty() && line.len() <= MAX_ORIGIN);
        let size = lines.next().and_then(number::whole);
        let root = lines.next().and_then(Digest::from_base64);
        let extensions: Vec<_> = lines.map(ToOwned::to_owned).collect();
        if extensions.len() > MAX_EXTENSIONS || extensions.iter().any(String::is_empty) {
            return Err(malformed("at most 16 further lines, none of them empty"));
        }
        Ok(Self {
            origin: origin.ok_or(malformed("an origin of 1 to 255 bytes on line 1"))?.to_owned(),
            size: size.ok_or(malformed("a size below 2^64 without leading zeros on line 2"))?,
            root: root.ok_or(malformed("the base64 of a 32-byte root on line 3"))?,
            extensions,
        })
    }

    /// Reads a checkpoint that one of `keys` signed. The key must have the name of the origin: a key that is trusted
    /// for one log says nothing about another.
    ///
    /// # Errors
    /// The signatures do not hold, the text is malformed, or it is of another log than the key.
    pub fn open(
        note: &SignedNote,
        keys: &[VerifierKey],
        verify: Ed25519Verify,
    ) -> Result<Self, CheckpointError> {
        let signers = note.verify(keys, verify)?;
        let checkpoint = Self::parse(note.text())?;
        if signers.iter().any(|key| key.name() == checkpoint.origin) {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Origin)
        }
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root.to_base64())?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A checkpoint cannot be read or believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The text is not that of a checkpoint.
    #[error("malformed checkpoint, expected {0}")]
    Malformed(&'static str),
    /// The signing key has another name than the log.
    #[error(
        "checkpoint of another log than its key, expected an origin equal to the name of the signing key"
    )]
    Origin,
    /// The note does not hold.
    #[error(transparent)]
    Note(#[from] NoteError),
}

#[cfg(test)]
mod tests;
