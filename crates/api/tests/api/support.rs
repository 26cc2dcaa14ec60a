//! A whole entry in memory, and a caller.

use portcullis_schemas::integrations::mcp::tool::ItemKind;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Frame;
use portcullis_api::{ApiOptions, router};
use portcullis_schemas::integrations::mcp::wire::{Conduct, ListedTool, McpCatalogue, ToolReply};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::text::Name;
use portcullis_spine::KeyEnvironment;
use portcullis_spine::{OperationRegistry, Ports, Spine, SpineOptions};
use portcullis_testkit::entropy::CountingEntropy;
use portcullis_testkit::fakes::{
    FixedToolPolicy, PlainEmitter, PlainVault, RecordingDispatchAudit, ScriptedEgress, ScriptedMcpClient,
};
use portcullis_testkit::hashing::TestKeyedHash;
use portcullis_testkit::ids::SequentialIds;
use portcullis_testkit::memory::MemoryStore;
use portcullis_testkit::time::TestClock;
use serde_json::{Value, json};
use tower::ServiceExt;

/// The entry, what stands behind it, and the first tenant's key, which is operator and admin.
pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) spine: Spine,
    pub(crate) store: MemoryStore,
    pub(crate) mcp: Arc<ScriptedMcpClient>,
    pub(crate) key: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|ports| ports, |ports, options| Spine::new(ports, options).unwrap()).await
    }

    /// A world whose spine has these operations only.
    pub(crate) async fn of(registry: OperationRegistry) -> Self {
        Self::with(|ports| ports, |ports, options| Spine::with_registry(ports, options, registry)).await
    }

    /// A world with other ports; its first tenant was created with the usual ones.
    pub(crate) async fn rewired(change: impl FnOnce(Ports) -> Ports) -> Self {
        Self::with(change, |ports, options| Spine::new(ports, options).unwrap()).await
    }

    /// A world with other limits.
    pub(crate) async fn limited(change: impl FnOnce(&mut SpineOptions)) -> Self {
        let make = |ports, mut options| {
            change(&mut options);
            Spine::new(ports, options).unwrap()
        };
        Self::with(|ports| ports, make).await
    }

    async fn with(
        change: impl FnOnce(Ports) -> Ports,
        make: impl FnOnce(Ports, SpineOptions) -> Spine,
    ) -> Self {
        let (store, mcp) = (MemoryStore::new(), Arc::new(ScriptedMcpClient::new()));
        let ports = ports(&store, &mcp);
        let options = || SpineOptions::new(KeyEnvironment::new("test").unwrap());
        let first = Spine::new(ports.clone(), options()).unwrap();
        let key = first.bootstrap(Name::new("default").unwrap()).await.unwrap().unwrap().secret.0;
        let spine = make(change(ports), options());
        Self { router: router(spine.clone(), ApiOptions::default()), spine, store, mcp, key }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub(crate) async fn call(&self, key: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let body = body.map(|body| body.to_string());
        self.send(request(key, method, path, body.as_deref())).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(&self.key, "GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(&self.key, "POST", path, Some(body)).await
    }

    /// A second tenant; returns its id and its admin key.
    pub(crate) async fn tenant(&self, name: &str) -> (String, String) {
        let made = self.post("/tenants", json!({ "name": name })).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.json();
        (text(&made["tenant"]["tenant_id"]), text(&made["admin_key"]["secret"]))
    }

    /// A server with one approved tool `read_file`; returns the ids of both.
    pub(crate) async fn tool(&self, key: &str) -> (String, String) {
        self.tool_of(key, catalogue()).await
    }

    /// The same, of this catalogue's first tool.
    pub(crate) async fn tool_of(&self, key: &str, catalogue: McpCatalogue) -> (String, String) {
        self.mcp.answer_discover(Ok(catalogue));
        let body = json!({ "name": "files", "url": "https://mcp.example/mcp" });
        let made = self.call(key, "POST", "/integrations/mcp-servers", Some(body)).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let server = text(&made.json()["server"]["server_id"]);
        let tools = format!("/integrations/mcp-servers/{server}/tools");
        let listed = self.call(key, "GET", &tools, None).await.json();
        let tool = text(&listed["items"][0]["tool_id"]);
        let pin = json!({ "definition_hash": listed["items"][0]["definition_hash"] });
        let approved = self.call(key, "POST", &format!("{tools}/{tool}/approve"), Some(pin)).await;
        assert_eq!(approved.status, 200, "{}", approved.text());
        (server, tool)
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status, code and field of a problem.
    pub(crate) fn problem(&self) -> (u16, String, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text());
        let json = self.json();
        (self.status.as_u16(), text(&json["code"]), json["field"].as_str().unwrap_or_default().to_owned())
    }

    /// The body without what differs from request to request.
    pub(crate) fn timeless(&self) -> Value {
        let mut json = self.json();
        if let Some(members) = json.as_object_mut() {
            members.retain(|name, _| name != "request_id");
        }
        json
    }
}

/// A request as a usual client sends it.
pub(crate) fn request(key: &str, method: &str, path: &str, body: Option<&str>) -> Request<Body> {
    let bare = Request::builder().method(method).uri(path).header("host", "localhost:8080");
    let bare = bare.header("authorization", format!("Bearer {key}"));
    match body {
        Some(body) => {
            bare.header("content-type", "application/json").body(Body::from(body.to_owned())).unwrap()
        }
        None => bare.body(Body::empty()).unwrap(),
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

pub(crate) fn catalogue() -> McpCatalogue {
    catalogue_of(r#"{"name":"read_file","inputSchema":{"type":"object","properties":{"path":{},"a":{}}}}"#)
}

/// The catalogue of a server whose tool `read_file` is defined so.
pub(crate) fn catalogue_of(definition: &str) -> McpCatalogue {
    McpCatalogue {
        protocol_version: "2026-07-28".to_owned(),
        is_public: false,
        capabilities: RawJson::from_text(r#"{"tools":{}}"#.to_owned()).unwrap(),
        tools: vec![ListedTool::Readable {
            kind: ItemKind::Tool,
            name: "read_file".to_owned(),
            definition: RawJson::from_text(definition.to_owned()).unwrap(),
        }],
    }
}

pub(crate) fn reply(result: &str) -> ToolReply {
    ToolReply {
        result: RawJson::from_text(result.to_owned()).unwrap(),
        is_error: false,
        protocol_version: "2026-07-28".into(),
        redacted: false,
        conduct: Conduct::Fair,
    }
}

fn ports(store: &MemoryStore, mcp: &Arc<ScriptedMcpClient>) -> Ports {
    let (clock, ids) = (Arc::new(TestClock::new()), Arc::new(SequentialIds::new()));
    let vault = Arc::new(PlainVault::new(Arc::new(store.clone())));
    Ports {
        clock: clock.clone(),
        ids: ids.clone(),
        entropy: Arc::new(CountingEntropy::new()),
        hasher: Arc::new(TestKeyedHash),
        answers: vault.clone(),
        store: Arc::new(store.clone()),
        ledger: Arc::new(store.ledger()),
        checkpoints: None,
        vault,
        policy: Arc::new(FixedToolPolicy::allow()),
        emitter: Arc::new(PlainEmitter::new(ids, clock)),
        dispatch_audit: Arc::new(RecordingDispatchAudit::new()),
        egress: Arc::new(ScriptedEgress::allowing(&["https://mcp.example"])),
        mcp: mcp.clone(),
    }
}

/// A body of which nothing ever comes.
pub(crate) struct Endless;

impl HttpBody for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}
