//! Signed notes (c2sp.org/signed-note): a short text and the lines that sign it.
//!
//! ```text
//! If you think cryptography is the answer to your problem,
//! then you don't know what your problem is.
//!
//! — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
//! ```
//!
//! This crate holds no key and no curve. Whoever signs takes the text, signs its bytes where the key is, and makes
//! the note of both with [`SignedNote::new`]; whoever verifies hands in an [`Ed25519Verify`].

mod key;

use std::fmt;
use std::str::FromStr;

pub use key::{KeyError, VerifierKey};
use key::{KeyId, is_key_name};

use crate::base64;

/// Whether `signature` is that of `message` by the holder of `public_key`: Ed25519 (RFC 8032), the message not hashed
/// before. A library of the caller's choice; a point or scalar that it does not accept is `false`.
pub type Ed25519Verify = fn(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool;

/// The longest note that is read, in bytes.
pub const MAX_NOTE: usize = 128 * 1024;
/// The most signatures that a note may carry.
pub const MAX_SIGNATURES: usize = 32;

/// A text with at least one signature. That there is one does not make it true: see [`verify`](Self::verify).
///
/// Reads and prints one form only: what [`FromStr`] accepts, [`Display`](fmt::Display) writes byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<Signature>,
}

/// One signature line. The bytes are those of any algorithm, as the key id alone says which.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    name: String,
    id: KeyId,
    bytes: Vec<u8>,
}

impl SignedNote {
    /// The note of a text and the Ed25519 signature of its bytes by `key`. Does not verify it.
    ///
    /// # Errors
    /// The text does not end in a line feed, holds another control character, or is too long.
    pub fn new(text: String, key: &VerifierKey, signature: &[u8; 64]) -> Result<Self, NoteError> {
        check_text(&text)?;
        Ok(Self { text, signatures: vec![Signature::of(key, signature)] })
    }

    /// The same note with a further signature, for a time in which two keys are in use.
    #[must_use]
    pub fn and_signed(mut self, key: &VerifierKey, signature: &[u8; 64]) -> Self {
        self.signatures.push(Signature::of(key, signature));
        self
    }

    /// What is signed, with its last line feed. Do not believe it before [`verify`](Self::verify).
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Those of `keys` that signed the note. Signatures of other keys are ignored, as the specification demands.
    ///
    /// # Errors
    /// None of `keys` signed it, or a signature that claims to be of one of them is not.
    pub fn verify<'k>(
        &self,
        keys: &'k [VerifierKey],
        verify: Ed25519Verify,
    ) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers = Vec::new();
        for signature in &self.signatures {
            let claims = |key: &&VerifierKey| key.name() == signature.name && key.id() == signature.id;
            let Some(key) = keys.iter().find(claims) else { continue };
            let bytes = <&[u8; 64]>::try_from(signature.bytes.as_slice());
            if !bytes.is_ok_and(|bytes| verify(key.public_key(), self.text.as_bytes(), bytes)) {
                return Err(NoteError::False);
            }
            if !signers.contains(&key) {
                signers.push(key);
            }
        }
        if signers.is_empty() { Err(NoteError::Unsigned) } else { Ok(signers) }
    }
}

impl Signature {
    fn of(key: &VerifierKey, signature: &[u8; 64]) -> Self {
        Self { name: key.name().to_owned(), id: key.id(), bytes: signature.to_vec() }
    }

    /// `— <key name> <base64 of key id and signature>`.
    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
        let bytes = base64::decode(encoded)?;
        let (id, bytes) = bytes.split_first_chunk::<4>()?;
        let named = is_key_name(name) && !bytes.is_empty();
        named.then(|| Self { name: name.to_owned(), id: KeyId(*id), bytes: bytes.to_vec() })
    }
}

impl FromStr for SignedNote {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE {
            return Err(NoteError::Text);
        }
        // The last empty line: a text may hold others.
        let end = note.rfind("\n\n").ok_or(NoteError::Signatures)? + 1;
        let (text, lines) = (&note[..end], &note[end + 1..]);
        check_text(text)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Signatures)?;
        let signatures: Option<Vec<_>> = lines.split('\n').map(Signature::parse).collect();
        let signatures = signatures.filter(|all| all.len() <= MAX_SIGNATURES).ok_or(NoteError::Signatures)?;
        Ok(Self { text: text.to_owned(), signatures })
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for Signature { name, id, bytes } in &self.signatures {
            let encoded = base64::encode(&[&id.0, bytes.as_slice()].concat());
            writeln!(f, "— {name} {encoded}")?;
        }
        Ok(())
    }
}

/// A note cannot be read or believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// The text is not one of a note.
    #[error("malformed note text, expected lines without control characters, {MAX_NOTE} bytes at most")]
    Text,
    /// The lines after the last empty one do not sign.
    #[error(
        "malformed signatures, expected an empty line, then 1 to {MAX_SIGNATURES} lines of `— <key name> <base64>`"
    )]
    Signatures,
    /// No trusted key signed it.
    #[error("not signed by a trusted key, expected a signature of one of the keys given")]
    Unsigned,
    /// A signature of a trusted key does not fit the text.
    #[error("false signature, expected the text that the named key signed")]
    False,
}

fn check_text(text: &str) -> Result<(), NoteError> {
    let clean = text.bytes().all(|byte| byte >= 0x20 || byte == b'\n');
    if clean && text.ends_with('\n') && text.len() <= MAX_NOTE { Ok(()) } else { Err(NoteError::Text) }
}

#[cfg(test)]
mod tests;
