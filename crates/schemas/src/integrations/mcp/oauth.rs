//! How tokens for a server are come by (OAuth 2.1). On the wire they are bearer tokens.
//!
//! Consumers: drivers, engines, portcullis, spine

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::KeyId;
use crate::principal::PresentedToken;
use crate::text::{CredentialRefText, UrlText};

bounded_text!(/// The name under which an authorization server knows us; no secret.
    OauthClientId, 1..=512);
bounded_text!(/// Scopes, separated by single spaces (RFC 6749 section 3.3).
    OauthScope, 1..=1024);
bounded_text!(/// Whom a token is for, as the authorization server names it (RFC 8693 section 2.1).
    OauthAudience, 1..=512);

string_enum!(
    /// How we prove to a token endpoint who we are (RFC 6749 section 2.3).
    OauthClientAuth {
        /// Client id and secret in `Authorization: Basic`.
        Basic = "client_secret_basic",
        /// Client id and secret in the body.
        Post = "client_secret_post",
        /// Client id in the body, and no secret: a public client, which proves by PKCE alone that it is the same.
        None = "none",
    }
);

string_enum!(
    /// What a caller's token is called at a token endpoint: the end of its URN (RFC 8693 section 3).
    SubjectTokenType {
        /// `urn:ietf:params:oauth:token-type:access_token`.
        AccessToken = "access_token",
        /// `urn:ietf:params:oauth:token-type:jwt`.
        Jwt = "jwt",
    }
);

string_enum!(
    /// How an authorization server knows us (MCP authorization, "Client Registration Approaches").
    ClientRegistration {
        /// By the client that the admin has named.
        Given = "given",
        /// By the registration that the server had.
        Kept = "kept",
        /// By the URL of a document that says who we are.
        MetadataDocument = "client_id_metadata_document",
        /// By a registration that was made now (RFC 7591).
        Dynamic = "dynamic",
        /// Not yet: it registers nobody by itself. Register a client there, and name it with this issuer.
        Required = "required",
    }
);

/// A client that an authorization server knows already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownClient {
    /// Where it is known, sign by sign.
    pub issuer: UrlText,
    /// Its id.
    pub client_id: OauthClientId,
    /// How it proves itself; unless told by the first way of ours that the authorization server names.
    pub client_auth: Option<OauthClientAuth>,
    /// Reference to its secret; none for a public client.
    pub credential_ref: Option<CredentialRefText>,
}

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
    /// For `oauth_token_exchange`, and required there: as what the caller's token is presented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_token_type: Option<SubjectTokenType>,
    /// For `oauth_token_exchange`: whom the token is to be for, where the authorization server wants it by a name besides
    /// `resource`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<OauthAudience>,
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

/// A caller whose access token is exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerGrant {
    /// As which client it is asked for.
    pub client: ClientGrant,
    /// Whose token; issued ones serve this key alone.
    pub key: KeyId,
    /// What the caller was let in by. A caller with an API key has none, and gets none.
    pub subject: Option<Arc<PresentedToken>>,
}

/// A secret of the caller's own, such as a personal access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSecretGrant {
    /// Whose.
    pub key: KeyId,
    /// Stands for the server's address and header: a secret is used for those that it was given for.
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
    /// A token that the caller's own is exchanged for (RFC 8693).
    Caller(CallerGrant),
    /// Nothing is exchanged: the credential is the secret that the caller has given.
    OwnSecret(OwnSecretGrant),
}
