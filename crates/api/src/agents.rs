//! The MCP endpoint for agents: `/mcp/{toolset}`, every era on one route, without sessions.
//!
//! Order: method, authentication, room for the tenant, body ([`Presented::admit`]), the ladder of `portcullis-mcp`, then an
//! operation of the spine. A key that is only recognised is authenticated after the ladder, unless it makes a call. What is
//! dispatched is judged by the body alone; headers are only compared with it. `Host` and `Origin` were judged by the wall. Up
//! to the ladder a failure is a problem (RFC 9457), from there on a JSON-RPC error. An answer is one JSON message, or an event
//! stream where a call has told of its progress or takes long, and to who listens for changes.

mod approval;
mod calls;
mod failures;
mod input;
mod items;
mod listen;
mod methods;
mod pair;
mod results;
mod run;
mod under_way;
mod written;

use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use portcullis_mcp::headers::{HeaderLines, JSON};
use portcullis_mcp::jsonrpc::{Id, Notification, error_response, result_response};
use portcullis_mcp::ladder::{Accepted, AcceptedRequest, Refusal, ServerProfile, judge};
use portcullis_mcp::messages::{Cancelled, method};
use portcullis_mcp::scan::JsonLimits;
use portcullis_mcp::version::{Era, ProtocolVersion};
use portcullis_schemas::Error;
use portcullis_schemas::context::{CallContext, TraceContext};
use portcullis_schemas::ids::RequestId;
use portcullis_schemas::integrations::mcp::progress::ProgressSink;
use portcullis_schemas::integrations::toolsets::ToolsetName;
use portcullis_schemas::operation::Authority;
use portcullis_schemas::principal::Principal;
use portcullis_spine::Spine;

use self::failures::Refused;
use self::under_way::CallName;
use crate::admission::{Admitted, GoodFor, Presented};
use crate::headers;
use crate::problem::Failure;
use crate::tokens::Challenge;

pub(crate) use self::under_way::UnderWay;

/// Where agents come in.
pub(crate) const ENDPOINT: &str = "/mcp/{toolset}";
/// What stands there before the toolset's name.
pub(crate) use portcullis_spine::options::MOUNT;

/// What is served here. A handshake is answered without a session id, so that any replica serves any request.
const PROFILE: ServerProfile<'static> = ServerProfile {
    versions: &ProtocolVersion::SPOKEN,
    modern_methods: &[
        method::DISCOVER,
        method::TOOLS_LIST,
        method::TOOLS_CALL,
        method::PROMPTS_LIST,
        method::PROMPTS_GET,
        method::RESOURCES_LIST,
        method::TEMPLATES_LIST,
        method::RESOURCES_READ,
        method::COMPLETE,
        method::LISTEN,
    ],
    legacy_methods: &[
        method::INITIALIZE,
        method::PING,
        method::TOOLS_LIST,
        method::TOOLS_CALL,
        method::PROMPTS_LIST,
        method::PROMPTS_GET,
        method::RESOURCES_LIST,
        method::TEMPLATES_LIST,
        method::RESOURCES_READ,
        method::COMPLETE,
    ],
    hosts: None,
    origins: &[],
    limits: JsonLimits::STRICT,
};

/// One agent's request, once its toolset and caller are known.
struct Agent {
    spine: Spine,
    toolset: ToolsetName,
    principal: Principal,
    /// Whether its key was only recognised, which is enough for calls.
    is_recognised: bool,
    request: RequestId,
    parts: Parts,
    /// What a legacy agent may call off.
    under_way: UnderWay,
    /// Where the agent wants to hear of a call's progress, if it does.
    progress: Option<ProgressSink>,
}

/// Answers a request to [`ENDPOINT`].
pub(crate) async fn answer(
    spine: Spine,
    under_way: UnderWay,
    toolset: Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        // There is no stream to be opened by GET, and no session to be ended by DELETE.
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, HeaderValue::from_static("POST"))]).into_response();
    }
    match run(spine.clone(), under_way, &toolset, parts, body).await {
        Ok(response) => response,
        Err(error) => {
            let path = format!("{MOUNT}{}", toolset.0);
            let challenge = Challenge { spine: &spine, path: &path, authority: Authority::Invoke };
            Failure::from(error).challenged(&challenge).into_response()
        }
    }
}

async fn run(
    spine: Spine,
    under_way: UnderWay,
    toolset: &str,
    parts: Parts,
    body: axum::body::Body,
) -> Result<Response, Error> {
    let path = format!("{MOUNT}{toolset}");
    let text = headers::bearer(&parts.headers).to_owned();
    let presented = Presented { spine: &spine, text: &text, good_for: GoodFor::Path(&path) };
    let Admitted { principal, is_recognised, room, body } = presented.admit(body).await?;
    let Ok(toolset) = ToolsetName::new(toolset) else {
        presented.authenticate().await?;
        return Err(Error::not_found("toolset"));
    };
    let request = parts.extensions.get::<RequestId>().cloned().ok_or_else(headers::no_request_id)?;
    let mut agent = Agent {
        spine: spine.clone(),
        toolset,
        principal,
        is_recognised,
        request,
        parts,
        under_way,
        progress: None,
    };
    let judged = agent.judge(&body);
    let call = match &judged {
        Ok(Accepted::Request(accepted)) => calls::call_of(accepted),
        _ => None,
    };
    if let Some(call) = call {
        drop(judged);
        return calls::answer(agent, body, room, call).await;
    }
    if is_recognised {
        (agent.principal, agent.is_recognised) = (presented.authenticate().await?, false);
    }
    match judged {
        Ok(Accepted::Request(accepted)) if accepted.request.method == method::LISTEN => {
            let (id, lists) = (accepted.request.id.clone(), listen::wanted(&accepted));
            drop(accepted);
            // A stream has a place of its own, and must not take a request's for as long as it is open.
            drop(room);
            listen::answer(agent, id, lists).await
        }
        Ok(Accepted::Request(accepted)) => Ok(agent.serve(&accepted).await?.into_response()),
        _ => Ok(agent.answer(&body).await?.into_response()),
    }
}

/// A JSON-RPC message, and the status that it travels with when nothing was sent before it.
struct Told {
    status: u16,
    body: Vec<u8>,
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if self.body.is_empty() {
            return status.into_response();
        }
        (status, [(CONTENT_TYPE, HeaderValue::from_static(JSON))], self.body).into_response()
    }
}

impl Agent {
    /// Climbs the ladder. `Host` and `Origin` were judged before.
    fn judge<'b>(&self, body: &'b [u8]) -> Result<Accepted<'b>, Refusal> {
        let lines: HeaderLines<'_> = self
            .parts
            .headers
            .iter()
            .filter(|(name, _)| *name != http::header::ORIGIN)
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        judge(&PROFILE, self.parts.method.as_str(), &lines, body)
    }

    /// The answer to whatever stands in the body.
    async fn answer(&self, body: &[u8]) -> Result<Told, Error> {
        match self.judge(body) {
            Ok(Accepted::Request(accepted)) => self.serve(&accepted).await,
            Ok(Accepted::Notification { era, notification }) => {
                self.hear(era, &notification);
                Ok(Told { status: 202, body: Vec::new() })
            }
            Err(refusal) => Ok(Told { status: refusal.status, body: refusal.body() }),
        }
    }

    /// Of all notifications one is acted on: a legacy agent calls a call off by it, a modern one by closing the connection.
    fn hear(&self, era: Era, notification: &Notification<'_>) {
        if era == Era::Legacy
            && notification.method == method::CANCELLED
            && let Ok(cancelled) = Cancelled::parse(notification.params)
        {
            self.under_way.call_off(&self.name_of(cancelled.request_id));
        }
    }

    /// By what this agent's call with this id is known.
    fn name_of(&self, id: Id) -> CallName {
        CallName { key: self.principal.key().clone(), toolset: self.toolset.clone(), id }
    }

    async fn serve(&self, accepted: &AcceptedRequest<'_>) -> Result<Told, Error> {
        let id = &accepted.request.id;
        let answer = self.dispatch(accepted).await;
        if self.is_recognised && answer.is_err() {
            self.authenticate().await?;
        }
        match answer {
            Ok(result) => Ok(Told { status: 200, body: result_response(id, &result) }),
            Err(Refused::Problem(error)) => Err(error),
            Err(Refused::Rpc { status, error }) => {
                Ok(Told { status, body: error_response(Some(id), &error) })
            }
        }
    }

    /// Looks at its key, by whatever it was let in.
    async fn authenticate(&self) -> Result<Principal, Error> {
        let path = format!("{MOUNT}{}", self.toolset);
        self.spine.authenticate_at(&path, headers::bearer(&self.parts.headers)).await
    }

    /// The context of a call, with what it brings for the server besides arguments.
    ///
    /// # Errors
    /// As [`Agent::keyed_context`], and in band what cannot be read.
    fn context_of_call(&self, accepted: &AcceptedRequest<'_>) -> Result<CallContext, Refused> {
        Ok(CallContext { input: input::input_of(accepted)?, ..self.keyed_context(accepted)? })
    }

    /// The context of what is asked of a server: made once under a key, and maybe telling of its progress.
    ///
    /// # Errors
    /// `invalid_header`, for a broken idempotency key.
    fn keyed_context(&self, accepted: &AcceptedRequest<'_>) -> Result<CallContext, Refused> {
        let idempotency_key = headers::idempotency_key(&self.parts.headers).map_err(Refused::Problem)?;
        let progress = self.progress.clone();
        Ok(CallContext { idempotency_key, progress, ..self.context(accepted) })
    }

    /// The context of what is only read, also on the way to a call. A key is not looked at: it belongs to the call, and
    /// reading twice is as reading once. `_meta` is what MCP says of traces; over HTTP a header may say it too.
    fn context(&self, accepted: &AcceptedRequest<'_>) -> CallContext {
        let trace = &accepted.meta.trace;
        let trace = match &trace.traceparent {
            Some(_) => {
                TraceContext { traceparent: trace.traceparent.clone(), tracestate: trace.tracestate.clone() }
            }
            None => headers::trace(&self.parts.headers),
        };
        CallContext { trace, ..CallContext::new(self.principal.clone(), self.request.clone()) }
    }
}
