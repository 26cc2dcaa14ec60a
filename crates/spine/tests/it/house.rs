//! A spine on in-memory ports, with one tenant, one server and an approved tool.

use std::sync::Arc;

use portcullis_engines::api_keys::key_text::KeyEnvironment;
use portcullis_engines::logs::emitter::ToolAuditEmitter;
use portcullis_schemas::Error;
use portcullis_schemas::context::CallContext;
use portcullis_schemas::ids::{KeyId, RequestId, TenantId};
use portcullis_schemas::integrations::mcp::operations::{
    ApproveMcpTool, InvokeMcpTool, ListMcpTools, RegisterMcpServer,
};
use portcullis_schemas::integrations::mcp::tool::{ItemKind, McpTool};
use portcullis_schemas::integrations::mcp::wire::{Conduct, ListedTool, McpCatalogue, ToolReply};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::logs::event::AuditEvent;
use portcullis_schemas::logs::operations::{ListTrailEvents, VerifyTrail};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::operation::Operation;
use portcullis_schemas::principal::{ActorType, Principal, Scope};
use portcullis_schemas::runtime::IdSource;
use portcullis_schemas::store::Store;
use portcullis_spine::{Ports, Spine, SpineOptions};
use portcullis_testkit::broken::BrokenLedger;
use portcullis_testkit::entropy::CountingEntropy;
use portcullis_testkit::fakes::{
    FixedToolPolicy, PlainVault, RecordingDispatchAudit, ScriptedEgress, ScriptedMcpClient,
};
use portcullis_testkit::fixtures;
use portcullis_testkit::hashing::TestKeyedHash;
use portcullis_testkit::ids::UniqueIds;
use portcullis_testkit::memory::MemoryStore;
use portcullis_testkit::time::TestClock;
use portcullis_trail::chain::record_hash;
use serde_json::{Value, json};

/// Everything that a test looks at.
pub(crate) struct House {
    pub(crate) spine: Spine,
    pub(crate) tenant: TenantId,
    pub(crate) client: Arc<ScriptedMcpClient>,
    pub(crate) ledger: Arc<BrokenLedger>,
    pub(crate) dispatches: Arc<RecordingDispatchAudit>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) memory: MemoryStore,
    ids: Arc<UniqueIds>,
    key: KeyId,
}

impl House {
    /// With a policy that permits everything.
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// With some ports exchanged.
    pub(crate) async fn with(change: impl FnOnce(&mut Ports)) -> Self {
        Self::build(change, |_, _| {}).await
    }

    /// With some limits changed.
    pub(crate) async fn limited(limit: impl FnOnce(&mut SpineOptions)) -> Self {
        Self::build(|_| {}, |options, _| limit(options)).await
    }

    /// With ports exchanged and settings changed, of which some name the tenant.
    pub(crate) async fn build(
        change: impl FnOnce(&mut Ports),
        set: impl FnOnce(&mut SpineOptions, &TenantId),
    ) -> Self {
        let store = MemoryStore::with_record_hash(|record: &Value| record_hash(record).unwrap().to_string());
        let (ids, clock) = (Arc::new(UniqueIds::new()), Arc::new(TestClock::new()));
        let ledger = Arc::new(BrokenLedger::new(Arc::new(store.ledger())));
        let client = Arc::new(ScriptedMcpClient::new());
        let dispatches = Arc::new(RecordingDispatchAudit::new());
        let vault = Arc::new(PlainVault::new(Arc::new(store.clone())));
        let mut ports = Ports {
            clock: clock.clone(),
            ids: ids.clone(),
            entropy: Arc::new(CountingEntropy::new()),
            hasher: Arc::new(TestKeyedHash),
            answers: vault.clone(),
            store: Arc::new(store.clone()),
            ledger: ledger.clone(),
            checkpoints: None,
            vault,
            policy: Arc::new(FixedToolPolicy::allow()),
            emitter: Arc::new(ToolAuditEmitter::new(clock.clone(), ids.clone())),
            dispatch_audit: dispatches.clone(),
            egress: Arc::new(ScriptedEgress::allowing(&["https://mcp.example"])),
            mcp: client.clone(),
        };
        change(&mut ports);
        let tenant = fixtures::seed_tenant(&store, &*ids).await;
        let mut options = SpineOptions::new(KeyEnvironment::new("test").unwrap());
        set(&mut options, &tenant);
        let stored = fixtures::api_key(&*ids, &tenant, "tester", 0);
        let mut work = store.begin().await.unwrap();
        work.api_keys().insert(&tenant, &stored).await.unwrap();
        work.commit().await.unwrap();
        let key = stored.key.key_id;
        Self {
            spine: Spine::new(ports, options).unwrap(),
            tenant,
            client,
            ledger,
            dispatches,
            clock,
            memory: store,
            ids,
            key,
        }
    }

    /// A context of a caller with one scope.
    pub(crate) fn caller(&self, scope: Scope) -> CallContext {
        let principal =
            Principal::verified(self.tenant.clone(), self.key.clone(), "tester", ActorType::Machine, [scope]);
        CallContext::new(principal, RequestId::generate(&*self.ids))
    }

    pub(crate) fn ids(&self) -> &dyn IdSource {
        &*self.ids
    }

    /// Runs an operation as an admin.
    pub(crate) async fn admin<Op: Operation>(&self, request: Value) -> Result<Op::Output, Error> {
        let request = serde_json::from_value::<Op>(request).expect("a request of the operation");
        self.spine.run(self.caller(Scope::Admin), request).await
    }

    /// Registers a server that offers one tool, and approves it.
    pub(crate) async fn approved_tool(&self, name: &str) -> McpTool {
        self.approved_tool_in(catalogue(&[definition(name, "does it")])).await
    }

    /// Registers a server that offers this, and approves its first tool.
    pub(crate) async fn approved_tool_in(&self, offered: McpCatalogue) -> McpTool {
        let ListedTool::Readable { name, .. } = &offered.tools[0] else {
            panic!("a tool that can be approved")
        };
        let body =
            json!({ "name": format!("server of {name}"), "url": format!("https://mcp.example/{name}") });
        self.client.answer_discover(Ok(offered));
        let registered = self.admin::<RegisterMcpServer>(body).await.unwrap();
        assert_eq!(registered.discovery_error, None);
        let server = registered.server.server_id;
        let tools = self.admin::<ListMcpTools>(json!({ "server_id": server })).await.unwrap();
        let tool = &tools.items[0];
        let body =
            json!({ "server_id": server, "tool_id": tool.tool_id, "definition_hash": tool.definition_hash });
        self.admin::<ApproveMcpTool>(body).await.unwrap()
    }

    /// The whole trail, oldest first; it must verify.
    pub(crate) async fn trail(&self) -> Vec<AuditEvent> {
        let verified = self.admin::<VerifyTrail>(json!({})).await.unwrap();
        assert!(verified.intact, "{:?}", verified.first_break);
        let mut events = Vec::new();
        let mut cursor = None;
        loop {
            let page =
                self.admin::<ListTrailEvents>(json!({ "limit": 100, "cursor": cursor })).await.unwrap();
            events.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                events.reverse();
                return events;
            }
        }
    }

    /// The types of the trail's events about an id, oldest first.
    pub(crate) async fn story_of(&self, id: &str) -> Vec<String> {
        let about = |event: &AuditEvent| event.subject.values().any(|value| value == id);
        self.trail()
            .await
            .iter()
            .filter(|event| about(event))
            .map(|event| event.event_type.to_string())
            .collect()
    }

    /// The ledger without its faults.
    pub(crate) fn ledger(&self) -> &dyn Ledger {
        &*self.ledger
    }
}

/// A call of a tool.
pub(crate) fn call_of(tool: &McpTool, arguments: Value) -> InvokeMcpTool {
    let body = json!({ "server_id": tool.server_id, "tool_id": tool.tool_id, "arguments": arguments, "run_id": "run-1" });
    serde_json::from_value(body).unwrap()
}

pub(crate) fn definition(name: &str, description: &str) -> Value {
    json!({
        "name": name,
        "description": description,
        "inputSchema": { "type": "object", "properties": { "q": { "type": "string" } }, "additionalProperties": false },
    })
}

pub(crate) fn catalogue(definitions: &[Value]) -> McpCatalogue {
    let listed = |definition: &Value| ListedTool::Readable {
        kind: ItemKind::Tool,
        name: definition["name"].as_str().unwrap_or_default().to_owned(),
        definition: RawJson::from_text(definition.to_string()).unwrap(),
    };
    McpCatalogue {
        protocol_version: "2026-07-28".to_owned(),
        is_public: false,
        capabilities: RawJson::from_text("{\"tools\":{}}".to_owned()).unwrap(),
        tools: definitions.iter().map(listed).collect(),
    }
}

/// An answer whose bytes would not survive a round trip through typed values.
pub(crate) const FAITHFUL: &str = r#"{"content":[{"type":"text","text":"ok"}],"n":123456789012345678901234567890,"f":1.10,"x":{"b":1,"a":2}}"#;

pub(crate) fn reply() -> ToolReply {
    ToolReply {
        result: RawJson::from_text(FAITHFUL.to_owned()).unwrap(),
        is_error: false,
        protocol_version: "2026-07-28".into(),
        redacted: false,
        conduct: Conduct::Fair,
    }
}
