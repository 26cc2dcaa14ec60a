//! The one handler behind every line of the route table.
//!
//! Order: authentication, room for the tenant, body ([`Presented::admit`]), headers, path, query, dispatch. When the connection
//! goes away, this future is dropped, and with it the dispatch is cancelled.

use std::sync::Arc;

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

use crate::admission::{Admitted, GoodFor, Presented};
use crate::problem::Failure;
use crate::routes::Route;
use crate::tokens::Challenge;
use crate::{headers, query};

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
    let text = headers::bearer(&parts.headers).to_owned();
    let good_for = GoodFor::Operation(target.route.operation);
    let presented = Presented { spine, text: &text, good_for };
    let Admitted { principal, is_recognised, room: _room, body } = presented.admit(body).await?;
    let answered = async {
        let mut ctx = context(principal, &parts)?;
        let input = input(target, parts, body).await?;
        // The caller counts from when it sent the request.
        let spent = clock.monotonic().saturating_sub(arrived);
        ctx.deadline = ctx.deadline.map(|asked| asked.saturating_sub(spent));
        spine.call(ctx, target.route.operation, input).await
    };
    let answer = answered.await;
    if is_recognised && answer.as_ref().is_err_and(|error| error.reference().is_none()) {
        presented.authenticate().await?;
    }
    answer
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
