//! A refusal: HTTP status and JSON-RPC error.

use serde_json::json;

use crate::headers::Header;
use crate::jsonrpc::{EnvelopeError, ErrorCode, Id, RpcError, error_response};
use crate::messages::ViewError;
use crate::version::{Era, ProtocolVersion};

/// What to answer instead of dispatching. Its texts are ours and repeat nothing of the request, but the requested
/// version where the specification wants it.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The id of the request, where it could be read.
    pub id: Option<Id>,
    /// The error.
    pub error: RpcError,
}

impl Refusal {
    /// The JSON body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        error_response(self.id.as_ref(), &self.error)
    }

    /// Headers besides the content type: `Allow` on 405.
    #[must_use]
    pub fn headers(&self) -> Vec<Header> {
        if self.status == 405 { vec![("allow".to_owned(), "POST".to_owned())] } else { Vec::new() }
    }

    pub(super) fn http(status: u16, message: &str) -> Self {
        Self { status, id: None, error: RpcError::new(ErrorCode::INVALID_REQUEST, message) }
    }

    pub(super) fn invalid(id: Option<&Id>, message: &str) -> Self {
        Self { id: id.cloned(), ..Self::http(400, message) }
    }

    pub(super) fn of_envelope(error: EnvelopeError) -> Self {
        let rpc = RpcError::new(error.code(), error.to_string());
        Self { status: 400, id: error.id, error: rpc }
    }

    pub(super) fn of_params(id: &Id, error: &ViewError) -> Self {
        let error = RpcError::new(ErrorCode::INVALID_PARAMS, error.to_string());
        Self { status: 400, id: Some(id.clone()), error }
    }

    pub(super) fn header_mismatch(id: &Id, message: String) -> Self {
        let error = RpcError::new(ErrorCode::HEADER_MISMATCH, message);
        Self { status: 400, id: Some(id.clone()), error }
    }

    pub(super) fn unknown_method(id: &Id, era: Era) -> Self {
        let error = RpcError::new(ErrorCode::METHOD_NOT_FOUND, "method not found");
        Self { status: status_of(era, error.code), id: Some(id.clone()), error }
    }

    /// -32022 with the served versions, as a client needs them to choose again.
    pub(super) fn unsupported_version(id: &Id, requested: &str, served: &[ProtocolVersion]) -> Self {
        let requested: String = requested.chars().filter(char::is_ascii_graphic).take(32).collect();
        let error = RpcError::new(ErrorCode::UNSUPPORTED_PROTOCOL_VERSION, "unsupported protocol version")
            .with_data(&json!({ "requested": requested, "supported": served }));
        Self { status: 400, id: Some(id.clone()), error }
    }
}

/// The HTTP status of an error response. Legacy errors travel with 200: 404 would tell a legacy client that its session
/// has ended. A handler's -32602 (unknown tool, bad arguments) and -32603 travel with 200 in both eras.
#[must_use]
pub fn status_of(era: Era, code: ErrorCode) -> u16 {
    match (era, code) {
        (_, ErrorCode::PARSE_ERROR | ErrorCode::INVALID_REQUEST) => 400,
        (Era::Legacy, _) => 200,
        (Era::Modern, ErrorCode::METHOD_NOT_FOUND) => 404,
        (
            Era::Modern,
            ErrorCode::HEADER_MISMATCH
            | ErrorCode::MISSING_CLIENT_CAPABILITY
            | ErrorCode::UNSUPPORTED_PROTOCOL_VERSION,
        ) => 400,
        (Era::Modern, _) => 200,
    }
}
