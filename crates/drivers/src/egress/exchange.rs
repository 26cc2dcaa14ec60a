//! One request and the head of its answer, on one connection.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::egress::{EgressError, EgressStage, HttpMethod};
use tokio::time::{Instant, timeout_at};

use super::connect::Connection;
use super::judge::JudgedUrl;

/// Why an exchange has no answer.
pub(super) enum NoAnswer {
    /// Not a byte was written; here is the request back.
    NotSent(Box<Request<Full<Bytes>>>),
    /// The request may have arrived.
    Failed(EgressError),
}

pub(super) fn build_request(
    url: &JudgedUrl,
    method: HttpMethod,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, EgressError> {
    let request = Request::builder().method(method.as_str()).uri(url.path_and_query()).body(Full::new(body));
    let mut request = request.map_err(|_| EgressError::refused("parse"))?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Sends, and waits for the answer's head: at most `wait`, and never past `deadline`. Both are absolute, so that an
/// upstream cannot stretch them byte by byte.
pub(super) async fn exchange(
    connection: &mut Connection,
    request: Request<Full<Bytes>>,
    wait: Duration,
    deadline: Instant,
) -> Result<Response<Incoming>, NoAnswer> {
    let until = deadline.min(Instant::now() + wait);
    match timeout_at(until, connection.sender.try_send_request(request)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(mut error)) => Err(match error.take_message() {
            Some(request) => NoAnswer::NotSent(Box::new(request)),
            None => NoAnswer::Failed(failure(error.error())),
        }),
        Err(_) => Err(NoAnswer::Failed(failed(codes::UPSTREAM_TIMEOUT, "no answer within the deadline"))),
    }
}

fn failure(error: &hyper::Error) -> EgressError {
    if error.is_parse() {
        failed(codes::UPSTREAM_PROTOCOL, "the answer's head is not HTTP/1.1, or exceeds 100 lines or 64 KiB")
    } else {
        failed(codes::UPSTREAM_PROTOCOL, "the connection ended before the answer's head")
    }
}

fn failed(code: Code, detail: &str) -> EgressError {
    EgressError { stage: EgressStage::Exchange, code, detail: detail.to_owned() }
}
