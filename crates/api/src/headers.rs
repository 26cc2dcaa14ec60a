//! Request headers that the API reads. All others are ignored: none of them changes who calls or what they may do.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use portcullis_mcp::meta;
use portcullis_schemas::codes;
use portcullis_schemas::context::TraceContext;
use portcullis_schemas::text::IdempotencyKey;
use portcullis_schemas::{Error, ErrorKind};

/// Name of the idempotency header (draft-ietf-httpapi-idempotency-key-header).
pub(crate) static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Name of the header of preferences (RFC 7240).
static PREFER: HeaderName = HeaderName::from_static("prefer");

/// The API key of exactly one `Authorization: Bearer` header (RFC 6750); empty for anything else, so that a missing
/// header and a wrong key take the same path and get the same answer.
pub(crate) fn bearer(headers: &HeaderMap) -> &str {
    let token = only(headers, &AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
    });
    token.unwrap_or_default()
}

/// The caller's idempotency key.
///
/// # Errors
/// `invalid_header` when there are several, or it is not 1 to 255 visible ASCII characters.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Error> {
    if !headers.contains_key(&IDEMPOTENCY_KEY) {
        return Ok(None);
    }
    let visible = |text: &&str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let key = only(headers, &IDEMPOTENCY_KEY).filter(visible).and_then(|text| IdempotencyKey::new(text).ok());
    let rule = "expected one Idempotency-Key of 1 to 255 visible ASCII characters without spaces";
    key.map(Some).ok_or_else(|| {
        Error::new(ErrorKind::Invalid, codes::INVALID_HEADER, rule).with_field(IDEMPOTENCY_KEY.as_str())
    })
}

/// The caller's trace context; what is malformed or there twice is dropped, because tracing never fails a call.
pub(crate) fn trace(headers: &HeaderMap) -> TraceContext {
    let text = |name: &'static str| only(headers, &HeaderName::from_static(name)).map(str::to_owned);
    let checked = meta::TraceContext::checked(text(meta::TRACEPARENT), text(meta::TRACESTATE), None);
    TraceContext { traceparent: checked.traceparent, tracestate: checked.tracestate }
}

/// How long the caller will wait: `Prefer: wait=<seconds>` (RFC 7240 section 4.3), from 1 s on. A preference is not a
/// demand, so what is malformed, or there twice, is ignored; the operation's own deadline applies in any case.
pub(crate) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(&PREFER).iter().filter_map(|line| line.to_str().ok());
    let mut waits = lines.flat_map(|line| line.split(',')).filter_map(|preference| {
        let (name, value) = preference.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.split(';').next().unwrap_or(value).trim())
    });
    let seconds = waits.next()?.trim_matches('"');
    let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = seconds.parse().ok().filter(|seconds| is_number && *seconds > 0)?;
    waits.next().is_none().then(|| Duration::from_secs(seconds))
}

/// The frame around every request has failed to name it.
pub(crate) fn no_request_id() -> Error {
    Error::new(ErrorKind::Internal, codes::INTERNAL, "it broke on our side")
        .with_internal("no request id was set")
}

/// Whether a body is JSON in UTF-8, as it is.
///
/// # Errors
/// `media_type`.
pub(crate) fn check_media_type(headers: &HeaderMap) -> Result<(), Error> {
    let plain =
        only(headers, &CONTENT_ENCODING).is_some_and(|coding| coding.eq_ignore_ascii_case("identity"));
    if headers.contains_key(CONTENT_ENCODING) && !plain {
        return Err(Error::new(
            ErrorKind::Invalid,
            codes::MEDIA_TYPE,
            "expected a body without Content-Encoding",
        ));
    }
    if only(headers, &CONTENT_TYPE).is_some_and(is_json) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, codes::MEDIA_TYPE, "expected `Content-Type: application/json`"))
}

fn is_json(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(str::trim);
    let essence = parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let is_utf8 = |parameter: &str| {
        parameter.eq_ignore_ascii_case("charset=utf-8") || parameter.eq_ignore_ascii_case("charset=\"utf-8\"")
    };
    essence && parts.all(is_utf8)
}

/// The value of a header that is there exactly once and is ASCII.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn one_bearer_token_or_none() {
        let table: &[(&[&str], &str)] = &[
            (&["Bearer abc"], "abc"),
            (&["bearer  abc"], "abc"),
            (&["Bearer"], ""),
            (&["Bearerabc"], ""),
            (&["Basic abc"], ""),
            (&["abc"], ""),
            (&["Bearer abc", "Bearer abc"], ""),
            (&[], ""),
        ];
        for (values, expected) in table {
            let lines: Vec<_> = values.iter().map(|value| ("authorization", *value)).collect();
            assert_eq!(bearer(&with(&lines)), *expected, "{values:?}");
        }
    }

    #[test]
    fn idempotency_keys_are_visible_ascii_and_single() {
        let longest = "k".repeat(255);
        let longer = "k".repeat(256);
        let table = [
            ("a-1_%!", true),
            (&longest, true),
            (&longer, false),
            ("", false),
            ("a b", false),
            ("a\tb", false),
        ];
        for (key, good) in table {
            assert_eq!(idempotency_key(&with(&[("idempotency-key", key)])).is_ok(), good, "{key:?}");
        }
        assert_eq!(idempotency_key(&with(&[])).unwrap(), None);
        let twice = with(&[("idempotency-key", "a"), ("idempotency-key", "a")]);
        assert_eq!(idempotency_key(&twice).unwrap_err().code(), codes::INVALID_HEADER);
    }

    #[test]
    fn a_wait_is_whole_seconds_said_once() {
        let table: &[(&[&str], Option<u64>)] = &[
            (&["wait=5"], Some(5)),
            (&["respond-async, Wait=5"], Some(5)),
            (&["wait=5; x=y", "return=minimal"], Some(5)),
            (&["wait = \"7\""], Some(7)),
            (&["wait=5, wait=6"], None),
            (&["wait=5", "wait=5"], None),
            (&["wait=0"], None),
            (&["wait=-1"], None),
            (&["wait=+1"], None),
            (&["wait=1.5"], None),
            (&["wait=99999999999999999999999"], None),
            (&["wait"], None),
            (&[], None),
        ];
        for (values, expected) in table {
            let lines: Vec<_> = values.iter().map(|value| ("prefer", *value)).collect();
            assert_eq!(wait(&with(&lines)), expected.map(Duration::from_secs), "{values:?}");
        }
    }

    #[test]
    fn media_types() {
        let table: &[(&[(&'static str, &str)], bool)] = &[
            (&[("content-type", "application/json")], true),
            (&[("content-type", "Application/JSON; charset=UTF-8")], true),
            (&[("content-type", "application/json"), ("content-encoding", "identity")], true),
            (&[("content-type", "application/json; charset=latin1")], false),
            (&[("content-type", "application/json-patch+json")], false),
            (&[("content-type", "text/plain")], false),
            (&[("content-type", "application/json"), ("content-type", "application/json")], false),
            (&[("content-type", "application/json"), ("content-encoding", "gzip")], false),
            (&[], false),
        ];
        for (lines, good) in table {
            assert_eq!(check_media_type(&with(lines)).is_ok(), *good, "{lines:?}");
        }
    }

    #[test]
    fn a_broken_trace_is_dropped() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let good = trace(&with(&[("traceparent", parent), ("tracestate", "a=1")]));
        assert_eq!((good.traceparent.as_deref(), good.tracestate.as_deref()), (Some(parent), Some("a=1")));
        assert_eq!(
            trace(&with(&[("traceparent", "00-xyz"), ("tracestate", "a=1")])),
            TraceContext::default()
        );
        assert_eq!(
            trace(&with(&[("traceparent", parent), ("traceparent", parent)])),
            TraceContext::default()
        );
    }
}
