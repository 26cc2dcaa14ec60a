//! The public half of a key that signs notes.

use std::fmt;
use std::str::FromStr;

use crate::base64;
use crate::digest::sha256;

/// The signature type of Ed25519 over the note's text.
const ED25519: u8 = 1;
/// The longest key name, in bytes.
const MAX_NAME: usize = 255;

/// A named Ed25519 key. Printed and parsed as `<name>+<key id, 8 hexadecimal digits>+<base64 of 0x01 and the key>`.
///
/// The name is chosen by whoever holds the key, and is that of the log whose checkpoints the key signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public_key: [u8; 32],
}

/// What a signature line tells of its key: the first four bytes of SHA-256(name || 0x0a || 0x01 || public key).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyId(pub(super) [u8; 4]);

impl VerifierKey {
    /// The key with this name. Whether the 32 bytes are a point of the curve shows when a signature is verified.
    ///
    /// # Errors
    /// The name is empty, longer than 255 bytes, or holds a space, `+` or a control character.
    pub fn new(name: impl Into<String>, public_key: [u8; 32]) -> Result<Self, KeyError> {
        let name = name.into();
        if is_key_name(&name) { Ok(Self { name, public_key }) } else { Err(KeyError::Name) }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key as RFC 8032 encodes it.
    #[must_use]
    pub fn public_key(&self) -> &[u8; 32] {
        &self.public_key
    }

    pub(super) fn id(&self) -> KeyId {
        let hash = sha256(&[self.name.as_bytes(), b"\n", &self.encoded()].concat());
        let [a, b, c, d, ..] = *hash.as_bytes();
        KeyId([a, b, c, d])
    }

    fn encoded(&self) -> [u8; 33] {
        let mut bytes = [ED25519; 33];
        bytes[1..].copy_from_slice(&self.public_key);
        bytes
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Form);
        };
        let bytes: [u8; 33] = base64::decode(encoded).and_then(|b| b.try_into().ok()).ok_or(KeyError::Key)?;
        let [ED25519, public_key @ ..] = bytes else { return Err(KeyError::Key) };
        let key = Self::new(name, public_key)?;
        if key.id().to_string() == id { Ok(key) } else { Err(KeyError::Id) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.name, self.id(), base64::encode(&self.encoded()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// A text is not the one form of a verifier key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The parts are missing.
    #[error("malformed verifier key, expected `<name>+<key id>+<base64>`")]
    Form,
    /// The name is not one.
    #[error("malformed key name, expected 1 to {MAX_NAME} bytes without spaces, `+` and control characters")]
    Name,
    /// The key id belongs to another name or key.
    #[error("key id does not match, expected that of this name and key: copy the whole key again")]
    Id,
    /// The key is not an Ed25519 one.
    #[error("malformed public key, expected the base64 of the byte 1 and a 32-byte Ed25519 key")]
    Key,
}

pub(super) fn is_key_name(name: &str) -> bool {
    let allowed = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(allowed)
}
