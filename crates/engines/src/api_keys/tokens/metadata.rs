//! Where an issuer's keys are: its metadata (RFC 8414, OpenID Connect Discovery 1.0).

use serde_json::Value;

use super::TokenFault;
use super::document::{MAX_DOCUMENT_BYTES, object};

/// The addresses of an issuer's metadata, in the order in which they are tried (MCP authorization, "Authorization
/// Server Metadata Discovery"). None for an issuer that is no `https` or `http` URL of an origin and a path.
pub fn metadata_urls(issuer: &str) -> Vec<String> {
    const OAUTH: &str = "/.well-known/oauth-authorization-server";
    const OPENID: &str = "/.well-known/openid-configuration";
    let Some((scheme, rest)) = issuer.split_once("://") else { return Vec::new() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    if authority.is_empty() || !["https", "http"].contains(&scheme) || issuer.contains(['?', '#', '@', '\\'])
    {
        return Vec::new();
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let origin = format!("{scheme}://{authority}");
    let mut urls = vec![format!("{origin}{OAUTH}{path}"), format!("{origin}{OPENID}{path}")];
    if !path.is_empty() {
        urls.push(format!("{origin}{path}{OPENID}"));
    }
    urls
}

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
