//! The one handler behind every line of the route table.
//!
//! Order: authenticate, room for the tenant, headers, body, path, query, dispatch. Nothing of the request is read before
//! the caller is known, but its head. When the connection goes away, this future is dropped, and with it the dispatch is cancelled.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use portcullis_schemas::Error;
use portcullis_schemas::context::CallContext;
use portcullis_schemas::ids::RequestId;
use portcullis_schemas::integrations::mcp::input::AgentInput;
use portcullis_schemas::principal::Principal;
use portcullis_spine::{Input, OperationSpec, Spine};

use crate::problem::Failure;
use crate::routes::Route;
use crate::tokens::Challenge;
use crate::{body, headers, query};

/// How old an authentication may be. A body that takes longer to arrive must not outlive its key's revocation.
pub(crate) const FRESH: Duration = Duration::from_millis(500);

/// A route and the contract of its operation.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) route: &'static Route,
    pub(crate) spec: OperationSpec,
}

/// Answers a request to a route of the table.
pub(crate) async fn answer(spine: Spine, target: Arc<Target>, request: Request) -> Response {
    match run(&spine, &target, request).await {
        Ok(json) => {
            let media_type = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
            (target.route.status, media_type, json).into_response()
        }
        Err(error) => {
            let challenge = Challenge { spine: &spine, path: "", authority: target.spec.authority };
            Failure::of(target.route.operation, error).challenged(&challenge).into_response()
        }
    }
}

async fn run(spine: &Spine, target: &Target, request: Request) -> Result<Vec<u8>, Error> {
    let (parts, body) = request.into_parts();
    let clock = &spine.ports().clock;
    let arrived = clock.monotonic();
    let principal = authenticate(spine, target, &parts).await?;
    let known_at = clock.monotonic();
    let _room = spine.room(principal.tenant()).await?;
    let mut ctx = context(principal, &parts)?;
    let bytes = body::read(body).await?;
    if clock.monotonic().saturating_sub(known_at) > FRESH {
        ctx.principal = authenticate(spine, target, &parts).await?;
    }
    let input = input(target, parts, bytes).await?;
    // The caller counts from when it sent the request.
    ctx.deadline = ctx.deadline.map(|asked| asked.saturating_sub(clock.monotonic().saturating_sub(arrived)));
    spine.call(ctx, target.route.operation, input).await
}

async fn authenticate(spine: &Spine, target: &Target, parts: &Parts) -> Result<Principal, Error> {
    spine.authenticate_for(target.route.operation, headers::bearer(&parts.headers)).await
}

fn context(principal: Principal, parts: &Parts) -> Result<CallContext, Error> {
    let request = parts.extensions.get::<RequestId>().cloned().ok_or_else(headers::no_request_id)?;
    let idempotency_key = headers::idempotency_key(&parts.headers)?;
    Ok(CallContext {
        principal,
        request,
        idempotency_key,
        trace: headers::trace(&parts.headers),
        deadline: headers::wait(&parts.headers),
        progress: None,
        input: AgentInput::default(),
    })
}

/// Gathers the request's members: path and body, or path and query.
async fn input(target: &Target, mut parts: Parts, bytes: Bytes) -> Result<Input, Error> {
    let mut input = Input::default();
    if target.route.takes_body() {
        if !bytes.is_empty() {
            headers::check_media_type(&parts.headers)?;
        }
        input = Input::from_body(&bytes)?;
    } else if !bytes.is_empty() {
        return Err(Error::invalid(
            "body",
            "expected no body: this route takes its members from path and query",
        ));
    }
    let path = RawPathParams::from_request_parts(&mut parts, &()).await;
    for (name, text) in &path.map_err(|_| Error::invalid("path", "expected percent-encoded UTF-8"))? {
        input = input.with_path(name, text)?;
    }
    let pairs = query::pairs(parts.uri.query().unwrap_or_default())?;
    if target.route.takes_body() && !pairs.is_empty() {
        return Err(Error::invalid(
            "query",
            "expected no query: this route takes its members from path and body",
        ));
    }
    for (name, text) in pairs {
        input = input.with_query(&target.spec, &name, &text)?;
    }
    Ok(input)
}
