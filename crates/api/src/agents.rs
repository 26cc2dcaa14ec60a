//! The MCP endpoint for agents: `/mcp/{toolset}`, every era on one route, without sessions.
//!
//! Order: method, authentication, room for the tenant, body, the ladder of `portcullis-mcp`, then an operation of the
//! spine. What is dispatched is judged by the body alone; headers are only compared with it. `Host` and `Origin` were
//! judged by the wall. Up to the ladder a failure is a problem (RFC 9457), from there on a JSON-RPC error.

mod failures;
mod methods;
mod pair;
mod results;

use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use portcullis_mcp::headers::{HeaderLines, JSON};
use portcullis_mcp::jsonrpc::{error_response, result_response};
use portcullis_mcp::ladder::{Accepted, AcceptedRequest, ServerProfile, judge};
use portcullis_mcp::messages::method;
use portcullis_mcp::scan::JsonLimits;
use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::Error;
use portcullis_schemas::context::{CallContext, TraceContext};
use portcullis_schemas::ids::RequestId;
use portcullis_schemas::integrations::toolsets::ToolsetName;
use portcullis_schemas::operation::Authority;
use portcullis_schemas::principal::Principal;
use portcullis_spine::Spine;

use self::failures::Refused;
use crate::dispatch::FRESH;
use crate::problem::Failure;
use crate::tokens::Challenge;
use crate::{body, headers};

/// Where agents come in.
pub(crate) const ENDPOINT: &str = "/mcp/{toolset}";
/// What stands there before the toolset's name.
pub(crate) const MOUNT: &str = "/mcp/";

/// What is served here. A handshake is answered without a session id, so that any replica serves any request.
const PROFILE: ServerProfile<'static> = ServerProfile {
    versions: &ProtocolVersion::SPOKEN,
    modern_methods: &[method::DISCOVER, method::TOOLS_LIST, method::TOOLS_CALL],
    legacy_methods: &[method::INITIALIZE, method::PING, method::TOOLS_LIST, method::TOOLS_CALL],
    hosts: None,
    origins: &[],
    limits: JsonLimits::STRICT,
};

/// One agent's request, once its toolset, caller and message are known.
struct Agent<'a> {
    spine: &'a Spine,
    toolset: ToolsetName,
    principal: Principal,
    request: RequestId,
    parts: &'a Parts,
}

/// Answers a request to [`ENDPOINT`].
pub(crate) async fn answer(spine: Spine, toolset: Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        // There is no stream to be opened by GET, and no session to be ended by DELETE.
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, HeaderValue::from_static("POST"))]).into_response();
    }
    match run(&spine, &toolset, &parts, body).await {
        Ok(response) => response,
        Err(error) => {
            let path = format!("{MOUNT}{}", toolset.0);
            let challenge = Challenge { spine: &spine, path: &path, authority: Authority::Invoke };
            Failure::from(error).challenged(&challenge).into_response()
        }
    }
}

async fn run(spine: &Spine, toolset: &str, parts: &Parts, body: axum::body::Body) -> Result<Response, Error> {
    let clock = &spine.ports().clock;
    let path = format!("{MOUNT}{toolset}");
    let mut principal = spine.authenticate_at(&path, headers::bearer(&parts.headers)).await?;
    let known_at = clock.monotonic();
    let _room = spine.room(principal.tenant()).await?;
    let toolset = ToolsetName::new(toolset).map_err(|_| Error::not_found("toolset"))?;
    let request = parts.extensions.get::<RequestId>().cloned().ok_or_else(headers::no_request_id)?;
    let bytes = body::read(body).await?;
    if clock.monotonic().saturating_sub(known_at) > FRESH {
        principal = spine.authenticate_at(&path, headers::bearer(&parts.headers)).await?;
    }
    let agent = Agent { spine, toolset, principal, request, parts };
    let lines: HeaderLines<'_> = parts
        .headers
        .iter()
        .filter(|(name, _)| *name != http::header::ORIGIN)
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    match judge(&PROFILE, parts.method.as_str(), &lines, &bytes) {
        // Nothing is to be done on one: a call is cancelled by closing its connection.
        Ok(Accepted::Notification { .. }) => Ok(StatusCode::ACCEPTED.into_response()),
        Ok(Accepted::Request(accepted)) => agent.serve(&accepted).await,
        Err(refusal) => Ok(json(refusal.status, refusal.body())),
    }
}

impl Agent<'_> {
    async fn serve(&self, accepted: &AcceptedRequest<'_>) -> Result<Response, Error> {
        let id = &accepted.request.id;
        match self.dispatch(accepted).await {
            Ok(result) => Ok(json(200, result_response(id, &result))),
            Err(Refused::Problem(error)) => Err(error),
            Err(Refused::Rpc { status, error }) => Ok(json(status, error_response(Some(id), &error))),
        }
    }

    /// The context of one operation. `_meta` is what MCP says of traces; over HTTP a header may say it too.
    ///
    /// # Errors
    /// `invalid_header`, for a broken idempotency key.
    fn context(&self, accepted: &AcceptedRequest<'_>) -> Result<CallContext, Error> {
        let trace = &accepted.meta.trace;
        let trace = match &trace.traceparent {
            Some(_) => {
                TraceContext { traceparent: trace.traceparent.clone(), tracestate: trace.tracestate.clone() }
            }
            None => headers::trace(&self.parts.headers),
        };
        let idempotency_key = headers::idempotency_key(&self.parts.headers)?;
        let ctx = CallContext::new(self.principal.clone(), self.request.clone());
        Ok(CallContext { trace, idempotency_key, ..ctx })
    }
}

fn json(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, HeaderValue::from_static(JSON))], body).into_response()
}
