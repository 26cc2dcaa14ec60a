//! What stands around every request: its id, the wall, preflights, problems, and the headers of every answer.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use portcullis_schemas::ids::RequestId;
use portcullis_schemas::runtime::IdSource;
use portcullis_schemas::{Error, ErrorKind, codes};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::base::BaseUrl;
use crate::problem::{self, Failure};
use crate::wall::{self, ApiOptions};
use crate::{cors, probes};

/// What the frame needs.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) options: Arc<ApiOptions>,
    /// Room for requests. Taken before anybody is known, so that knowing has a bound as well.
    pub(crate) room: Arc<Semaphore>,
}

/// Frames one request. Its id is always ours: an `X-Request-Id` of the caller could name another's request.
pub(crate) async fn frame(State(frame): State<Frame>, request: Request, next: Next) -> Response {
    let id = RequestId::generate(&*frame.ids);
    let (mut parts, body) = request.into_parts();
    let base = BaseUrl::of(&frame.options, &parts);
    let page = cors::page(&frame.options, &parts.headers);
    let mut response = match admit(&frame, &parts) {
        Ok(_) if page.is_some() && cors::is_preflight(&parts) => cors::preflight(&parts.headers),
        Ok(room) => {
            parts.extensions.insert(id.clone());
            parts.extensions.insert(base.clone());
            let response = next.run(Request::from_parts(parts, body)).await;
            drop(room);
            response
        }
        Err(error) => Failure::from(error).into_response(),
    };
    problem::finish(&mut response, &id, &base);
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
    }
    secure(response.headers_mut());
    if !frame.options.allowed_origins.is_empty() {
        cors::tell(response.headers_mut(), page);
    }
    response
}

/// Lets a request in, with the room that it takes. Probes come by address and say nothing, so the wall lets them
/// through; and they take no room, because a server that is full is alive and ready for what it has taken on.
fn admit<'a>(frame: &'a Frame, parts: &Parts) -> Result<Option<SemaphorePermit<'a>>, Error> {
    if probes::is_probe(parts) {
        return Ok(None);
    }
    wall::check(&frame.options, parts)?;
    let full = "as many requests are under way as are served at a time; send it again after Retry-After";
    let refused = |_| {
        Error::new(ErrorKind::Unavailable, codes::OVERLOADED, full).with_retry_after(Duration::from_secs(1))
    };
    frame.room.try_acquire().map(Some).map_err(refused)
}

/// Headers for browsers: nothing is sniffed, framed, embedded or kept. A page of ours may load our own stylesheet; one
/// that needs more says so itself.
fn secure(headers: &mut HeaderMap) {
    let policy =
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(policy));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
