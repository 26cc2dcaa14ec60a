//! The encoding of mirrored values (specification: value encoding).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const OPEN: &str = "=?base64?";
const CLOSE: &str = "?=";

/// A header value that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A byte outside 0x20..0x7E.
    #[error("header value: expected visible ASCII and spaces, or `=?base64?...?=`")]
    Characters,
    /// Looks encoded, but is no padded base64 of UTF-8 text.
    #[error("header value: expected padded base64 of UTF-8 text between `=?base64?` and `?=`")]
    Base64,
}

/// Writes a value: as it is where it is visible ASCII with inner spaces, else as `=?base64?...?=`. A plain value that
/// looks encoded is encoded as well.
#[must_use]
pub fn encode_value(value: &str) -> String {
    if is_plain(value) && !looks_encoded(value) {
        value.to_owned()
    } else {
        format!("{OPEN}{}{CLOSE}", STANDARD.encode(value))
    }
}

/// Reads a value that was written by [`encode_value`] or its kin.
///
/// # Errors
/// [`ValueError`] for bytes that no value may hold, and for broken base64.
pub fn decode_value(value: &[u8]) -> Result<String, ValueError> {
    let text = std::str::from_utf8(value).map_err(|_| ValueError::Characters)?;
    if !text.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) {
        return Err(ValueError::Characters);
    }
    if !looks_encoded(text) {
        return Ok(text.to_owned());
    }
    let inner =
        text.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE)).ok_or(ValueError::Base64)?;
    let bytes = STANDARD.decode(inner).map_err(|_| ValueError::Base64)?;
    String::from_utf8(bytes).map_err(|_| ValueError::Base64)
}

fn is_plain(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) && !value.starts_with(' ') && !value.ends_with(' ')
}

fn looks_encoded(value: &str) -> bool {
    value.starts_with(OPEN) && value.ends_with(CLOSE)
}
