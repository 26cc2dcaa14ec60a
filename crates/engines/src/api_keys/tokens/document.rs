//! Strict JSON objects out of strangers' texts, and base64url as JOSE writes it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_trail::strict::{self, Limits};
use serde_json::{Map, Value};

/// Most bytes of a key set or a metadata document.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Enough for any header, claims, key set or metadata; what is deeper or longer is no such document.
const LIMITS: Limits = Limits { max_depth: 16, max_nodes: 8192 };

/// The object that a text is; `None` for everything else, duplicate members among it.
pub(super) fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match strict::parse(bytes, LIMITS) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}

/// The bytes of an unpadded base64url text (RFC 7515 section 2); `None` for every other spelling.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
