//! Access tokens of other issuers (OAuth 2.1, RFC 9068): what an operator says of the issuers, and what a token's key is.
//!
//! Consumers: api, drivers, engines, portcullis, server, spine, vault

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::ids::TenantId;
use crate::principal::{ActorType, Scope};
use crate::text::UrlText;

bounded_text!(/// Whom a token is about: the text of the claim that the operator's rule names.
    TokenSubject, 1..=255);

/// Whose access tokens stand for a key: one subject of one issuer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct TokenBinding {
    /// The issuer, exactly as `iss` says it.
    pub issuer: UrlText,
    /// The subject.
    pub subject: TokenSubject,
}

string_enum!(
    /// How a token may be signed (RFC 7518, RFC 8037). There is no `none`, and nothing that a public key could forge.
    TokenAlgorithm {
        /// RSASSA-PKCS1-v1_5 with SHA-256, of 2048 to 8192 bits.
        Rs256 = "RS256",
        /// RSASSA-PSS with SHA-256, of 2048 to 8192 bits.
        Ps256 = "PS256",
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
);

/// What an operator says of access tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenSettings {
    /// This server as its callers see it, as `https://gw.example`: the audience of tokens for the REST API, and what
    /// `/mcp/{toolset}` is added to for those of a toolset (RFC 8707, RFC 9728).
    pub resource: String,
    /// What stands before `invoke`, `read` and `admin` in the scopes of tokens. Default nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope_prefix: String,
    /// The issuers, each once. Tokens of others are refused.
    pub issuers: Vec<TokenIssuer>,
}

/// One issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenIssuer {
    /// Its identifier, compared with `iss` sign by sign (RFC 8414 section 2).
    pub issuer: String,
    /// Where its keys are; found by discovery unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Audiences of which a token must name one, instead of [`TokenSettings::resource`] and the toolset's own. For
    /// issuers that know no resource indicators.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// How its tokens may be signed.
    pub algorithms: Vec<TokenAlgorithm>,
    /// How far its clock may be off. Default 30 s, at most 300.
    pub skew_seconds: u64,
    /// Whom its tokens stand for: the first rule that fits. A token that none fits is nobody's.
    pub rules: Vec<TokenRule>,
}

/// Whom tokens stand for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenRule {
    /// The tenant.
    pub tenant: TenantId,
    /// The claim that names the subject: a member's name, or from `/` on a JSON pointer (RFC 6901). Default `sub`.
    pub subject_claim: String,
    /// Kind of actor of the token clients that this rule makes. Default `machine`.
    pub actor_type: ActorType,
    /// What tokens may do at most; unless told, what their own `scope` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Scope>>,
    /// Whether a subject that the tenant does not know becomes a token client by its first token. Otherwise an admin
    /// of the tenant registers it.
    pub register: bool,
    /// What claims must say, by their names (as in `subject_claim`): this text, or a list that holds it. All of them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<String, String>,
}

/// The public half of a key that signs tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenKeyMaterial {
    /// RSA: modulus and exponent, big-endian.
    Rsa {
        /// Modulus.
        modulus: Vec<u8>,
        /// Exponent.
        exponent: Vec<u8>,
    },
    /// A point on P-256, uncompressed (SEC 1 section 2.3.3).
    P256(Box<[u8; 65]>),
    /// Ed25519 (RFC 8032).
    Ed25519([u8; 32]),
}
