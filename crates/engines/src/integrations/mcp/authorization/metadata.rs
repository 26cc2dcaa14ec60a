//! An authorization server's metadata (RFC 8414, OpenID Connect Discovery 1.0).

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::oauth::OauthClientAuth;
use portcullis_schemas::integrations::mcp::server::McpAuthType;
use portcullis_schemas::text::UrlText;
use serde_json::Value;

use super::{Unusable, object, texts, url};

/// An authorization server, as far as we need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationServer {
    /// Its identifier.
    pub issuer: UrlText,
    /// Where tokens are asked for.
    pub token_endpoint: UrlText,
    /// Where browsers are sent to.
    pub authorization_endpoint: Option<UrlText>,
    /// Where clients register (RFC 7591).
    pub registration_endpoint: Option<UrlText>,
    /// Whether it lists `offline_access`, and so gives refresh tokens for it.
    pub is_offline: bool,
    /// Whether its answers name it (RFC 9207).
    pub names_issuer: bool,
    /// Whether a client id may be the URL of a document.
    pub takes_documents: bool,
    /// How clients may prove themselves, of the ways that are ours; best first.
    pub client_auth: Vec<OauthClientAuth>,
}

impl AuthorizationServer {
    /// Judges a document that was read for this issuer.
    ///
    /// # Errors
    /// [`Unusable`]: the document names another issuer by a single sign (RFC 8414 section 3.3), has no token endpoint, or
    /// for `oauth_authorization_code` no authorization endpoint, or not the PKCE method S256 (MCP authorization,
    /// "Authorization Code Protection").
    pub fn judge(bytes: &[u8], issuer: &UrlText, auth_type: McpAuthType) -> Result<Self, Unusable> {
        let members = object(bytes, "the authorization server metadata")?;
        if members.get("issuer").and_then(Value::as_str) != Some(issuer.as_str()) {
            let expected = "the issuer that the document was read for, sign by sign: it may be another's";
            let code = codes::ISSUER_MISMATCH;
            return Err(Unusable { code, ..Unusable::new("`issuer`", expected) });
        }
        let token_endpoint = url(&members, "token_endpoint", "`token_endpoint`")?;
        let authorization_endpoint = url(&members, "authorization_endpoint", "`authorization_endpoint`")?;
        if auth_type == McpAuthType::OauthAuthorizationCode {
            if authorization_endpoint.is_none() {
                return Err(Unusable::new("`authorization_endpoint`", "a URL"));
            }
            let methods =
                texts(&members, "code_challenge_methods_supported", "`code_challenge_methods_supported`")?;
            if !methods.unwrap_or_default().iter().any(|method| method == "S256") {
                return Err(Unusable::new("`code_challenge_methods_supported`", "S256 among them"));
            }
        }
        let is_set = |name: &str| members.get(name).and_then(Value::as_bool) == Some(true);
        let scopes = texts(&members, "scopes_supported", "`scopes_supported`")?.unwrap_or_default();
        let methods = texts(
            &members,
            "token_endpoint_auth_methods_supported",
            "`token_endpoint_auth_methods_supported`",
        )?;
        Ok(Self {
            issuer: issuer.clone(),
            token_endpoint: token_endpoint.ok_or(Unusable::new("`token_endpoint`", "a URL"))?,
            authorization_endpoint,
            registration_endpoint: url(&members, "registration_endpoint", "`registration_endpoint`")?,
            is_offline: scopes.iter().any(|scope| scope == "offline_access"),
            names_issuer: is_set("authorization_response_iss_parameter_supported"),
            takes_documents: is_set("client_id_metadata_document_supported"),
            client_auth: ways(methods.as_deref()),
        })
    }
}

/// A list that is not there means Basic (RFC 8414 section 2).
fn ways(named: Option<&[String]>) -> Vec<OauthClientAuth> {
    let Some(named) = named else { return vec![OauthClientAuth::Basic] };
    let ours = [OauthClientAuth::Basic, OauthClientAuth::Post, OauthClientAuth::None];
    ours.into_iter().filter(|way| named.iter().any(|name| name == way.as_str())).collect()
}
