//! Judges a redirect. Pure. The purpose `mcp_server` never follows one; the rule stands here for those that may.

use super::judge::{JudgedUrl, Refusal, Rule, is_plain, judge_url};
use super::rules::EgressRules;

/// Most redirects of one exchange, for a purpose that follows any.
pub const MAX_REDIRECTS: usize = 3;

/// What to do with a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectDecision {
    /// Go there, as a new request that is resolved and judged anew.
    Follow {
        /// Where.
        to: JudgedUrl,
        /// Whether `Authorization`, `Cookie` and every injected credential go along: to the same origin alone.
        keep_credentials: bool,
        /// Whether method and body are repeated (307, 308).
        replay: bool,
    },
    /// Hand it to the caller: not a redirect, or one that would replay a body to another origin.
    Return,
}

/// Judges the raw `Location` of an answer with this status. Relative references are resolved against `from`.
///
/// # Errors
/// The rule that the target breaks, judged from its raw text.
pub fn judge_redirect(
    from: &JudgedUrl,
    status: u16,
    location: &str,
    rules: &EgressRules,
) -> Result<RedirectDecision, Refusal> {
    let replay = match status {
        301..=303 => false,
        307 | 308 => true,
        _ => return Ok(RedirectDecision::Return),
    };
    let to = judge_url(&absolute(from, location)?, rules)?;
    let same_origin = to.origin() == from.origin();
    if replay && !same_origin {
        return Ok(RedirectDecision::Return);
    }
    Ok(RedirectDecision::Follow { to, keep_credentials: same_origin, replay })
}

/// The target's text. An authority is kept as written, so that its spelling is judged and not the repaired one.
fn absolute(from: &JudgedUrl, location: &str) -> Result<String, Refusal> {
    if !is_plain(location) {
        return Err(Refusal::of(Rule::Charset));
    }
    if location.starts_with("//") {
        let scheme = if from.is_tls() { "https" } else { "http" };
        return Ok(format!("{scheme}:{location}"));
    }
    if has_scheme(location) {
        return Ok(location.to_owned());
    }
    from.join(location).map(String::from).map_err(|_| Refusal::of(Rule::Parse))
}

/// RFC 3986, 3.1.
fn has_scheme(reference: &str) -> bool {
    reference.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}
