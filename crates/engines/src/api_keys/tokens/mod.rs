//! Access tokens of issuers that an operator trusts: a compact JWS (RFC 7515) with the claims of RFC 9068.
//!
//! Order: [`Jws::parse`] reads the text, [`Claimed::judge`] compares it with what the operator says of its issuer, the
//! vault checks the signature with one of [`TokenKeys`], [`identify`] finds the subject by the operator's rules, and
//! [`admit`] makes a principal of the subject's key. All of it is a function of values. Nothing of a token is believed
//! before its signature was checked; what is judged earlier can only refuse.

use std::fmt;

use portcullis_schemas::{Error, ErrorKind, codes};

mod admission;
mod claims;
mod document;
mod jwks;
mod jws;
mod metadata;
mod rules;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use admission::{admit, enrolled};
pub use claims::{Claimed, Place};
pub use document::MAX_DOCUMENT_BYTES;
pub use jwks::{TokenKey, TokenKeys};
pub use jws::Jws;
pub use metadata::{key_set_of, metadata_urls};
pub use rules::{TokenIdentity, identify};

/// Whether a presented text can be a token at all; an API key has no dots.
pub fn is_token(presented: &str) -> bool {
    presented.contains('.')
}

/// Why a token is refused. For the log: a caller gets one answer for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFault {
    /// Longer than any token that is read.
    Size,
    /// Not three parts of unpadded base64url.
    Form,
    /// The header or the claims are no strict JSON object.
    Json,
    /// The algorithm is none of those that are known, or not one of the issuer's.
    Algorithm,
    /// The header asks for something that is not understood (`crit`, `b64`).
    Critical,
    /// The token says that it is something else than an access token.
    Type,
    /// The key id is no short plain text.
    KeyId,
    /// No issuer, or none that is trusted.
    Issuer,
    /// For somebody else.
    Audience,
    /// No end, or it has passed.
    Expired,
    /// Not valid yet, or made in the future.
    Early,
    /// The issuer has no key that fits.
    Key,
    /// The signature is not that of the issuer's key.
    Signature,
    /// No rule of the operator maps it to a subject.
    Rule,
    /// The subject is no client of the tenant, or one that may not call now.
    Client,
}

impl TokenFault {
    fn why(self) -> &'static str {
        match self {
            Self::Size => "the token is too long",
            Self::Form => "the token is not three parts of base64url",
            Self::Json => "the token's header or claims are no strict JSON object",
            Self::Algorithm => "the token's algorithm is not one that its issuer may use",
            Self::Critical => "the token's header has what must be understood and is not",
            Self::Type => "the token is of another type",
            Self::KeyId => "the token's key id is no short plain text",
            Self::Issuer => "the token's issuer is not trusted",
            Self::Audience => "the token is for another audience",
            Self::Expired => "the token has no end, or it has passed",
            Self::Early => "the token is not valid yet",
            Self::Key => "the issuer has no key that fits the token",
            Self::Signature => "the token's signature is wrong",
            Self::Rule => "no rule maps the token to a subject",
            Self::Client => "the token's subject is no client that may call",
        }
    }

    /// The one answer to every token that is not let in. Why goes to the log.
    pub fn to_error(self) -> Error {
        let public = "expected a valid access token of an issuer that this server trusts: get a new one, or ask an admin \
                      of your tenant to register you";
        Error::new(ErrorKind::Unauthenticated, codes::UNAUTHENTICATED, public).with_internal(self.why())
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why())
    }
}

impl std::error::Error for TokenFault {}
