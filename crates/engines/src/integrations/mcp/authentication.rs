//! How we authenticate to a server: which settings fit together, and the header that a secret becomes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_schemas::codes::Code;
use portcullis_schemas::ids::{KeyId, TenantId};
use portcullis_schemas::integrations::credentials::CredentialAccess;
use portcullis_schemas::integrations::credentials::ports::CredentialVault;
use portcullis_schemas::integrations::mcp::server::{McpAuthType, McpServer};
use portcullis_schemas::integrations::mcp::wire::{AuthHeader, McpTarget};
use portcullis_schemas::logs::ledger::IntentKind;
use portcullis_schemas::principal::Principal;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::text::{CredentialRefText, HeaderNameText};
use portcullis_schemas::{Error, ErrorKind, PortError, PortErrorKind, codes};
use portcullis_trail::sha256;

use crate::upstream_tokens::exchange;
use crate::upstream_tokens::own_secrets::is_callers_own;

#[cfg(test)]
mod tests;

/// The header of `api_key` unless a server names another.
pub const DEFAULT_HEADER: &str = "X-API-Key";

/// Why a server without a granted credential is not asked anything; the same whether the credential or the grant is
/// missing.
pub(super) const NOT_GRANTED: &str =
    "the server may not use its credential: see that the credential exists, and grant it to this server";

/// Why a caller with an API key does not reach a server that takes callers' tokens exchanged.
pub(super) const NO_SUBJECT: &str = "this MCP server is reached with your own access token, exchanged, and you came with an API \
     key: come with an access token of an issuer that this gate trusts";

/// Headers that the HTTP layer, MCP or tracing sets; a credential there would break the exchange or leak.
const RESERVED: [&str; 19] = [
    "host",
    "content-length",
    "content-type",
    "content-encoding",
    "accept",
    "accept-encoding",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "user-agent",
    "last-event-id",
    "traceparent",
    "tracestate",
    "baggage",
    "forwarded",
];
const RESERVED_PREFIXES: [&str; 3] = ["mcp-", "proxy-", "x-forwarded-"];

/// Whether type, header and reference fit together.
///
/// # Errors
/// `invalid_field` naming the first field that does not fit.
pub fn check_auth(
    auth_type: McpAuthType,
    header: Option<&HeaderNameText>,
    reference: Option<&CredentialRefText>,
) -> Result<(), Error> {
    check_auth_header(auth_type, header)?;
    match (auth_type, reference) {
        (McpAuthType::None, Some(_)) => Err(Error::invalid(
            "credential_ref",
            "expected none: auth_type none sends no credential; set auth_type to use it",
        )),
        (_, Some(reference)) if auth_type.is_oauth() && is_callers_own(reference) => Err(Error::invalid(
            "credential_ref",
            "expected the client's secret: callers' own are for auth_type api_key, bearer and basic",
        )),
        (McpAuthType::None, None) | (_, Some(_)) => Ok(()),
        (_, None) => Err(Error::invalid(
            "credential_ref",
            format!("required: auth_type {auth_type} needs a credential"),
        )),
    }
}

/// Whether a header may be named for this type, and this one at that.
///
/// # Errors
/// `invalid_field` on `auth_header`.
pub(super) fn check_auth_header(
    auth_type: McpAuthType,
    header: Option<&HeaderNameText>,
) -> Result<(), Error> {
    match (auth_type, header) {
        (McpAuthType::ApiKey, Some(name)) => check_header_name(name.as_str()),
        (McpAuthType::None, Some(_)) => {
            Err(Error::invalid("auth_header", "expected none: auth_type none sends no credential"))
        }
        (_, Some(_)) => Err(Error::invalid(
            "auth_header",
            format!("expected none: auth_type {auth_type} uses Authorization"),
        )),
        (_, None) => Ok(()),
    }
}

/// The reference that an exchange with this server needs; `None` when it needs none.
///
/// # Errors
/// `credential_reference` when the server authenticates but its credential was dropped with its old URL.
pub fn required_reference(server: &McpServer) -> Result<Option<&CredentialRefText>, Error> {
    match (server.auth_type, &server.credential_ref) {
        (McpAuthType::None, _) => Ok(None),
        (_, Some(reference)) => Ok(Some(reference)),
        (auth_type, None) => Err(Error::new(
            ErrorKind::Conflict,
            codes::CREDENTIAL_REFERENCE,
            format!(
                "auth_type {auth_type} needs a credential, and the server has none since its URL changed: set credential_ref"
            ),
        )),
    }
}

/// Who asks for the server's credential, and what for.
#[must_use]
pub fn credential_access(server: &McpServer, caller: &Principal, purpose: IntentKind) -> CredentialAccess {
    CredentialAccess {
        mcp_server: server.server_id.clone(),
        accessor: caller.actor().to_owned(),
        purpose: purpose.as_str(),
        exchange: exchange(server, caller),
    }
}

/// Opens the server's credential and makes its header. Its rule must have been judged and its access recorded.
///
/// # Errors
/// `credential_reference`, `credential_unavailable` and what else the vault reports, `credential_unusable`.
pub async fn authenticate(
    vault: &dyn CredentialVault,
    tenant: &TenantId,
    server: &McpServer,
    access: &CredentialAccess,
) -> Result<Option<AuthHeader>, Error> {
    let Some(reference) = required_reference(server)? else { return Ok(None) };
    let secret = vault.open(tenant, reference.as_str(), access).await.map_err(unopened)?;
    auth_header(server.auth_type, server.auth_header.as_ref().map(HeaderNameText::as_str), &secret)
}

/// A credential that could not be opened, or not be exchanged, as a caller sees it.
pub fn unopened(error: PortError) -> Error {
    let kind = match (error.kind(), error.code()) {
        (_, codes::CONNECTION_REQUIRED | codes::ACCESS_TOKEN_REQUIRED) => ErrorKind::Conflict,
        (PortErrorKind::Timeout, _) => ErrorKind::Timeout,
        (PortErrorKind::Unavailable, _) => ErrorKind::Unavailable,
        _ => ErrorKind::Denied,
    };
    Error::new(kind, error.code(), not_opened(error.code())).with_source(error)
}

pub(super) fn not_opened(code: Code) -> &'static str {
    match code {
        codes::CONNECTION_REQUIRED => {
            "this MCP server is called with an account of the caller's own, and none is connected, or it must be connected \
             anew: its owner does so (POST /integrations/connections, or PUT .../connection with a secret), and the same \
             call goes through"
        }
        codes::ACCESS_TOKEN_REQUIRED => NO_SUBJECT,
        codes::UPSTREAM_UNAUTHORIZED => {
            "the server refused its last token, and another was asked for less than 30 s ago: retry later; an admin should \
             look at its authorization"
        }
        codes::UPSTREAM_TOKEN_REFUSED => {
            "the server's authorization server gives no token, or one that the server has refused: check client id, secret, \
             scope and resource there"
        }
        codes::UPSTREAM_TOKEN_UNUSABLE => {
            "the server's authorization server gives a token that may not be used, for more than was asked for or of another \
             type: ask those who run it"
        }
        codes::UPSTREAM_TOKEN_UNAVAILABLE => {
            "the server's authorization server does not answer: retry later, or check its token endpoint"
        }
        codes::DEADLINE_EXCEEDED => {
            "the deadline passed before the server's credential was there; the server was asked nothing, so it may be sent \
             again"
        }
        codes::CANCELLED => {
            "the caller went away, or the server is shutting down, before the MCP server's credential was there; the MCP \
             server was asked nothing"
        }
        _ => "the server's credential cannot be opened: check that it exists and is granted to this server",
    }
}

/// The header that carries a secret: a name of your choice, `Bearer` (RFC 6750) or `Basic` (RFC 7617).
///
/// # Errors
/// `credential_unusable` when the secret is not visible ASCII (inner spaces allowed), or for `basic` not
/// `user:password`. The secret is not echoed.
pub fn auth_header(
    auth_type: McpAuthType,
    header: Option<&str>,
    secret: &Secret,
) -> Result<Option<AuthHeader>, Error> {
    let text = secret.expose();
    let is_bearer = auth_type == McpAuthType::Bearer || auth_type.is_oauth();
    let (name, value) = match auth_type {
        McpAuthType::None => return Ok(None),
        McpAuthType::ApiKey => (header.unwrap_or(DEFAULT_HEADER), usable(text)?.to_owned()),
        _ if is_bearer && text.contains(' ') => {
            return Err(unusable("a bearer token must not hold spaces"));
        }
        _ if is_bearer => ("Authorization", ["Bearer ", usable(text)?].concat()),
        McpAuthType::Basic if !text.contains(':') => {
            return Err(unusable("a basic credential is `user:password`"));
        }
        McpAuthType::Basic => ("Authorization", basic(without_controls(text)?)),
        _ => return Err(unusable("this authentication type is not offered")),
    };
    Ok(Some(AuthHeader { name: name.to_owned(), value: Secret::new(value) }))
}

/// Whom to talk to, for `caller`. `secret_version` is that of a vaulted credential, so that a rotated secret starts a new
/// session.
#[must_use]
pub fn target(
    server: &McpServer,
    caller: &KeyId,
    secret_version: Option<u64>,
    auth: Option<AuthHeader>,
) -> McpTarget {
    McpTarget {
        server_id: server.server_id.clone(),
        url: server.url.as_str().to_owned(),
        pin: server.protocol,
        agent_input: server.agent_input.clone(),
        identity: identity(server, caller, secret_version, auth.as_ref()),
        auth,
    }
}

/// A digest of everything that makes two exchanges the same caller upstream. The caller's key is in it also where all use
/// one credential: what a server keeps in a session (a browser, a cursor, a memory) is no other agent's. A secret of the
/// caller's own has no version: it stands for itself.
fn identity(
    server: &McpServer,
    caller: &KeyId,
    secret_version: Option<u64>,
    auth: Option<&AuthHeader>,
) -> String {
    let own = auth.filter(|_| server.credential_ref.as_ref().is_some_and(is_callers_own));
    let own = own.map_or_else(String::new, |auth| sha256(auth.value.expose().as_bytes()).to_string());
    let parts = [
        server.auth_type.as_str(),
        server.auth_header.as_ref().map_or("", HeaderNameText::as_str),
        server.credential_ref.as_ref().map_or("", CredentialRefText::as_str),
        &secret_version.map_or_else(String::new, |version| version.to_string()),
        &server.oauth.as_ref().map_or_else(String::new, |oauth| format!("{oauth:?}")),
        caller.as_str(),
        &own,
    ];
    sha256(parts.join("\n").as_bytes()).to_string()
}

/// RFC 9110 section 5.6.2: a token.
fn check_header_name(name: &str) -> Result<(), Error> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.bytes().all(is_token) {
        return Err(Error::invalid(
            "auth_header",
            "expected an HTTP header name: letters, digits and !#$%&'*+-.^_`|~",
        ));
    }
    let lower = name.to_ascii_lowercase();
    let reserved = RESERVED.contains(&lower.as_str())
        || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix));
    if reserved {
        return Err(Error::invalid(
            "auth_header",
            "expected another header: this one is set by HTTP, MCP or tracing",
        ));
    }
    Ok(())
}

/// Visible ASCII with inner spaces, so that no secret can end a header line.
fn usable(text: &str) -> Result<&str, Error> {
    let visible = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    if visible && !text.is_empty() && text.trim() == text {
        return Ok(text);
    }
    Err(unusable("the secret must be visible ASCII without spaces at its ends"))
}

/// Written into one buffer of the right size, so that no copy of the secret is left behind.
fn basic(credential: &str) -> String {
    let mut value = String::with_capacity("Basic ".len() + credential.len().div_ceil(3) * 4);
    value.push_str("Basic ");
    STANDARD.encode_string(credential, &mut value);
    value
}

/// RFC 7617 section 2: no control characters; everything else is encoded.
fn without_controls(text: &str) -> Result<&str, Error> {
    if text.chars().any(char::is_control) {
        Err(unusable("a basic credential must not hold control characters"))
    } else {
        Ok(text)
    }
}

fn unusable(expected: &str) -> Error {
    Error::new(
        ErrorKind::Conflict,
        codes::CREDENTIAL_UNUSABLE,
        format!("the credential cannot be sent: {expected}; rotate it"),
    )
}
