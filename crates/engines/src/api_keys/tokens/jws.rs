//! The compact serialization of a JWS (RFC 7515 section 7.1).

use portcullis_schemas::api_keys::tokens::TokenAlgorithm;
use serde_json::{Map, Value};

use super::TokenFault;
use super::document::{decoded, object};

/// Most bytes of a token. Those with many groups come near to half of it.
const MAX_BYTES: usize = 16 * 1024;
/// Most bytes of a key id.
const MAX_KEY_ID: usize = 256;
/// Types of access tokens (RFC 9068 section 2.1), and the one that issuers older than that write.
const TYPES: [&str; 3] = ["at+jwt", "application/at+jwt", "jwt"];

/// A token that was read, and of which nothing is proven.
pub struct Jws<'a> {
    pub(super) algorithm: TokenAlgorithm,
    pub(super) key_id: Option<String>,
    pub(super) claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// The first rule that it breaks: size, form, JSON, algorithm, `crit` and `b64`, type, key id. `jku`, `jwk`, `x5u`
    /// and `x5c` mean nothing here: a token does not say where its keys are.
    pub fn parse(text: &'a str) -> Result<Self, TokenFault> {
        if text.len() > MAX_BYTES {
            return Err(TokenFault::Size);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenFault::Form)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenFault::Form)?;
        let signature = decoded(signature).filter(|bytes| !bytes.is_empty()).ok_or(TokenFault::Form)?;
        let header = decoded(header).ok_or(TokenFault::Form)?;
        let claims = decoded(claims).ok_or(TokenFault::Form)?;
        let header = object(&header).ok_or(TokenFault::Json)?;
        let algorithm = text_of(&header, "alg").and_then(|name| name.parse().ok());
        let algorithm = algorithm.ok_or(TokenFault::Algorithm)?;
        if ["crit", "b64"].iter().any(|name| header.contains_key(*name)) {
            return Err(TokenFault::Critical);
        }
        judge_type(&header)?;
        let key_id = key_id(&header)?;
        let claims = object(&claims).ok_or(TokenFault::Json)?;
        Ok(Self { algorithm, key_id, claims, signed, signature })
    }

    /// How it says that it is signed.
    pub fn algorithm(&self) -> TokenAlgorithm {
        self.algorithm
    }

    /// What is signed.
    pub fn signed(&self) -> &[u8] {
        self.signed.as_bytes()
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl std::fmt::Debug for Jws<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jws").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// A type is no must (RFC 7515 section 4.1.9), but whoever names one names that of an access token. It is compared
/// without regard to case.
fn judge_type(header: &Map<String, Value>) -> Result<(), TokenFault> {
    match header.get("typ") {
        None => Ok(()),
        Some(Value::String(found)) if TYPES.iter().any(|name| found.eq_ignore_ascii_case(name)) => Ok(()),
        Some(_) => Err(TokenFault::Type),
    }
}

/// A key id is looked for among the issuer's and for nothing else, so any visible text may be one.
fn key_id(header: &Map<String, Value>) -> Result<Option<String>, TokenFault> {
    let is_plain = |id: &str| id.len() <= MAX_KEY_ID && id.bytes().all(|byte| byte.is_ascii_graphic());
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(id)) if !id.is_empty() && is_plain(id) => Ok(Some(id.clone())),
        Some(_) => Err(TokenFault::KeyId),
    }
}

fn text_of<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str)
}
