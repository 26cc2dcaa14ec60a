//! Spans on their way to a collector: one that takes OTLP over HTTP and reads its protobuf, as a real one would.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scene;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use portcullis::http::{ServeLimits, serve_with};
use portcullis_server::config::Settings;
use portcullis_server::telemetry;
use prost::Message;
use tokio::net::TcpListener;

use self::scene::Scene;

/// A caller's span.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// A collector on the loopback, and what it was sent.
#[derive(Clone, Default)]
struct Collector {
    bodies: Arc<Mutex<Vec<Bytes>>>,
}

impl Collector {
    async fn start(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let router = Router::new().route("/v1/traces", post(take)).with_state(self.clone());
        tokio::spawn(serve_with(ServeLimits::default(), listener, router, std::future::pending()));
        addr
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let bodies = self.bodies.lock().unwrap();
        bodies.iter().map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap()).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let resources = self.requests().into_iter().flat_map(|request| request.resource_spans);
        resources.flat_map(|spans| spans.scope_spans).flat_map(|spans| spans.spans).collect()
    }
}

async fn take(State(collector): State<Collector>, body: Bytes) {
    collector.bodies.lock().unwrap().push(body);
}

/// Runs two calls, one under a caller's span, with everything sent to a collector. Once a process: spans are closed by
/// other threads too, so the subscriber must be everybody's.
async fn exported() -> Collector {
    let collector = Collector::default();
    let endpoint = format!("http://{}", collector.start().await);
    let set = |settings: &mut Settings| settings.otlp.endpoint = Some(endpoint.clone());
    let mut settings = Settings::new("unused");
    set(&mut settings);
    let (subscriber, telemetry) = telemetry::subscriber(&settings, io::sink).unwrap();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let scene = Scene::with(set).await;
    let parent = format!("00-{TRACE}-{CALLER}-00");
    assert_eq!(scene.call(&[("traceparent", &parent)]).await.status, 200);
    assert_eq!(scene.refused_call().await.status, 403);
    scene.running.shutdown().await.unwrap();
    // It waits for the exporter, whose requests this thread's runtime has to serve.
    tokio::task::spawn_blocking(|| telemetry.stop()).await.unwrap();
    collector
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attributes(span: &Span) -> BTreeMap<&str, String> {
    let text = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let value = |pair: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        pair.value.as_ref().and_then(|value| value.value.as_ref()).map(text).unwrap_or_default()
    };
    span.attributes.iter().map(|pair| (pair.key.as_str(), value(pair))).collect()
}

#[tokio::test]
async fn a_call_is_a_trace_under_its_callers_span_and_holds_no_value() {
    let collector = exported().await;
    let spans = collector.spans();
    expect_trace(&spans);
    let refused =
        |span: &&Span| attributes(span).get("gen_ai.tool.name").is_some_and(|name| name == "delete_station");
    let refused = spans.iter().find(refused).unwrap();
    assert_eq!(attributes(refused)["error.type"], "policy_denied");
    assert_ne!(hex(&refused.trace_id), TRACE);
    let resource = collector.requests()[0].resource_spans[0].resource.clone().unwrap();
    assert!(resource.attributes.iter().any(|pair| pair.key == "service.name"));

    let bodies = collector.bodies.lock().unwrap().concat();
    let text = String::from_utf8_lossy(&bodies);
    for value in ["Zurich", "Säntis", "light rain", "pcl_", "Bearer"] {
        assert!(!text.contains(value), "{value}");
    }
}

/// The caller said that its trace is not sampled: that decides nothing here.
fn expect_trace(spans: &[Span]) {
    let of_call = spans.iter().filter(|span| hex(&span.trace_id) == TRACE);
    let by_name: BTreeMap<&str, &Span> = of_call.map(|span| (span.name.as_str(), span)).collect();
    let request = by_name["POST /integrations/mcp-servers/{server_id}/tools/{tool_id}/invoke"];
    assert_eq!(hex(&request.parent_span_id), CALLER, "the caller's span is the parent");
    let call = by_name["tools/call"];
    assert_eq!(call.parent_span_id, request.span_id);
    let found = attributes(call);
    for (name, value) in [
        ("mcp.method.name", "tools/call"),
        ("gen_ai.operation.name", "execute_tool"),
        ("gen_ai.tool.name", "get_forecast"),
        ("portcullis.operation", "integrations.mcp_servers.invoke_tool"),
        ("portcullis.outcome", "success"),
    ] {
        assert_eq!(found.get(name).map(String::as_str), Some(value), "{name}: {found:?}");
    }
    for step in ["admit", "load", "evaluate", "decide", "record", "credential", "upstream", "settle"] {
        let span = by_name[format!("gate.{step}").as_str()];
        assert_eq!(span.parent_span_id, call.span_id, "{step}");
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano, "{step}");
    }
}
