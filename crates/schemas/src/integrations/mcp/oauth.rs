//! How tokens for a server are come by (OAuth 2.1). On the wire they are bearer tokens.
//!
//! Consumers: drivers, engines, portcullis, spine

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::KeyId;
use crate::text::UrlText;

bounded_text!(/// The name under which an authorization server knows us; no secret.
    OauthClientId, 1..=512);
bounded_text!(/// Scopes, separated by single spaces (RFC 6749 section 3.3).
    OauthScope, 1..=1024);

string_enum!(
    /// How we prove to a token endpoint who we are (RFC 6749 section 2.3).
    OauthClientAuth {
        /// Client id and secret in `Authorization: Basic`.
        Basic = "client_secret_basic",
        /// Client id and secret in the body.
        Post = "client_secret_post",
    }
);

/// A server's authorization server, and who we are there. The client's secret is the server's credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamOauth {
    /// Where tokens are asked for; judged by the egress rules.
    pub token_endpoint: UrlText,
    /// Who we are.
    pub client_id: OauthClientId,
    /// How we prove it; `client_secret_basic` unless told.
    pub client_auth: Option<OauthClientAuth>,
    /// What is asked for. A token for more is refused. What the authorization server likes unless told.
    pub scope: Option<OauthScope>,
    /// What the token is to be good for (RFC 8707); the server's URL unless told.
    pub resource: Option<UrlText>,
    /// For `oauth_authorization_code`: where callers log in and consent.
    pub authorization_endpoint: Option<UrlText>,
    /// For `oauth_authorization_code`: where the browser is sent back to, as it is registered there, sign by sign.
    pub redirect_uri: Option<UrlText>,
    /// For `oauth_authorization_code`: the authorization server's identifier. An answer that names another is refused.
    pub issuer: Option<UrlText>,
    /// Whether every answer names the issuer (`authorization_response_iss_parameter_supported`, RFC 9207); then one
    /// without is refused.
    pub names_issuer: Option<bool>,
}

/// Who we are for a server's authorization server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientGrant {
    /// Whom to ask, and as whom.
    pub oauth: UpstreamOauth,
    /// What the token is to be good for.
    pub resource: String,
}

/// An account that a key has connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountGrant {
    /// As which client.
    pub client: ClientGrant,
    /// Whose account.
    pub key: KeyId,
    /// Stands for server, resource, token endpoint and client: tokens are used for those that they were given for.
    pub binding: String,
}

/// What a server's credential is exchanged for before it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenExchange {
    /// A token of the client itself (RFC 6749 section 4.4).
    Client(ClientGrant),
    /// A token of the caller's account.
    Account(AccountGrant),
}
