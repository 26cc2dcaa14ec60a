//! Tokens from an authorization server (RFC 6749, OAuth 2.1, RFC 8693): which settings may be, what is sent, and what of the
//! answer is believed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_schemas::egress::HeaderValue;
use portcullis_schemas::integrations::mcp::oauth::{
    CallerGrant, ClientGrant, OauthClientAuth, SubjectTokenType, TokenExchange,
};
use portcullis_schemas::integrations::mcp::server::{McpAuthType, McpServer};
use portcullis_schemas::principal::Principal;
use portcullis_schemas::secret::Secret;
use zeroize::Zeroizing;

use self::accounts::account_grant;
use self::own_secrets::{is_callers_own, own_secret_grant};

pub mod accounts;
mod answer;
pub mod own_secrets;
mod settings;
#[cfg(test)]
mod tests;

pub use answer::{INVALID_GRANT, IssuedToken, NoToken, judge_answer, renewal_margin};
pub use settings::check_oauth;

/// Most bytes of a token endpoint's answer.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The grant of RFC 8693 section 2.1.
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// What stands before the kinds of tokens (RFC 8693 section 3).
const TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:";

/// What the server's credential is exchanged for before it is used; `None` when it is used itself.
#[must_use]
pub fn exchange(server: &McpServer, caller: &Principal) -> Option<TokenExchange> {
    match server.auth_type {
        McpAuthType::OauthClientCredentials => client_of(server).map(TokenExchange::Client),
        McpAuthType::OauthTokenExchange => client_of(server).map(|client| {
            let (key, subject) = (caller.key().clone(), caller.token().cloned());
            TokenExchange::Caller(CallerGrant { client, key, subject })
        }),
        McpAuthType::OauthAuthorizationCode => {
            account_grant(server, caller.key()).map(TokenExchange::Account)
        }
        _ => own_secret_grant(server, caller.key()).map(TokenExchange::OwnSecret),
    }
}

/// Whether a server is asked as the one who calls, so that nothing of one caller may serve another.
#[must_use]
pub fn is_by_caller(server: &McpServer) -> bool {
    [McpAuthType::OauthAuthorizationCode, McpAuthType::OauthTokenExchange].contains(&server.auth_type)
        || server.credential_ref.as_ref().is_some_and(is_callers_own)
}

/// Whether a caller brings what the server's tokens are made of: who came with an API key has no token to exchange.
#[must_use]
pub fn has_subject(server: &McpServer, caller: &Principal) -> bool {
    server.auth_type != McpAuthType::OauthTokenExchange || caller.token().is_some()
}

/// Who we are for the server's authorization server, if it has one.
pub(crate) fn client_of(server: &McpServer) -> Option<ClientGrant> {
    let oauth = server.oauth.clone()?;
    let resource = oauth.resource.as_ref().unwrap_or(&server.url).as_str().to_owned();
    Some(ClientGrant { oauth, resource })
}

/// What is sent to a token endpoint.
#[derive(Debug)]
pub struct TokenQuestion {
    /// Headers, in order.
    pub headers: Vec<(String, HeaderValue)>,
    /// `application/x-www-form-urlencoded`.
    pub body: Secret,
}

/// By what a token is asked for.
#[derive(Debug)]
pub enum Ask<'a> {
    /// By the client's own name (RFC 6749 section 4.4).
    Client,
    /// By a code that a browser brought, and the verifier of its challenge (RFC 7636 section 4.5).
    Code {
        /// The code.
        code: &'a Secret,
        /// The verifier.
        verifier: &'a Secret,
    },
    /// By a refresh token, for what was granted before (RFC 6749 section 6).
    Refresh(&'a Secret),
    /// By a caller's access token (RFC 8693 section 2.1).
    Exchange(&'a Secret),
}

/// Asks for a token.
#[must_use]
pub fn question(grant: &ClientGrant, secret: &Secret, ask: &Ask<'_>) -> TokenQuestion {
    let oauth = &grant.oauth;
    let kind = oauth.subject_token_type.unwrap_or(SubjectTokenType::AccessToken);
    let [subject_type, access_token] =
        [kind, SubjectTokenType::AccessToken].map(|kind| format!("{TOKEN_TYPE}{kind}"));
    let mut pairs = vec![("resource", grant.resource.as_str())];
    match ask {
        Ask::Client => {
            pairs.push(("grant_type", "client_credentials"));
            pairs.extend(oauth.scope.as_ref().map(|scope| ("scope", scope.as_str())));
        }
        Ask::Code { code, verifier } => {
            pairs.extend([("grant_type", "authorization_code"), ("code", code.expose())]);
            pairs.push(("code_verifier", verifier.expose()));
            pairs.extend(oauth.redirect_uri.as_ref().map(|uri| ("redirect_uri", uri.as_str())));
        }
        Ask::Refresh(token) => {
            pairs.extend([("grant_type", "refresh_token"), ("refresh_token", token.expose())]);
        }
        Ask::Exchange(subject) => {
            pairs.extend([("grant_type", EXCHANGE), ("subject_token", subject.expose())]);
            pairs.push(("subject_token_type", &subject_type));
            pairs.push(("requested_token_type", &access_token));
            pairs.extend(oauth.audience.as_ref().map(|audience| ("audience", audience.as_str())));
            pairs.extend(oauth.scope.as_ref().map(|scope| ("scope", scope.as_str())));
        }
    }
    let mut headers = vec![
        ("accept".to_owned(), HeaderValue::Plain("application/json".to_owned())),
        ("content-type".to_owned(), HeaderValue::Plain("application/x-www-form-urlencoded".to_owned())),
    ];
    match oauth.client_auth.unwrap_or(OauthClientAuth::Basic) {
        OauthClientAuth::Post => {
            pairs.extend([("client_id", oauth.client_id.as_str()), ("client_secret", secret.expose())]);
        }
        OauthClientAuth::None => pairs.push(("client_id", oauth.client_id.as_str())),
        _ => {
            // RFC 6749 section 2.3.1: both are encoded as in a form, then joined.
            let (id, secret) = (encoded(oauth.client_id.as_str()), encoded(secret.expose()));
            let pair = Zeroizing::new([id.as_str(), ":", secret.as_str()].concat());
            let pair = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
            let value = Secret::new(["Basic ", pair.as_str()].concat());
            headers.push(("authorization".to_owned(), HeaderValue::Secret(value)));
        }
    }
    let pair = |(name, value): &(&str, &str)| [name, "=", encoded(value).as_str()].concat();
    let pairs: Vec<String> = pairs.iter().map(pair).collect();
    TokenQuestion { headers, body: Secret::new(Zeroizing::new(pairs).join("&")) }
}

/// The `application/x-www-form-urlencoded` form of a text (WHATWG URL section 5.2).
pub(crate) fn encoded(text: &str) -> Zeroizing<String> {
    // Room for the worst case, so that no copy of a secret is left behind by growing.
    let mut form = Zeroizing::new(String::with_capacity(text.len() * 3));
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                form.push(char::from(byte))
            }
            b' ' => form.push('+'),
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                let digits = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
                form.extend(['%', char::from(digits[0]), char::from(digits[1])]);
            }
        }
    }
    form
}
