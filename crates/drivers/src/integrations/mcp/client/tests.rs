//! Tests of the client against scripted upstreams, through the real egress.

mod aside;
mod changes;
mod faults;
mod held;
mod items;
mod legacy;
mod listing;
mod modern;
mod odd;
mod resumed;
mod rounds;

use std::sync::Arc;
use std::time::Duration;

use portcullis_schemas::context::TraceContext;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::input::{InputKind, ServerInput};
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::server::ProtocolPin;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::{
    AuthHeader, Dispatch, McpCatalogue, McpFailure, McpTarget, ToolCall, ToolReply,
};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::logs::ledger::IntentReceipt;
use portcullis_schemas::secret::Secret;
use portcullis_testkit::entropy::CountingEntropy;
use portcullis_testkit::time::TestClock;

use super::HttpMcpClient;
use crate::egress::scripted::{Received, Scripted, Step, http, http_with};
use crate::egress::{EgressRules, HyperEgress, TlsRoots};

const DISCOVERED: &str =
    r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"x":1.10}}}"#;
const INITIALIZED: &str =
    r#"{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}"#;
const DONE: &str = r#"{"content":[]}"#;

/// A client, and the upstream that it talks to.
struct Bench {
    client: HttpMcpClient,
    upstream: Scripted,
}

impl Bench {
    async fn new(script: impl Fn(usize, &Received) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let upstream = Scripted::start(script).await;
        let rules = EgressRules::waiving([upstream.origin()]).unwrap();
        let egress = HyperEgress::new(rules, TlsRoots::mozilla()).unwrap();
        let client = HttpMcpClient::new(
            Arc::new(egress),
            Arc::new(CountingEntropy::default()),
            Arc::new(TestClock::new()),
        );
        Self { client, upstream }
    }

    fn target(&self) -> McpTarget {
        McpTarget {
            server_id: "mcp_01arz3ndektsv4rrffq69g5fav".parse().unwrap(),
            url: self.upstream.url(),
            pin: ProtocolPin::Auto,
            agent_input: InputKind::ALL.to_vec(),
            auth: Some(AuthHeader {
                name: "authorization".to_owned(),
                value: Secret::new("Bearer sesame".to_owned()),
            }),
            identity: "cred_1@1".to_owned(),
        }
    }

    async fn call(&self) -> Result<ToolReply, McpFailure> {
        self.client.call_tool(&tenant("a"), &self.target(), &tool_call("{}"), &dispatch(2000)).await
    }

    async fn discover(&self) -> Result<McpCatalogue, McpFailure> {
        self.client.discover(&tenant("a"), &self.target(), &dispatch(2000)).await
    }

    /// The methods of the requests so far, or the verb of those without a JSON-RPC body.
    fn methods(&self) -> Vec<String> {
        self.upstream.seen().iter().map(method).collect()
    }
}

fn method(received: &Received) -> String {
    let message = received.json();
    message["method"].as_str().map_or_else(|| received.verb().to_owned(), str::to_owned)
}

fn tenant(name: &str) -> TenantId {
    TenantId::from_trusted(name).unwrap()
}

fn dispatch(millis: u64) -> Dispatch {
    let intent = "int_01arz3ndektsv4rrffq69g5fav".parse().unwrap();
    Dispatch {
        receipt: IntentReceipt::issued_by_ledger(tenant("a"), intent),
        deadline: Duration::from_millis(millis),
        trace: TraceContext {
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
            tracestate: Some("a=b".to_owned()),
        },
        progress: None,
    }
}

fn tool_call(schema: &str) -> ToolCall {
    let definition = format!(r#"{{"name":"echo \u00e4","inputSchema":{schema}}}"#);
    ToolCall {
        input: ServerInput::default(),
        kind: ItemKind::Tool,
        method: CallMethod::CallTool,
        name: "echo \u{e4}".to_owned(),
        arguments: serde_json::from_str(r#"{"region":"eu","n":1.10,"deep":{"on":true}}"#).unwrap(),
        definition: RawJson::from_text(definition).unwrap(),
    }
}

/// A response to this request, its result verbatim.
fn response(received: &Received, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, received.json()["id"])
}

fn json(received: &Received, result: &str) -> Vec<Step> {
    http(200, "application/json", &response(received, result))
}

fn error(received: &Received, status: u16, code: i64) -> Vec<Step> {
    let id = &received.json()["id"];
    let body =
        format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"UPSTREAM-TEXT"}}}}"#);
    http(status, "application/json", &body)
}

fn event(data: &str) -> String {
    format!("event: message\ndata: {data}\n\n")
}

/// Loopback is refused by these rules, and nothing is listening anywhere else.
#[tokio::test]
async fn conforms_to_the_port() {
    let egress = HyperEgress::new(EgressRules::default(), TlsRoots::mozilla()).unwrap();
    let (entropy, clock) = (Arc::new(CountingEntropy::default()), Arc::new(TestClock::new()));
    let client = HttpMcpClient::new(Arc::new(egress), entropy, clock);
    portcullis_testkit::conformance::mcp_client(&client).await;
}

/// A modern server: discovers itself, and answers all else by the script.
fn modern(
    script: impl Fn(&Received) -> Vec<Step> + Send + Sync,
) -> impl Fn(usize, &Received) -> Vec<Step> + Send + Sync {
    move |_, received| match method(received).as_str() {
        "server/discover" => json(received, DISCOVERED),
        _ => script(received),
    }
}

/// A legacy server that gives each `initialize` a session named by the request's number, and answers all else by
/// the script.
fn legacy(
    script: impl Fn(&Received) -> Vec<Step> + Send + Sync,
) -> impl Fn(usize, &Received) -> Vec<Step> + Send + Sync {
    move |number, received| match method(received).as_str() {
        "server/discover" => error(received, 400, -32000),
        "initialize" => {
            let session = format!("session-{number}");
            let headers = [("content-type", "application/json"), ("mcp-session-id", session.as_str())];
            http_with(200, &headers, &response(received, INITIALIZED))
        }
        "notifications/initialized" | "notifications/cancelled" | "DELETE" => http(202, "text/plain", ""),
        _ => script(received),
    }
}

/// A value as text whatever the order of its members: that order depends on which crates are built together.
fn canonical(value: &serde_json::Value) -> String {
    String::from_utf8(portcullis_trail::canonical_bytes(value).unwrap()).unwrap()
}
