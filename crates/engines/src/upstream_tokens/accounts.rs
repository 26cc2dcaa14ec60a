//! Connecting a key's own account at a server: the authorization code grant with PKCE (RFC 7636), the issuer in the answer
//! (RFC 9207), and what is kept sealed of it.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_schemas::ids::{KeyId, ServerId};
use portcullis_schemas::integrations::connections::operations::CompleteConnection;
use portcullis_schemas::integrations::connections::{Connection, StoredConnection};
use portcullis_schemas::integrations::mcp::oauth::{AccountGrant, UpstreamOauth};
use portcullis_schemas::integrations::mcp::server::{McpAuthType, McpServer};
use portcullis_schemas::secret::Secret;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, ErrorKind, codes};
use portcullis_trail::sha256;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::answer::MARGIN;
use super::{IssuedToken, client_of, encoded, renewal_margin};

#[cfg(test)]
mod tests;

/// How long an attempt may be completed.
pub const ATTEMPT: Duration = Duration::from_secs(600);
/// Random bytes of an attempt: one half for its state, one for its verifier.
pub const RANDOM_BYTES: usize = 64;

/// What waits, sealed, for the browser to come back.
#[derive(Deserialize, Serialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct SealedAttempt {
    key: String,
    binding: String,
    verifier: String,
}

/// The tokens of an account, sealed. They are for one key, one server at one address, and one client at one token endpoint.
#[derive(Deserialize, Serialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct SealedTokens {
    key: String,
    binding: String,
    access_token: String,
    /// Microseconds since 1970.
    ends_at: i64,
    /// How long before that they are renewed, in microseconds, if that is not the usual: earlier versions refuse this member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    margin: Option<u64>,
    refresh_token: Option<String>,
}

/// An attempt that begins.
#[derive(Debug)]
pub struct Begun {
    /// For the browser.
    pub authorization_url: String,
    /// What is kept of the state.
    pub state_digest: String,
    /// To be sealed.
    pub attempt: Secret,
}

/// With whose account, and as which client: `None` unless the server asks for accounts of its callers.
#[must_use]
pub fn account_grant(server: &McpServer, key: &KeyId) -> Option<AccountGrant> {
    let client = client_of(server).filter(|_| server.auth_type == McpAuthType::OauthAuthorizationCode)?;
    // Tokens that were given for another address or scope, or to another client, are not sent here, nor to this token
    // endpoint.
    let oauth = &client.oauth;
    let parts = [
        server.url.as_str(),
        client.resource.as_str(),
        oauth.token_endpoint.as_str(),
        oauth.client_id.as_str(),
        oauth.scope.as_ref().map_or("", |scope| scope.as_str()),
    ];
    let binding = sha256(parts.join("\n").as_bytes()).to_string();
    Some(AccountGrant { client, key: key.clone(), binding })
}

/// Begins an attempt. `random` must be fresh from a cryptographic source.
///
/// # Errors
/// `invalid_field` when the server does not ask for accounts.
pub fn begin(server: &McpServer, key: &KeyId, random: &[u8; RANDOM_BYTES]) -> Result<Begun, Error> {
    let grant = account_grant(server, key).ok_or_else(no_accounts)?;
    let oauth = &grant.client.oauth;
    let (Some(endpoint), Some(redirect)) = (&oauth.authorization_endpoint, &oauth.redirect_uri) else {
        return Err(no_accounts());
    };
    let (for_state, for_verifier) = random.split_at(RANDOM_BYTES / 2);
    let ulid = server.server_id.as_str().strip_prefix(ServerId::PREFIX).unwrap_or_default();
    let state = format!("{ulid}.{}", URL_SAFE_NO_PAD.encode(for_state));
    let verifier = URL_SAFE_NO_PAD.encode(for_verifier);
    let challenge = URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()).as_bytes());
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", oauth.client_id.as_str()),
        ("redirect_uri", redirect.as_str()),
        ("state", state.as_str()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("resource", grant.client.resource.as_str()),
    ];
    pairs.extend(oauth.scope.as_ref().map(|scope| ("scope", scope.as_str())));
    let query: Vec<String> =
        pairs.iter().map(|(name, value)| [name, "=", encoded(value).as_str()].concat()).collect();
    let joint = if endpoint.as_str().contains('?') { '&' } else { '?' };
    let authorization_url = format!("{}{joint}{}", endpoint.as_str(), query.join("&"));
    let attempt = SealedAttempt { key: key.to_string(), binding: grant.binding, verifier };
    Ok(Begun { authorization_url, state_digest: digest(&state), attempt: sealable(&attempt)? })
}

/// The server that a state names; whether it is one of ours is seen when its digest is compared.
#[must_use]
pub fn server_of(state: &Secret) -> Option<ServerId> {
    let (ulid, _) = state.expose().split_once('.')?;
    format!("{}{ulid}", ServerId::PREFIX).parse().ok()
}

/// Whether a state is that of the attempt under way. An attempt is good once and for [`ATTEMPT`].
#[must_use]
pub fn is_under_way(stored: &StoredConnection, state: &Secret, now: Timestamp) -> bool {
    let in_time = stored.connection.attempt_ends_at.is_some_and(|end| now < end);
    let is_it = |(known, _): &(String, String)| *known == digest(state.expose());
    in_time && stored.attempt.as_ref().is_some_and(is_it)
}

/// What the browser came back with: the code, if it came from the issuer that it was sent to (RFC 9207 section 2.4), to the
/// address that is that server's (RFC 9700 section 4.4.2).
///
/// # Errors
/// `invalid_field` for `iss`, `redirect_uri` and `code`; `upstream_token_refused` when the authorization server refused.
pub fn returned<'a>(oauth: &UpstreamOauth, request: &'a CompleteConnection) -> Result<&'a Secret, Error> {
    let expected = oauth.issuer.as_ref().map(|issuer| issuer.as_str());
    match (request.iss.as_ref().map(|iss| iss.as_str()), expected) {
        (Some(found), Some(expected)) if found == expected => {}
        (None, _) if oauth.names_issuer != Some(true) => {}
        _ => {
            return Err(Error::invalid(
                "iss",
                "expected the issuer of the server's settings, sign by sign: the answer may be another's",
            ));
        }
    }
    if request.redirect_uri.as_ref().is_some_and(|came| oauth.redirect_uri.as_ref() != Some(came)) {
        let expected = "expected the address of the server's settings, sign by sign: the answer may be another's, so begin anew";
        return Err(Error::invalid("redirect_uri", expected));
    }
    match (&request.code, &request.error) {
        (Some(code), None) => Ok(code),
        (_, Some(_)) => Err(Error::new(
            ErrorKind::Upstream,
            codes::UPSTREAM_TOKEN_REFUSED,
            "the authorization server gave no code: begin anew, and consent there",
        )),
        (None, None) => Err(Error::invalid("code", "expected the code that the authorization server gave")),
    }
}

impl SealedAttempt {
    /// The verifier of an opened attempt, if it is that of this grant.
    #[must_use]
    pub fn verifier(opened: &Secret, grant: &AccountGrant) -> Option<Secret> {
        let attempt: Self = serde_json::from_str(opened.expose()).ok()?;
        let is_it = attempt.key == grant.key.as_str() && attempt.binding == grant.binding;
        is_it.then(|| Secret::new(attempt.verifier.clone()))
    }
}

impl SealedTokens {
    /// The tokens of an opened connection, if they are those of this grant.
    #[must_use]
    pub fn opened(text: &Secret, grant: &AccountGrant) -> Option<Self> {
        let tokens: Self = serde_json::from_str(text.expose()).ok()?;
        (tokens.key == grant.key.as_str() && tokens.binding == grant.binding).then_some(tokens)
    }

    /// To be sealed. `earlier` is the refresh token that was used, which stays unless there is a new one (RFC 6749
    /// section 6).
    ///
    /// # Errors
    /// `internal`.
    pub fn sealable(
        grant: &AccountGrant,
        issued: &IssuedToken,
        earlier: Option<&Secret>,
        now: Timestamp,
    ) -> Result<Secret, Error> {
        let refresh_token = issued.refresh.as_ref().or(earlier).map(|token| token.expose().to_owned());
        sealable(&Self {
            key: grant.key.to_string(),
            binding: grant.binding.clone(),
            access_token: issued.token.expose().to_owned(),
            ends_at: now.plus(issued.lifetime).as_micros(),
            margin: unusual_margin(issued.lifetime),
            refresh_token,
        })
    }

    /// The access token, while it has not ended.
    #[must_use]
    pub fn access(&self, now: Timestamp) -> Option<Secret> {
        let good = now < Timestamp::from_micros(self.ends_at);
        good.then(|| Secret::new(self.access_token.clone()))
    }

    /// Whether it is to be renewed before it is used, if that can be had.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let margin = self.margin.map_or(MARGIN, Duration::from_micros);
        now.plus(margin) >= Timestamp::from_micros(self.ends_at)
    }

    /// The refresh token, if there is one.
    #[must_use]
    pub fn refresh(&self) -> Option<Secret> {
        self.refresh_token.clone().map(Secret::new)
    }
}

impl fmt::Debug for SealedAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedAttempt(..)")
    }
}

impl fmt::Debug for SealedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedTokens(..)")
    }
}

/// The next version of a connection, or its first one.
#[must_use]
pub fn next(
    stored: Option<&StoredConnection>,
    key: &KeyId,
    server: &McpServer,
    now: Timestamp,
) -> StoredConnection {
    let first = Connection {
        tenant_id: server.tenant_id.clone(),
        server_id: server.server_id.clone(),
        key_id: key.clone(),
        is_connected: false,
        attempt_ends_at: None,
        created_at: now,
        updated_at: now,
        version: 0,
    };
    let stored = stored.cloned();
    let mut next = stored.unwrap_or(StoredConnection { connection: first, tokens: None, attempt: None });
    next.connection.version += 1;
    next.connection.updated_at = now;
    next
}

fn unusual_margin(lifetime: Duration) -> Option<u64> {
    let margin = renewal_margin(lifetime);
    (margin < MARGIN).then(|| u64::try_from(margin.as_micros()).ok()).flatten()
}

fn digest(state: &str) -> String {
    sha256(state.as_bytes()).to_string()
}

fn sealable(value: &impl Serialize) -> Result<Secret, Error> {
    serde_json::to_string(value).map(Secret::new).map_err(|_| {
        Error::new(ErrorKind::Internal, codes::INTERNAL, "it broke on our side")
            .with_internal("what is to be sealed cannot be written")
    })
}

fn no_accounts() -> Error {
    let expected = "expected a server of auth_type oauth_authorization_code; one with credential_ref connection://caller is given a \
         secret instead, and others are not asked as their callers";
    Error::invalid("server_id", expected)
}
