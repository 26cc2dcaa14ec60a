//! Headers in both directions: ours may inject nothing, theirs are reduced to visible ASCII.

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};
use portcullis_schemas::codes;
use portcullis_schemas::egress::{EgressError, EgressStage, HeaderValue as Given};

use super::connect::MAX_HEAD_BYTES;
use super::judge::JudgedUrl;

/// Headers that frame a message or belong to the connection: they are ours alone.
const RESERVED: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// `: ` and the line's end.
const LINE_OVERHEAD: usize = 4;

/// The headers of a request. `Host` is the judged name, whatever address is connected to; no coding is accepted, so
/// that a body's size is what it is.
pub(super) fn request_headers(url: &JudgedUrl, given: &[(String, Given)]) -> Result<HeaderMap, EgressError> {
    let mut headers = HeaderMap::with_capacity(given.len() + 2);
    let host = HeaderValue::from_str(url.authority()).map_err(|_| EgressError::refused("header"))?;
    headers.insert(HOST, host);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, value) in given {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| EgressError::refused("header"))?;
        if RESERVED.contains(&name.as_str()) {
            return Err(EgressError::refused("header"));
        }
        headers.append(name, checked_value(value)?);
    }
    Ok(headers)
}

fn checked_value(given: &Given) -> Result<HeaderValue, EgressError> {
    let (text, sensitive) = match given {
        Given::Plain(text) => (text.as_str(), false),
        Given::Secret(secret) => (secret.expose(), true),
    };
    if !text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        return Err(EgressError::refused("header"));
    }
    let mut value = HeaderValue::from_str(text).map_err(|_| EgressError::refused("header"))?;
    value.set_sensitive(sensitive);
    Ok(value)
}

/// Refuses an answer whose body cannot be framed or read in one way only. A declared length above the cap is not refused
/// here: what the first of it says may tell why.
pub(super) fn check_framing(headers: &HeaderMap) -> Result<(), EgressError> {
    let protocol = |detail: &str| EgressError {
        stage: EgressStage::Exchange,
        code: codes::UPSTREAM_PROTOCOL,
        detail: detail.to_owned(),
        is_breach: true,
    };
    // The connection's own cap is coarse: it bounds a buffer.
    let bytes: usize =
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + LINE_OVERHEAD).sum();
    if bytes > MAX_HEAD_BYTES {
        return Err(protocol("the answer's head exceeds 64 KiB"));
    }
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err(protocol("the answer has both Transfer-Encoding and Content-Length"));
    }
    if headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Err(protocol("the answer has a content coding, though none was accepted"));
    }
    Ok(())
}

/// The body exceeds its cap.
pub(super) fn too_large(body_limit: usize) -> EgressError {
    EgressError {
        stage: EgressStage::Body,
        code: codes::UPSTREAM_TOO_LARGE,
        detail: format!("the body exceeds {body_limit} bytes"),
        is_breach: false,
    }
}

/// The headers of an answer, in order, without values that are not visible ASCII.
pub(super) fn response_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(_, value)| value.as_bytes().iter().all(|byte| matches!(byte, 0x20..=0x7e)))
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}
