//! The two bundled MCP servers: one speaks 2026-07-28, one 2025-11-25 with sessions and server-sent events.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use color_eyre::eyre::Result;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use portcullis_mcp::headers::{EVENT_STREAM, HeaderLines, JSON, SESSION_ID};
use portcullis_mcp::jsonrpc::{ErrorCode, RpcError, error_response, notification, result_response};
use portcullis_mcp::ladder::{Accepted, AcceptedRequest, ServerProfile, judge, status_of};
use portcullis_mcp::messages::{
    CallParams, Capabilities, Implementation, ListChanges, Listing, acknowledged_params, discover_reply,
    empty_reply, initialize_reply, list_reply, listen_reply, method, text_reply,
};
use portcullis_mcp::scan::JsonLimits;
use portcullis_mcp::sse;
use portcullis_mcp::version::{Era, ProtocolVersion};
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::tools::DemoTool;

/// Most bytes of a request.
const MAX_BODY: usize = 256 * 1024;

/// A running upstream; it stops when dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    name: &'static str,
    version: ProtocolVersion,
    tools: Mutex<Vec<DemoTool>>,
    tells: AtomicBool,
    sessions: Mutex<BTreeSet<String>>,
    requests: AtomicU64,
    connections: AtomicU64,
}

impl Upstream {
    /// Starts a server of one version on a free port of the loopback.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(name: &'static str, version: ProtocolVersion, tools: Vec<DemoTool>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            name,
            version,
            tools: Mutex::new(tools),
            tells: AtomicBool::new(false),
            sessions: Mutex::default(),
            requests: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { address, state, task })
    }

    /// Has it say from now on that it tells of changes of its list, in streams that it ends at once. Modern only.
    pub fn tell_of_changes(&self) {
        self.state.tells.store(true, Ordering::Relaxed);
    }

    /// Its origin, for the operator's waiver.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its endpoint.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// HTTP requests until now.
    pub fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::Relaxed)
    }

    /// Connections accepted until now.
    pub fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// Changes one byte of a tool's description, as a supplier with an update would, or an attacker.
    pub fn change_one_byte(&self, tool: &str) {
        let mut tools = self.state.tools.lock().unwrap_or_else(PoisonError::into_inner);
        for found in tools.iter_mut().filter(|found| found.name == tool) {
            found.description = found.description.replace('.', "!");
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        state.connections.fetch_add(1, Ordering::Relaxed);
        let service = service_fn(move |request| answer(Arc::clone(&state), request));
        tokio::spawn(async move {
            // A client that breaks the connection is the client's affair.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    state.requests.fetch_add(1, Ordering::Relaxed);
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await.map(http_body_util::Collected::to_bytes)
    else {
        return Ok(plain(413, Vec::new()));
    };
    let lines: HeaderLines<'_> =
        head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let versions = [state.version];
    let profile = ServerProfile {
        versions: &versions,
        modern_methods: &[method::DISCOVER, method::TOOLS_LIST, method::TOOLS_CALL, method::LISTEN],
        legacy_methods: &[method::INITIALIZE, method::PING, method::TOOLS_LIST, method::TOOLS_CALL],
        hosts: None,
        origins: &[],
        limits: JsonLimits::default(),
    };
    Ok(match judge(&profile, head.method.as_str(), &lines, &body) {
        Ok(Accepted::Notification { .. }) => plain(202, Vec::new()),
        Ok(Accepted::Request(request)) => dispatch(&state, &request),
        Err(refusal) => {
            let mut response = plain(refusal.status, refusal.body());
            for (name, value) in refusal.headers() {
                if let (Ok(name), Ok(value)) =
                    (http::HeaderName::try_from(name), http::HeaderValue::try_from(value))
                {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
    })
}

fn dispatch(state: &State, accepted: &AcceptedRequest<'_>) -> Response<Full<Bytes>> {
    let this = Implementation { name: state.name.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let version = accepted.version;
    let called = accepted.request.method.as_ref();
    let tells = state.tells.load(Ordering::Relaxed);
    let can = Capabilities { list_changed: tells, ..Capabilities::default() };
    if called == method::INITIALIZE {
        return initialize(state, accepted, &initialize_reply(version, &this, Capabilities::default(), None));
    }
    if accepted.era == Era::Legacy && !knows(state, accepted) {
        return plain(404, Vec::new());
    }
    let result = match called {
        method::DISCOVER => Ok(discover_reply(&[state.version], &this, can, None)),
        method::TOOLS_LIST => Ok(list_reply(version, Listing::Tools, &definitions(state), None)),
        method::TOOLS_CALL => call(state, accepted),
        method::LISTEN if tells => return listened(accepted, &this),
        method::LISTEN => Err(RpcError::new(ErrorCode::METHOD_NOT_FOUND, "this server tells of no changes")),
        _ => Ok(empty_reply(version)),
    };
    match result {
        Ok(result) => respond(accepted, &result),
        Err(error) => {
            plain(status_of(accepted.era, error.code), error_response(Some(&accepted.request.id), &error))
        }
    }
}

fn call(state: &State, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, RpcError> {
    let invalid = || RpcError::new(ErrorCode::INVALID_PARAMS, "expected a known tool and its arguments");
    let params = CallParams::parse(accepted.request.params).map_err(|_| invalid())?;
    let tool = find(state, &params.name).ok_or_else(invalid)?;
    let arguments = params.arguments.map_or("{}", RawValue::get);
    let arguments = serde_json::from_str(arguments).map_err(|_| invalid())?;
    Ok(text_reply(accepted.version, &tool.run(&arguments), false))
}

/// A stream that begins and ends in an orderly way, and tells of nothing between.
fn listened(accepted: &AcceptedRequest<'_>, this: &Implementation) -> Response<Full<Bytes>> {
    let id = &accepted.request.id;
    let wanted = ListChanges::parse(accepted.request.params).unwrap_or_default();
    let begins = notification(method::ACKNOWLEDGED, Some(&acknowledged_params(id, wanted)));
    let ends = result_response(id, &listen_reply(id, this));
    let events = [begins, ends].map(|message| sse::encode(None, None, &String::from_utf8_lossy(&message)));
    typed(200, EVENT_STREAM, events.concat())
}

/// A copy, so that calls of a tool do not wait for one another.
fn find(state: &State, name: &str) -> Option<DemoTool> {
    let tools = state.tools.lock().unwrap_or_else(PoisonError::into_inner);
    tools.iter().find(|tool| tool.name == name).cloned()
}

fn definitions(state: &State) -> Vec<Box<RawValue>> {
    let tools = state.tools.lock().unwrap_or_else(PoisonError::into_inner);
    tools.iter().filter_map(|tool| RawValue::from_string(tool.definition().to_string()).ok()).collect()
}

/// Opens a session. Its id need not be secret here: the server listens on the loopback and holds nothing.
fn initialize(state: &State, accepted: &AcceptedRequest<'_>, result: &RawValue) -> Response<Full<Bytes>> {
    let mut sessions = state.sessions.lock().unwrap_or_else(PoisonError::into_inner);
    let session = format!("session-{}", sessions.len() + 1);
    sessions.insert(session.clone());
    let mut response = respond(accepted, result);
    if let Ok(value) = http::HeaderValue::try_from(session) {
        response.headers_mut().insert(SESSION_ID, value);
    }
    response
}

fn knows(state: &State, accepted: &AcceptedRequest<'_>) -> bool {
    let sessions = state.sessions.lock().unwrap_or_else(PoisonError::into_inner);
    accepted.session.as_ref().is_some_and(|session| sessions.contains(session.as_str()))
}

/// Modern answers are plain JSON here, legacy ones a stream of one event, so that the demo shows both.
fn respond(accepted: &AcceptedRequest<'_>, result: &RawValue) -> Response<Full<Bytes>> {
    let message = result_response(&accepted.request.id, result);
    if accepted.era == Era::Modern {
        return plain(200, message);
    }
    let event = sse::encode(Some("message"), Some("1"), &String::from_utf8_lossy(&message));
    typed(200, EVENT_STREAM, event)
}

fn plain(status: u16, body: Vec<u8>) -> Response<Full<Bytes>> {
    typed(status, JSON, body)
}

fn typed(status: u16, media_type: &'static str, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(media_type));
    response
}
