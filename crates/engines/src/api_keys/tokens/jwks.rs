//! A set of an issuer's public keys (RFC 7517).

use portcullis_schemas::api_keys::tokens::{TokenAlgorithm, TokenKeyMaterial};
use serde_json::{Map, Value};

use super::document::{MAX_DOCUMENT_BYTES, decoded, object};
use super::{Jws, TokenFault};

/// Most keys of a set that are kept.
const MAX_KEYS: usize = 64;
/// The shortest RSA modulus that is kept, in bytes: 2048 bits.
const MIN_MODULUS: usize = 256;

/// The keys of an issuer that may sign tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenKeys {
    keys: Vec<TokenKey>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenKey {
    key_id: Option<String>,
    /// The algorithm that it is for, if it says so.
    algorithm: Option<TokenAlgorithm>,
    material: TokenKeyMaterial,
}

impl TokenKeys {
    /// Reads a key set. Keys of other kinds, uses and sizes are left out, as RFC 7517 section 5 asks; so is what
    /// holds a secret, since whoever publishes that has nothing left to prove.
    ///
    /// # Errors
    /// `Size` or `Json`, when it is no key set at all.
    pub fn parse(bytes: &[u8]) -> Result<Self, TokenFault> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(TokenFault::Size);
        }
        let set = object(bytes).ok_or(TokenFault::Json)?;
        let listed = set.get("keys").and_then(Value::as_array).ok_or(TokenFault::Json)?;
        let keys = listed.iter().filter_map(Value::as_object).filter_map(TokenKey::of);
        Ok(Self { keys: keys.take(MAX_KEYS).collect() })
    }

    /// The keys that may have signed a token: those that it names, or without a name the only one that fits.
    pub fn fitting(&self, jws: &Jws<'_>) -> Vec<&TokenKey> {
        let fits = |key: &&TokenKey| key.fits(jws.algorithm);
        match &jws.key_id {
            Some(id) => self.keys.iter().filter(|key| key.key_id.as_ref() == Some(id)).filter(fits).collect(),
            None => match self.keys.iter().filter(fits).collect::<Vec<_>>() {
                one if one.len() == 1 => one,
                _ => Vec::new(),
            },
        }
    }
}

impl TokenKey {
    /// The public key itself.
    pub fn material(&self) -> &TokenKeyMaterial {
        &self.material
    }

    fn of(members: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let is_for_signatures = text("use").is_none_or(|used| used == "sig");
        let verifies = match members.get("key_ops") {
            None => true,
            Some(deeds) => deeds.as_array()?.iter().any(|deed| deed == "verify"),
        };
        if !is_for_signatures || !verifies || members.contains_key("d") {
            return None;
        }
        let algorithm = match members.get("alg") {
            None => None,
            Some(name) => Some(name.as_str()?.parse().ok()?),
        };
        let material = material(members)?;
        let key_id = text("kid").map(ToOwned::to_owned);
        Some(Self { key_id, algorithm, material })
    }

    /// Whether it can have signed by this algorithm: the kind of the key decides, whatever a token says.
    fn fits(&self, algorithm: TokenAlgorithm) -> bool {
        let kind = match algorithm {
            TokenAlgorithm::Rs256 | TokenAlgorithm::Ps256 => {
                matches!(self.material, TokenKeyMaterial::Rsa { .. })
            }
            TokenAlgorithm::Es256 => matches!(self.material, TokenKeyMaterial::P256(_)),
            TokenAlgorithm::EdDsa => matches!(self.material, TokenKeyMaterial::Ed25519(_)),
            _ => false,
        };
        kind && self.algorithm.is_none_or(|own| own == algorithm)
    }
}

fn material(members: &Map<String, Value>) -> Option<TokenKeyMaterial> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let bytes = |name: &str| text(name).and_then(decoded);
    match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let (modulus, exponent) = (bytes("n")?, bytes("e")?);
            (modulus.len() >= MIN_MODULUS).then_some(TokenKeyMaterial::Rsa { modulus, exponent })
        }
        ("EC", Some("P-256")) => {
            let mut point = Box::new([4; 65]);
            let (x, y) = point[1..].split_at_mut(32);
            x.copy_from_slice(<&[u8; 32]>::try_from(bytes("x")?.as_slice()).ok()?);
            y.copy_from_slice(<&[u8; 32]>::try_from(bytes("y")?.as_slice()).ok()?);
            Some(TokenKeyMaterial::P256(point))
        }
        ("OKP", Some("Ed25519")) => {
            Some(TokenKeyMaterial::Ed25519(<[u8; 32]>::try_from(bytes("x")?.as_slice()).ok()?))
        }
        _ => None,
    }
}
