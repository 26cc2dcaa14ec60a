//! Tokens from an authorization server (RFC 6749, OAuth 2.1): which settings may be, what is sent, and what of the answer
//! is believed.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_schemas::Error;
use portcullis_schemas::egress::HeaderValue;
use portcullis_schemas::ids::KeyId;
use portcullis_schemas::integrations::mcp::oauth::{
    ClientGrant, OauthClientAuth, TokenExchange, UpstreamOauth,
};
use portcullis_schemas::integrations::mcp::server::{McpAuthType, McpServer};
use portcullis_schemas::secret::Secret;
use portcullis_schemas::text::UrlText;
use portcullis_trail::strict::{self, Limits};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::accounts::account_grant;

#[cfg(test)]
mod tests;

/// Most bytes of a token endpoint's answer.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Most bytes of an access token; it ends in a header.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// How long a token is good whose answer does not say it.
const UNSAID: Duration = Duration::from_secs(300);
/// The longest that any answer is believed.
const LONGEST: Duration = Duration::from_secs(86_400);
/// Error codes that may be shown (RFC 6749 section 5.2, RFC 8707 section 2).
/// What was asked with (a code, a refresh token) is good no more, or never was.
pub const INVALID_GRANT: &str = "invalid_grant";
const KNOWN_ERRORS: [&str; 8] = [
    "invalid_request",
    "invalid_client",
    INVALID_GRANT,
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "temporarily_unavailable",
];

/// Whether the settings fit the type, and are of the form that they are sent in.
///
/// # Errors
/// `invalid_field` below `oauth`.
pub fn check_oauth(auth_type: McpAuthType, oauth: Option<&UpstreamOauth>) -> Result<(), Error> {
    match (auth_type, oauth) {
        (McpAuthType::OauthClientCredentials, Some(oauth)) => check_form(oauth),
        (McpAuthType::OauthAuthorizationCode, Some(oauth)) => {
            check_form(oauth)?;
            check_accounts(oauth)
        }
        (McpAuthType::OauthClientCredentials | McpAuthType::OauthAuthorizationCode, None) => {
            Err(Error::invalid("oauth", format!("required: auth_type {auth_type} needs a token endpoint")))
        }
        (_, None) => Ok(()),
        (_, Some(_)) => Err(Error::invalid(
            "oauth",
            format!("expected none: auth_type {auth_type} asks nobody for tokens"),
        )),
    }
}

/// What a browser is sent to, and back to, has to be said; a part of it that another could set is refused.
fn check_accounts(oauth: &UpstreamOauth) -> Result<(), Error> {
    let is_plain = |url: &UrlText| {
        let text = url.as_str();
        let is_web = text.starts_with("https://") || text.starts_with("http://");
        is_web && !text.contains(['#', '\\']) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let fields = [
        ("oauth.authorization_endpoint", &oauth.authorization_endpoint),
        ("oauth.redirect_uri", &oauth.redirect_uri),
        ("oauth.issuer", &oauth.issuer),
    ];
    match fields.into_iter().find(|(_, url)| !url.as_ref().is_some_and(is_plain)) {
        None => Ok(()),
        Some((field, _)) => Err(Error::invalid(
            field,
            "required for auth_type oauth_authorization_code: a URL without a fragment, as the authorization server knows it",
        )),
    }
}

fn check_form(oauth: &UpstreamOauth) -> Result<(), Error> {
    let is_visible = |text: &str| text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    if !is_visible(oauth.client_id.as_str()) {
        return Err(Error::invalid(
            "oauth.client_id",
            "expected visible ASCII, as the authorization server gave it",
        ));
    }
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
    };
    if oauth.scope.as_ref().is_some_and(|scope| !scope.as_str().split(' ').all(is_word)) {
        return Err(Error::invalid(
            "oauth.scope",
            "expected scopes of visible ASCII, with one space between them",
        ));
    }
    // RFC 8707 section 2: an absolute URI without fragment.
    let is_uri = |text: &str| {
        text.contains("://") && !text.contains('#') && text.bytes().all(|b| b.is_ascii_graphic())
    };
    if oauth.resource.as_ref().is_some_and(|resource| !is_uri(resource.as_str())) {
        return Err(Error::invalid("oauth.resource", "expected an absolute URI without a fragment"));
    }
    Ok(())
}

/// What the server's credential is exchanged for before it is used; `None` when it is used itself.
#[must_use]
pub fn exchange(server: &McpServer, key: &KeyId) -> Option<TokenExchange> {
    match server.auth_type {
        McpAuthType::OauthClientCredentials => client_of(server).map(TokenExchange::Client),
        _ => account_grant(server, key).map(TokenExchange::Account),
    }
}

/// Who we are for the server's authorization server, if it has one.
pub(super) fn client_of(server: &McpServer) -> Option<ClientGrant> {
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
}

/// Asks for a token.
#[must_use]
pub fn question(grant: &ClientGrant, secret: &Secret, ask: &Ask<'_>) -> TokenQuestion {
    let oauth = &grant.oauth;
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
    }
    let mut headers = vec![
        ("accept".to_owned(), HeaderValue::Plain("application/json".to_owned())),
        ("content-type".to_owned(), HeaderValue::Plain("application/x-www-form-urlencoded".to_owned())),
    ];
    match oauth.client_auth.unwrap_or(OauthClientAuth::Basic) {
        OauthClientAuth::Post => {
            pairs.extend([("client_id", oauth.client_id.as_str()), ("client_secret", secret.expose())]);
        }
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
pub(super) fn encoded(text: &str) -> Zeroizing<String> {
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

/// A token, and for how long it is good.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: Secret,
    /// From the answer on; zero for once.
    pub lifetime: Duration,
    /// What it may be renewed by.
    pub refresh: Option<Secret>,
}

/// Why there is no token. Holds no word of the authorization server but a code of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoToken {
    /// It refused, by this code.
    #[error("the authorization server refuses: {0}")]
    Refused(&'static str),
    /// It cannot answer now.
    #[error("the authorization server answered with the status {0}")]
    Status(u16),
    /// Its answer is not one of RFC 6749 section 5.1; holds what was expected.
    #[error("the authorization server's answer cannot be used: expected {0}")]
    Answer(&'static str),
}

/// Judges an answer to [`question`], and wipes it (RFC 6749 sections 5.1 and 5.2). Redirects are answers that cannot be
/// used.
///
/// # Errors
/// [`NoToken`].
pub fn judge_answer(status: u16, body: Vec<u8>, grant: &ClientGrant) -> Result<IssuedToken, NoToken> {
    let body = Zeroizing::new(body);
    let answer = match strict::parse(&body, Limits { max_depth: 8, max_nodes: 1024 }) {
        Ok(Value::Object(answer)) => Some(answer),
        _ => None,
    };
    match status {
        200 => {}
        // Not now, which says nothing of what was asked with.
        408 | 429 => return Err(NoToken::Status(status)),
        400..=499 => return Err(NoToken::Refused(error_of(answer.as_ref()))),
        _ => return Err(NoToken::Status(status)),
    }
    let mut answer = answer.ok_or(NoToken::Answer("a strict JSON object"))?;
    let kind = answer.get("token_type").and_then(Value::as_str);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
        return Err(NoToken::Answer("`token_type` Bearer"));
    }
    check_scope(&answer, grant)?;
    let lifetime = lifetime(&answer)?;
    let token = match answer.remove("access_token") {
        Some(Value::String(token)) => Secret::new(token),
        _ => return Err(NoToken::Answer("an `access_token`")),
    };
    // RFC 6750 section 2.1, and not longer than a header may be.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    let text = token.expose();
    if text.is_empty() || text.len() > MAX_TOKEN_BYTES || !text.bytes().all(is_token) {
        return Err(NoToken::Answer("an `access_token` of at most 8192 signs of RFC 6750"));
    }
    let refresh = match answer.remove("refresh_token") {
        Some(Value::String(token)) => Some(Secret::new(token)),
        _ => None,
    };
    // RFC 6749 appendix A.17.
    let is_plain = |token: &Secret| {
        token.expose().len() <= MAX_TOKEN_BYTES
            && token.expose().bytes().all(|byte| (0x20..=0x7e).contains(&byte))
    };
    if !refresh.as_ref().is_none_or(is_plain) {
        return Err(NoToken::Answer("a `refresh_token` of at most 8192 visible signs"));
    }
    Ok(IssuedToken { token, lifetime, refresh })
}

/// The code of a refusal if it is one of those that are known; others are texts of a stranger.
fn error_of(answer: Option<&Map<String, Value>>) -> &'static str {
    let named = answer.and_then(|answer| answer.get("error")).and_then(Value::as_str);
    KNOWN_ERRORS.into_iter().find(|known| Some(*known) == named).unwrap_or("without a known code")
}

/// A token for more than was asked for would be a way to more than an admin has granted.
fn check_scope(answer: &Map<String, Value>, grant: &ClientGrant) -> Result<(), NoToken> {
    let Some(asked) = &grant.oauth.scope else { return Ok(()) };
    let given = match answer.get("scope") {
        // The same as asked for (RFC 6749 section 5.1).
        None => return Ok(()),
        Some(Value::String(given)) => given,
        Some(_) => return Err(NoToken::Answer("`scope` as a text")),
    };
    let is_asked = |word: &str| word.is_empty() || asked.as_str().split(' ').any(|known| known == word);
    if given.split(' ').all(is_asked) {
        Ok(())
    } else {
        Err(NoToken::Answer("no wider `scope` than was asked for"))
    }
}

fn lifetime(answer: &Map<String, Value>) -> Result<Duration, NoToken> {
    let seconds = match answer.get("expires_in") {
        None | Some(Value::Null) => return Ok(UNSAID),
        // Some write the number as a text.
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => value.as_f64(),
    };
    match seconds {
        Some(seconds) if seconds.is_finite() => {
            Ok(Duration::from_secs_f64(seconds.clamp(0.0, LONGEST.as_secs_f64())))
        }
        _ => Err(NoToken::Answer("`expires_in` as a number of seconds")),
    }
}
