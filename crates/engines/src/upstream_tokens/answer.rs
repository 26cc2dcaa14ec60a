//! What of a token endpoint's answer is believed.

use std::time::Duration;

use portcullis_schemas::integrations::mcp::oauth::ClientGrant;
use portcullis_schemas::secret::Secret;
use portcullis_trail::strict::{self, Limits};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{Ask, TOKEN_TYPE};

/// Most bytes of an access token; it ends in a header.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// How long a token is good whose answer does not say it.
const UNSAID: Duration = Duration::from_secs(300);
/// The longest that any answer is believed.
const LONGEST: Duration = Duration::from_secs(86_400);
/// What was asked with (a code, a refresh token) is good no more, or never was.
pub const INVALID_GRANT: &str = "invalid_grant";
/// Error codes that may be shown (RFC 6749 section 5.2, RFC 8707 section 2).
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

/// A token that ends sooner than this is renewed before it is used, if that can be had.
pub(super) const MARGIN: Duration = Duration::from_secs(30);

/// How long before its end a token of this lifetime is renewed: of a short life the last fifth.
#[must_use]
pub fn renewal_margin(lifetime: Duration) -> Duration {
    MARGIN.min(lifetime / 5)
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
pub fn judge_answer(
    status: u16,
    body: Vec<u8>,
    grant: &ClientGrant,
    ask: &Ask<'_>,
) -> Result<IssuedToken, NoToken> {
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
    if let Ask::Exchange(subject) = ask {
        check_exchanged(&answer, text, subject)?;
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

/// What a caller's token was exchanged for (RFC 8693 section 2.2.1). The caller's own token, handed back, would go on to the
/// MCP server, where it must never be seen.
fn check_exchanged(answer: &Map<String, Value>, issued: &str, subject: &Secret) -> Result<(), NoToken> {
    let kind = answer.get("issued_token_type").and_then(Value::as_str);
    let kind = kind.and_then(|kind| kind.strip_prefix(TOKEN_TYPE));
    if !kind.is_some_and(|kind| ["access_token", "jwt"].contains(&kind)) {
        return Err(NoToken::Answer("`issued_token_type` of an access token"));
    }
    match issued == subject.expose() {
        false => Ok(()),
        true => Err(NoToken::Answer("another token than the caller's own")),
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
