//! A SHA-256 value and its one text form: 64 lower-case hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

use crate::base64;

/// SHA-256 of `bytes` (FIPS 180-4).
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// 32 bytes of a SHA-256. Displayed, parsed and serialised as 64 lower-case hexadecimal digits; upper case is
/// refused, so that one digest has one text.
///
/// Comparison is not constant-time: a digest here is public. Keyed hashes are compared elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Wraps 32 bytes that are already a digest.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As notes and proofs of C2SP write it: base64 of RFC 4648 section 4.
    pub(crate) fn to_base64(self) -> String {
        base64::encode(&self.0)
    }

    /// From that one text: padded, and without bits that the padding leaves over.
    pub(crate) fn from_base64(text: &str) -> Option<Self> {
        base64::decode(text)?.try_into().ok().map(Self)
    }
}

/// The text is not a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed digest; expected 64 lower-case hexadecimal digits")]
pub struct ParseDigestError;

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(ParseDigestError);
        }
        let (mut bytes, mut malformed) = ([0; 32], 0);
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (NIBBLES[usize::from(*high)], NIBBLES[usize::from(*low)]);
            malformed |= high | low;
            *byte = high << 4 | low;
        }
        // One test for all digits: verification reads two digests for each record.
        if malformed & NO_DIGIT == 0 { Ok(Self(bytes)) } else { Err(ParseDigestError) }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEX: [char; 16] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            text.push(HEX[usize::from(byte >> 4)]);
            text.push(HEX[usize::from(byte & 15)]);
        }
        f.pad(&text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Stands in [`NIBBLES`] for what is no digit; no value of a digit has this bit.
const NO_DIGIT: u8 = 0x80;

/// The value of each lower-case hexadecimal digit.
const NIBBLES: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        table[b"0123456789abcdef"[value] as usize] = value as u8;
        value += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 example: the one-block message "abc".
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn sha256_of_the_published_example() {
        assert_eq!(sha256(b"abc").to_string(), ABC);
    }

    #[test]
    fn a_digest_has_one_text() {
        let digest = sha256(b"abc");
        assert_eq!(ABC.parse(), Ok(digest));
        assert_eq!(serde_json::to_string(&digest).unwrap(), format!("\"{ABC}\""));
        assert_eq!(serde_json::from_str::<Digest>(&format!("\"{ABC}\"")).unwrap(), digest);
        for wrong in ["", "ba", &ABC[1..], &ABC.to_uppercase(), &format!("{ABC}00"), &"é".repeat(32)] {
            assert_eq!(wrong.parse::<Digest>(), Err(ParseDigestError), "{wrong}");
        }
    }
}
