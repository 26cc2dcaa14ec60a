//! The rungs before the body: Host, Origin, HTTP method, Accept, Content-Type.

use super::{Refusal, ServerProfile, headers};
use crate::headers::{EVENT_STREAM, HeaderLines, JSON, Line};

pub(super) fn check(
    profile: &ServerProfile<'_>,
    http_method: &str,
    headers: &HeaderLines<'_>,
) -> Result<(), Refusal> {
    if !host_allowed(profile, headers.single("host")) {
        return Err(Refusal::http(403, "header Host: not a name of this server"));
    }
    if !origin_allowed(profile, headers.single("origin")) {
        return Err(Refusal::http(403, "header Origin: not allowed here"));
    }
    if http_method != "POST" {
        return Err(Refusal::http(405, "HTTP method: expected POST"));
    }
    if ![JSON, EVENT_STREAM].into_iter().all(|kind| accepts(headers, kind)) {
        return Err(Refusal::http(406, "header Accept: expected application/json and text/event-stream"));
    }
    if !is_json(headers.single("content-type")) {
        return Err(Refusal::http(415, "header Content-Type: expected application/json"));
    }
    Ok(())
}

/// The version header; the error is the rule that it breaks.
pub(super) fn version_header<'a>(headers: &HeaderLines<'a>) -> Result<Option<&'a str>, &'static str> {
    match headers.single(headers::PROTOCOL_VERSION) {
        Line::Absent => Ok(None),
        Line::One(value) => visible(value).map(Some).ok_or("expected visible ASCII"),
        Line::Many => Err("occurs more than once"),
    }
}

fn visible(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// DNS rebinding: a foreign name that resolves to us is not us.
fn host_allowed(profile: &ServerProfile<'_>, line: Line<'_>) -> bool {
    let Some(hosts) = profile.hosts else { return true };
    match line {
        Line::One(host) => hosts.iter().any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(host)),
        Line::Absent | Line::Many => false,
    }
}

fn origin_allowed(profile: &ServerProfile<'_>, line: Line<'_>) -> bool {
    match line {
        Line::Absent => true,
        Line::One(origin) => profile.origins.iter().any(|allowed| allowed.as_bytes() == origin),
        Line::Many => false,
    }
}

fn is_json(line: Line<'_>) -> bool {
    let Line::One(value) = line else { return false };
    let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(JSON.as_bytes())
}

/// RFC 9110, section 12.5.1: no `Accept` accepts all; a range with `q=0` accepts nothing.
fn accepts(headers: &HeaderLines<'_>, kind: &str) -> bool {
    let mut ranges = headers.all("accept").flat_map(|line| line.split(|byte| *byte == b',')).peekable();
    ranges.peek().is_none() || ranges.any(|range| covers(range, kind))
}

fn covers(range: &[u8], kind: &str) -> bool {
    let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let whole_type = kind.split('/').next().map(|class| format!("{class}/*")).unwrap_or_default();
    let named = name == kind.as_bytes() || name == whole_type.as_bytes() || name == b"*/*";
    named && !parts.any(is_zero_weight)
}

fn is_zero_weight(parameter: &[u8]) -> bool {
    let Some(weight) = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q=")) else {
        return false;
    };
    std::str::from_utf8(weight)
        .ok()
        .and_then(|text| text.parse::<f32>().ok())
        .is_some_and(|weight| weight == 0.0)
}
