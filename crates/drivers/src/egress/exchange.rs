//! One request and the head of its answer, on one connection.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::egress::{EgressError, EgressStage, HttpMethod};
use tokio::time::{Instant, timeout_at};

use super::connect::Connection;
use super::head::HeadFault;
use super::judge::JudgedUrl;
use super::watched::Watch;

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

/// Sends, and waits for the answer's head: at most `wait`, and never past `deadline`; a head that has begun must end
/// within 10 s. All of it is absolute, so that an upstream cannot stretch it byte by byte.
pub(super) async fn exchange(
    connection: &mut Connection,
    request: Request<Full<Bytes>>,
    wait: Duration,
    deadline: Instant,
) -> Result<Response<Incoming>, NoAnswer> {
    let until = deadline.min(Instant::now() + wait);
    let watch = Arc::clone(&connection.watch);
    watch.expect();
    let answered = tokio::select! {
        answered = timeout_at(until, connection.sender.try_send_request(request)) => answered,
        () = watch.slow_head() => {
            let error = failed(codes::UPSTREAM_TIMEOUT, "the answer's head began and did not end within 10 s");
            return Err(NoAnswer::Failed(error));
        }
    };
    match answered {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(mut error)) => Err(match error.take_message() {
            Some(request) => NoAnswer::NotSent(Box::new(request)),
            None => NoAnswer::Failed(failure(&watch, error.error())),
        }),
        Err(_) => Err(NoAnswer::Failed(failed(codes::UPSTREAM_TIMEOUT, "no answer within the deadline"))),
    }
}

fn failure(watch: &Watch, error: &hyper::Error) -> EgressError {
    if let Some(fault) = watch.fault() {
        return faulty(EgressStage::Exchange, fault);
    }
    if error.is_parse() {
        let detail = "the answer's head is not HTTP/1.1, or exceeds 100 lines or 64 KiB";
        return EgressError { is_breach: true, ..failed(codes::UPSTREAM_PROTOCOL, detail) };
    }
    if watch.has_begun() {
        return failed(codes::UPSTREAM_PROTOCOL, "the connection ended before the answer's head did");
    }
    let unanswered = failed(codes::UPSTREAM_PROTOCOL, "the connection ended without a byte of an answer");
    EgressError { stage: EgressStage::Unanswered, ..unanswered }
}

/// What was seen of the answer before the parser saw it.
pub(super) fn faulty(stage: EgressStage, fault: HeadFault) -> EgressError {
    let (code, detail) = (codes::UPSTREAM_PROTOCOL, fault.as_str().to_owned());
    EgressError { stage, code, detail, is_breach: fault.is_breach() }
}

fn failed(code: Code, detail: &str) -> EgressError {
    EgressError { stage: EgressStage::Exchange, code, detail: detail.to_owned(), is_breach: false }
}
