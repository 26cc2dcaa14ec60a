//! The text of an API key: `pcl_<env>_<keyid>_<secret><crc>`.
//!
//! `env` is 1 to 16 of `a-z0-9`; `keyid` is the ULID of the key's id; `secret` is 32 random bytes in base62, 43
//! characters; `crc` is the CRC-32 (ISO-HDLC) of everything before it in base62, 6 characters. The fixed start lets
//! scanners find leaked keys, and the checksum refuses typos without a look-up; it proves nothing else.

use portcullis_schemas::Error;
use portcullis_schemas::api_keys::operations::RevealedKey;
use portcullis_schemas::ids::KeyId;
use portcullis_schemas::secret::Secret;

/// What every key starts with.
const START: &str = "pcl_";
/// Characters of a ULID.
const KEY_ID_CHARS: usize = 26;
/// 62^43 is just more than 2^256.
const SECRET_CHARS: usize = 43;
/// 62^6 is more than 2^32.
const CRC_CHARS: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The environment that a key's text names, so that a person sees a production key for what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEnvironment(String);

impl KeyEnvironment {
    /// Most characters.
    pub const MAX_CHARS: usize = 16;

    /// An environment.
    ///
    /// # Errors
    /// `invalid_field` when it is not 1 to 16 of `a-z0-9`.
    pub fn new(text: &str) -> Result<Self, Error> {
        if is_environment(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid("environment", "expected 1 to 16 of `a-z` and `0-9`, for example `live`"))
    }

    /// The environment as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key's text on its way to its owner, and the part of it whose hash is kept.
#[derive(Debug)]
pub struct IssuedKey {
    /// The whole text, to be shown once.
    pub text: RevealedKey,
    /// The secret part.
    pub secret: Secret,
}

/// A well-formed key that somebody presented. Whether it is true is for [`authenticate`](super::authenticate).
#[derive(Debug)]
pub struct PresentedKey {
    /// Which key to look up.
    pub key_id: KeyId,
    /// The secret part.
    pub secret: Secret,
}

/// Writes a key's text. `random` must be fresh from a cryptographic source.
pub fn issue(environment: &KeyEnvironment, key_id: &KeyId, random: &[u8; 32]) -> IssuedKey {
    let secret = base62(&mut random.clone(), SECRET_CHARS);
    let ulid = key_id.as_str().strip_prefix(KeyId::PREFIX).unwrap_or_default();
    let body = format!("{START}{}_{ulid}_{secret}", environment.0);
    let text = format!("{body}{}", checksum(&body));
    IssuedKey { text: RevealedKey(text), secret: Secret::new(secret) }
}

/// Reads a presented text; `None` for anything that [`issue`] cannot have written, without saying why.
pub fn parse(text: &str) -> Option<PresentedKey> {
    let longest = START.len() + KeyEnvironment::MAX_CHARS + KEY_ID_CHARS + SECRET_CHARS + CRC_CHARS + 2;
    if !text.is_ascii() || text.len() > longest {
        return None;
    }
    let (body, crc) = text.split_at_checked(text.len().checked_sub(CRC_CHARS)?)?;
    if checksum(body) != crc {
        return None;
    }
    let mut parts = body.strip_prefix(START)?.split('_');
    let (environment, ulid, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let is_secret = secret.len() == SECRET_CHARS && secret.bytes().all(|byte| ALPHABET.contains(&byte));
    if parts.next().is_some() || !is_environment(environment) || !is_secret {
        return None;
    }
    let key_id = format!("{}{ulid}", KeyId::PREFIX).parse().ok()?;
    Some(PresentedKey { key_id, secret: Secret::new(secret.to_owned()) })
}

fn is_environment(text: &str) -> bool {
    (1..=KeyEnvironment::MAX_CHARS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn checksum(body: &str) -> String {
    base62(&mut crc32fast::hash(body.as_bytes()).to_be_bytes(), CRC_CHARS)
}

/// A big-endian number in base62, padded with zeros to `width`, by long division. `number` is zero afterwards if
/// `width` holds it, so no copy of a secret stays behind; nor does one in a buffer that grew.
fn base62(number: &mut [u8], width: usize) -> String {
    let mut text = String::with_capacity(width);
    for _ in 0..width {
        let mut remainder = 0_u16;
        for byte in number.iter_mut() {
            let dividend = (remainder << 8) | u16::from(*byte);
            *byte = (dividend / 62) as u8;
            remainder = dividend % 62;
        }
        text.insert(0, char::from(ALPHABET[usize::from(remainder)]));
    }
    text
}

#[cfg(test)]
mod tests;
