//! Failures on the wire: RFC 9457 `application/problem+json`, one status per kind, one log line per failure.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::ids::RequestId;
use portcullis_schemas::{Error, ErrorKind};
use schemars::JsonSchema;
use serde::Serialize;

use crate::approvals;
use crate::base::BaseUrl;
use crate::tokens::Challenge;

/// The media type of RFC 9457.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// A failure on its way out. The frame turns it into a problem: it knows the request's id.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Error,
    status: StatusCode,
    operation: Option<&'static str>,
    /// What `WWW-Authenticate` says besides of an API key.
    challenge: Option<HeaderValue>,
}

impl Failure {
    /// A failure with another status than its kind has.
    pub(crate) fn with_status(error: Error, status: StatusCode) -> Self {
        Self { error, status, operation: None, challenge: None }
    }

    /// A failure of this operation.
    pub(crate) fn of(operation: &'static str, error: Error) -> Self {
        Self { operation: Some(operation), ..error.into() }
    }

    /// The same failure, telling how to come by a token that would do.
    pub(crate) fn challenged(self, by: &Challenge<'_>) -> Self {
        Self { challenge: by.header(self.error.kind(), self.error.code()), ..self }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = status_of(error.kind(), error.code());
        Self { error, status, operation: None, challenge: None }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// The one mapping from failures to statuses.
pub(crate) fn status_of(kind: ErrorKind, code: Code) -> StatusCode {
    match kind {
        ErrorKind::Invalid if code == codes::BODY_TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Invalid if code == codes::MEDIA_TYPE => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Denied => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::AwaitsApproval => StatusCode::ACCEPTED,
        ErrorKind::Upstream => StatusCode::BAD_GATEWAY,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        // Internal, and kinds that this version does not know.
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A failure as RFC 9457 writes it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Problem<'a> {
    /// `urn:portcullis:problem:` and the code.
    #[serde(rename = "type")]
    type_uri: String,
    /// The code in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What was expected, and what to do next.
    detail: &'a str,
    /// The stable code; programs should look at this.
    code: &'static str,
    /// The field that is wrong, as a dotted path into the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// Names this request in logs and in the trail.
    request_id: &'a str,
    /// The page of this server on which a person can mend it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    page_url: Option<String>,
    /// The record that tells more, by its name: `invocation_id` for a call, for example.
    #[serde(flatten)]
    reference: BTreeMap<&'a str, &'a str>,
}

/// What the caller gets whose call waits for a person: no failure, and no answer either.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Awaiting<'a> {
    /// `approval_required`.
    code: &'static str,
    /// What is waited for, until when, and what to do then.
    detail: &'a str,
    /// The approval.
    approval_id: &'a str,
    /// Where a person decides.
    approval_url: String,
    /// Names this request in logs and in the trail.
    request_id: &'a str,
}

/// Turns a response that carries a [`Failure`] into its problem, and logs it. Others stay as they are.
pub(crate) fn finish(response: &mut Response, request: &RequestId, base: &BaseUrl) {
    let Some(failure) = response.extensions_mut().remove::<Arc<Failure>>() else { return };
    log(&failure, request);
    if let (ErrorKind::AwaitsApproval, Some((_, approval))) =
        (failure.error.kind(), failure.error.reference())
    {
        return await_approval(response, &failure.error, approval, request, base);
    }
    let problem = Problem {
        type_uri: format!("urn:portcullis:problem:{}", failure.error.code()),
        title: title(failure.error.code()),
        status: failure.status.as_u16(),
        detail: failure.error.public(),
        code: failure.error.code().as_str(),
        field: failure.error.field(),
        request_id: request.as_str(),
        page_url: failure.error.page().map(|path| base.join(path)),
        reference: failure.error.reference().into_iter().collect(),
    };
    let bytes = serde_json::to_vec(&problem).unwrap_or_default();
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    let plain = (failure.status == StatusCode::UNAUTHORIZED).then(|| HeaderValue::from_static("Bearer"));
    if let Some(challenge) = failure.challenge.clone().or(plain) {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if let Some(wait) = retry_after(&failure) {
        headers.insert(RETRY_AFTER, wait.into());
    }
    *response.body_mut() = Body::from(bytes);
}

fn await_approval(
    response: &mut Response,
    error: &Error,
    approval: &str,
    request: &RequestId,
    base: &BaseUrl,
) {
    let awaiting = Awaiting {
        code: error.code().as_str(),
        detail: error.public(),
        approval_id: approval,
        approval_url: base.join(&approvals::page_of(approval)),
        request_id: request.as_str(),
    };
    let bytes = serde_json::to_vec(&awaiting).unwrap_or_default();
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(resource) = HeaderValue::from_str(&approvals::resource_of(approval)) {
        headers.insert(LOCATION, resource);
    }
    *response.body_mut() = Body::from(bytes);
}

/// `Retry-After` in whole seconds (RFC 9110 section 10.2.3), rounded up. What is unavailable may be back in a moment.
fn retry_after(failure: &Failure) -> Option<u64> {
    let unknown = (failure.status == StatusCode::SERVICE_UNAVAILABLE).then_some(Duration::ZERO);
    let wait = failure.error.retry_after().or(unknown)?;
    Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).map(|seconds| seconds.max(1))
}

fn title(code: Code) -> String {
    let words = code.as_str().replace(['_', '.'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// One line per failure, at the boundary and nowhere else. No body, no header, nothing that the caller sent.
fn log(failure: &Failure, request: &RequestId) {
    let Failure { error, status, operation, .. } = failure;
    let causes = causes(error);
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                request_id = %request,
                operation,
                status = status.as_u16(),
                kind = ?error.kind(),
                code = %error.code(),
                internal = error.internal(),
                causes,
                "request failed"
            )
        };
    }
    match error.kind() {
        // A crowd must not fill the log with what looks like an outage.
        ErrorKind::Unavailable if [codes::OVERLOADED, codes::SHUTTING_DOWN].contains(&error.code()) => {
            line!(info)
        }
        ErrorKind::Internal | ErrorKind::Unavailable => line!(error),
        ErrorKind::Upstream | ErrorKind::Timeout => line!(warn),
        ErrorKind::Unauthenticated | ErrorKind::Denied | ErrorKind::AwaitsApproval => line!(info),
        _ => line!(debug),
    }
}

fn causes(error: &Error) -> Option<String> {
    let first = error.source()?;
    let chain = std::iter::successors(Some(first), |cause: &&dyn std::error::Error| (*cause).source());
    Some(chain.map(ToString::to_string).collect::<Vec<_>>().join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_status() {
        let table = [
            (ErrorKind::Invalid, codes::INVALID_FIELD, 400),
            (ErrorKind::Invalid, codes::BODY_TOO_LARGE, 413),
            (ErrorKind::Invalid, codes::MEDIA_TYPE, 415),
            (ErrorKind::Unauthenticated, codes::UNAUTHENTICATED, 401),
            (ErrorKind::Denied, codes::POLICY_DENIED, 403),
            (ErrorKind::NotFound, codes::NOT_FOUND, 404),
            (ErrorKind::Conflict, codes::ALREADY_EXISTS, 409),
            (ErrorKind::Unprocessable, codes::IDEMPOTENCY_MISMATCH, 422),
            (ErrorKind::AwaitsApproval, codes::APPROVAL_REQUIRED, 202),
            (ErrorKind::RateLimited, codes::OVERLOADED, 429),
            (ErrorKind::Upstream, codes::UPSTREAM_ERROR, 502),
            (ErrorKind::Timeout, codes::UPSTREAM_TIMEOUT, 504),
            (ErrorKind::Timeout, codes::DEADLINE_EXCEEDED, 504),
            (ErrorKind::Unavailable, codes::AUDIT_UNAVAILABLE, 503),
            (ErrorKind::Unavailable, codes::OVERLOADED, 503),
            (ErrorKind::Unavailable, codes::SHUTTING_DOWN, 503),
            (ErrorKind::Internal, codes::INTERNAL, 500),
        ];
        for (kind, code, status) in table {
            assert_eq!(status_of(kind, code).as_u16(), status, "{kind:?} {code}");
        }
    }

    #[test]
    fn waits_are_whole_seconds_rounded_up() {
        let error = |kind| Error::new(kind, codes::OVERLOADED, "x");
        let waiting = |kind, millis| error(kind).with_retry_after(Duration::from_millis(millis));
        let table = [
            (error(ErrorKind::RateLimited), None),
            (error(ErrorKind::Unavailable), Some(1)),
            (waiting(ErrorKind::RateLimited, 0), Some(1)),
            (waiting(ErrorKind::RateLimited, 1000), Some(1)),
            (waiting(ErrorKind::Unavailable, 1001), Some(2)),
        ];
        for (error, expected) in table {
            let shown = format!("{error:?}");
            assert_eq!(retry_after(&Failure::from(error)), expected, "{shown}");
        }
    }

    #[test]
    fn titles_are_the_codes_in_words() {
        assert_eq!(title(codes::AUDIT_UNAVAILABLE), "Audit unavailable");
    }
}
