//! Request bodies: capped in bytes and in time.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use portcullis_schemas::codes;
use portcullis_schemas::{Error, ErrorKind};
use portcullis_spine::Input;

/// The longest that a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);

/// Reads a body to its end. A declared length above the cap is refused before a byte of it is read.
///
/// # Errors
/// `body_too_large`, or `invalid_json` when the body breaks off or does not arrive in time.
pub(crate) async fn read(body: Body) -> Result<Bytes, Error> {
    use axum::body::HttpBody as _;
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > Input::MAX_BODY_BYTES as u64 {
        return Err(too_large());
    }
    let collected = Limited::new(body, Input::MAX_BODY_BYTES).collect();
    match tokio::time::timeout(ARRIVAL, collected).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(broken("the body broke off: send it again")),
        Err(_) => Err(broken("expected the whole body within 30 s")),
    }
}

fn too_large() -> Error {
    Error::new(ErrorKind::Invalid, codes::BODY_TOO_LARGE, "expected a body of at most 512 KiB")
}

fn broken(message: &str) -> Error {
    Error::new(ErrorKind::Invalid, codes::INVALID_JSON, message)
}
