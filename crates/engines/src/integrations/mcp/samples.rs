//! Values for tests: a tenant with one server, and the stamp of whoever changes it.

use portcullis_schemas::context::CallContext;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::{ItemKind, McpTool};
use portcullis_schemas::integrations::mcp::wire::ListedTool;
use portcullis_schemas::json::RawJson;
use portcullis_schemas::logs::event::{AuditEventDraft, EventActor};
use portcullis_schemas::principal::Scope;
use portcullis_testkit::fixtures;
use portcullis_testkit::ids::SequentialIds;
use serde_json::{Value, json};

use super::definition;
use super::events::EventStamp;

pub(super) struct World {
    pub(super) ids: SequentialIds,
    pub(super) tenant: TenantId,
    pub(super) actor: EventActor,
    pub(super) server: McpServer,
}

impl World {
    pub(super) fn new() -> Self {
        let ids = SequentialIds::new();
        let tenant = fixtures::tenant(1);
        let actor = EventActor { name: "admin".to_owned(), ..fixtures::actor(&ids) };
        let server = fixtures::server(&ids, &tenant, "weather", 0);
        Self { ids, tenant, actor, server }
    }

    pub(super) fn stamp(&self, seconds: i64) -> EventStamp<'_> {
        EventStamp {
            ids: &self.ids,
            now: fixtures::time(seconds),
            actor: &self.actor,
            request_id: Some("req_test"),
        }
    }

    /// An approved tool with a definition whose hash is its real one.
    pub(super) fn tool(&self, name: &str) -> McpTool {
        let definition = raw(&tool_json(name));
        let admitted = definition::judge(ItemKind::Tool, name, &definition).unwrap();
        McpTool {
            description: admitted.description,
            definition,
            pinned_hash: Some(admitted.hash.clone()),
            definition_hash: admitted.hash,
            annotations: admitted.annotations,
            ..fixtures::tool(&self.ids, &self.server, name)
        }
    }

    pub(super) fn ctx(&self) -> CallContext {
        fixtures::call_context(&self.ids, fixtures::principal(&self.ids, &self.tenant, &[Scope::Invoke]))
    }
}

/// A definition with an input schema that wants a `city`.
pub(super) fn tool_json(name: &str) -> Value {
    json!({
        "name": name,
        "description": "what it does",
        "inputSchema": {
            "type": "object",
            "properties": { "city": { "type": "string", "maxLength": 20 }, "days": { "type": "integer" } },
            "required": ["city"],
            "additionalProperties": false,
        },
    })
}

/// The same with members added or replaced.
pub(super) fn tool_json_with(name: &str, members: Value) -> Value {
    let mut definition = tool_json(name);
    for (key, value) in members.as_object().unwrap() {
        definition[key] = value.clone();
    }
    definition
}

pub(super) fn raw(value: &Value) -> RawJson {
    RawJson::from_text(value.to_string()).unwrap()
}

pub(super) fn listed(value: &Value) -> ListedTool {
    ListedTool::Readable {
        kind: ItemKind::Tool,
        name: value["name"].as_str().unwrap().to_owned(),
        definition: raw(value),
    }
}

pub(super) fn event_types(events: &[AuditEventDraft]) -> Vec<&'static str> {
    events.iter().map(|event| event.event_type.as_str()).collect()
}
