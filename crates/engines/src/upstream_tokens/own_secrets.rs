//! Secrets of callers' own, such as personal access tokens: which servers are asked with them, and what is kept sealed.

use std::fmt;

use portcullis_schemas::ids::KeyId;
use portcullis_schemas::integrations::connections::ConnectionWay;
use portcullis_schemas::integrations::mcp::oauth::OwnSecretGrant;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::wire::McpFailure;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::text::{CredentialRefText, HeaderNameText};
use portcullis_schemas::{Error, ErrorKind, codes};
use portcullis_trail::sha256;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::accounts::account_grant;

#[cfg(test)]
mod tests;

/// The reference of a server that is asked with its caller's own secret. No vault knows it: each caller's is in their
/// connection.
pub const CALLERS_OWN: &str = "connection://caller";

/// Most bytes of such a secret: written as JSON, with what it is bound to, it stays within what a vault opens.
pub const MAX_BYTES: usize = 4000;

/// Whether a reference stands for the secret of whoever calls.
#[must_use]
pub fn is_callers_own(reference: &CredentialRefText) -> bool {
    reference.as_str() == CALLERS_OWN
}

/// Whose secret, and for what: `None` unless the server is asked with its callers' own.
#[must_use]
pub fn own_secret_grant(server: &McpServer, key: &KeyId) -> Option<OwnSecretGrant> {
    let is_own = server.credential_ref.as_ref().is_some_and(is_callers_own);
    if !is_own || server.auth_type.is_oauth() {
        return None;
    }
    // A secret that was given for another address, or to be sent in another way, is not sent here.
    let header = server.auth_header.as_ref().map_or("", HeaderNameText::as_str);
    let parts = [server.url.as_str(), server.auth_type.as_str(), header];
    Some(OwnSecretGrant { key: key.clone(), binding: sha256(parts.join("\n").as_bytes()).to_string() })
}

/// How callers connect an account at a server; `None` where it is not asked as its callers.
#[must_use]
pub fn connection_way(server: &McpServer, key: &KeyId) -> Option<ConnectionWay> {
    let logs_in = account_grant(server, key).map(|_| ConnectionWay::LogIn);
    logs_in.or_else(|| own_secret_grant(server, key).map(|_| ConnectionWay::Secret))
}

/// A server that does not take its caller's own secret any more: no admin can mend that, but the caller can.
#[must_use]
pub fn disowned(failure: McpFailure, server: &McpServer) -> McpFailure {
    let is_own = server.credential_ref.as_ref().is_some_and(is_callers_own);
    if !(is_own && failure.is_unauthenticated) {
        return failure;
    }
    let detail = format!(
        "the server refuses the secret that you have given for it: give another one (PUT \
         /integrations/mcp-servers/{}/connection), and make the call anew",
        server.server_id
    );
    McpFailure { code: codes::CONNECTION_REQUIRED, detail, ..failure }
}

/// A secret, sealed. It is for one key and for one server, at one address and in one header.
#[derive(Deserialize, Serialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct SealedOwnSecret {
    key: String,
    binding: String,
    secret: String,
}

impl SealedOwnSecret {
    /// To be sealed.
    ///
    /// # Errors
    /// `invalid_field` for `secret`; `internal`.
    pub fn sealable(grant: &OwnSecretGrant, secret: &Secret) -> Result<Secret, Error> {
        if secret.expose().len() > MAX_BYTES {
            return Err(Error::invalid("secret", format!("expected at most {MAX_BYTES} bytes")));
        }
        let sealable = Self {
            key: grant.key.to_string(),
            binding: grant.binding.clone(),
            secret: secret.expose().to_owned(),
        };
        serde_json::to_string(&sealable).map(Secret::new).map_err(|_| {
            Error::new(ErrorKind::Internal, codes::INTERNAL, "it broke on our side")
                .with_internal("what is to be sealed cannot be written")
        })
    }

    /// The secret of an opened connection, if it is that of this grant.
    #[must_use]
    pub fn opened(text: &Secret, grant: &OwnSecretGrant) -> Option<Secret> {
        let sealed: Self = serde_json::from_str(text.expose()).ok()?;
        let is_it = sealed.key == grant.key.as_str() && sealed.binding == grant.binding;
        is_it.then(|| Secret::new(sealed.secret.clone()))
    }
}

impl fmt::Debug for SealedOwnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedOwnSecret(..)")
    }
}
