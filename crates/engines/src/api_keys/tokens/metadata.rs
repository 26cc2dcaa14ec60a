//! Where an issuer's keys are: its metadata (RFC 8414, OpenID Connect Discovery 1.0).

pub use portcullis_mcp::authorization::server_metadata_urls as metadata_urls;
use serde_json::Value;

use super::TokenFault;
use super::document::{MAX_DOCUMENT_BYTES, object};

/// The address of the key set out of an issuer's metadata.
///
/// # Errors
/// `Size`, `Json`; `Issuer` when the document is that of another one, by a single sign (RFC 8414 section 3.3).
pub fn key_set_of(bytes: &[u8], issuer: &str) -> Result<String, TokenFault> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(TokenFault::Size);
    }
    let document = object(bytes).ok_or(TokenFault::Json)?;
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(TokenFault::Issuer);
    }
    document.get("jwks_uri").and_then(Value::as_str).map(ToOwned::to_owned).ok_or(TokenFault::Json)
}
