//! The suite of [`McpToolStore`](portcullis_schemas::integrations::mcp::ports::McpToolStore).

use portcullis_schemas::ids::{TenantId, ToolId};
use portcullis_schemas::integrations::mcp::invocation::InvocationOutcome;
use portcullis_schemas::integrations::mcp::ports::ToolFilter;
use portcullis_schemas::integrations::mcp::tool::{
    ItemKind, McpTool, QuarantineReason, RiskLevel, ToolAnnotations, ToolStatus,
};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::store::Store;

use super::ledger_scene::Scene;
use super::steps::{IDS, done, reading, two_tenants};
use crate::fixtures::{self, time};

/// Tools are kept byte for byte, replaced by name with their id and counters left alone, listed by name, and seen by
/// their tenant only. The ledger raises the counters.
pub async fn mcp_tool_store(store: &dyn Store, ledger: &dyn Ledger) {
    isolates_tenants(store).await;
    keeps_every_field(store).await;
    upsert_is_idempotent(store).await;
    upsert_leaves_counters_alone(&Scene::set(store, ledger).await).await;
    lists_by_name(store).await;
    keeps_kinds_apart(store).await;
}

async fn keeps_every_field(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let server = fixtures::seed_server(store, &IDS, &tenant).await;
    // Member order, spacing and the spelling of numbers are part of the definition.
    let definition =
        r#"{ "z":1.0, "name":"files.read",  "a":1e2,"inputSchema":{"type":"object"}, "é":"\u0041" }"#;
    let definition = RawJson::from_text(definition.to_owned());
    let full = McpTool {
        description: Some("reads \"files\"".to_owned()),
        definition: definition.unwrap_or_else(|error| panic!("a fixture is not JSON: {error}")),
        pinned_hash: Some("1".repeat(64)),
        status: ToolStatus::Quarantined,
        quarantine_reason: Some(QuarantineReason::DefinitionChanged),
        enabled: false,
        vanished_at: Some(time(3)),
        annotations: ToolAnnotations {
            read_only: Some(false),
            destructive: Some(true),
            idempotent: None,
            open_world: Some(true),
        },
        risk_inferred: RiskLevel::High,
        risk_known: false,
        risk_override: Some(RiskLevel::Critical),
        risk_level: RiskLevel::Critical,
        version: 4,
        ..fixtures::tool(&IDS, &server, "files.read")
    };
    let bare = McpTool {
        pinned_hash: None,
        status: ToolStatus::Quarantined,
        quarantine_reason: Some(QuarantineReason::New),
        approved_by: None,
        approved_at: None,
        ..fixtures::tool(&IDS, &server, "bare")
    };
    upsert(store, &tenant, &[full.clone(), bare.clone()]).await;
    for tool in [full, bare] {
        assert_eq!(get(store, &tenant, &tool).await.as_ref(), Some(&tool), "a tool is kept whole");
    }
    let absent = fixtures::tool(&IDS, &server, "absent");
    assert_eq!(get(store, &tenant, &absent).await, None, "an absent tool is none");
    let elsewhere =
        McpTool { server_id: fixtures::seed_server(store, &IDS, &tenant).await.server_id, ..absent };
    assert_eq!(get(store, &tenant, &elsewhere).await, None, "a tool is one of its own server only");
}

async fn upsert_is_idempotent(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let server = fixtures::seed_server(store, &IDS, &tenant).await;
    let tools = ["one", "two"].map(|name| fixtures::tool(&IDS, &server, name));
    upsert(store, &tenant, &tools).await;
    upsert(store, &tenant, &tools).await;
    let all = seen!(store, "all tools", unit => unit.mcp_tools().all_of(&tenant, &server.server_id));
    assert_eq!(all, tools, "upserting twice changes nothing more");
    upsert(store, &tenant, &[]).await;

    let changed = McpTool { tool_id: ToolId::generate(&IDS), version: 2, enabled: false, ..tools[0].clone() };
    upsert(store, &tenant, std::slice::from_ref(&changed)).await;
    let expected = McpTool { tool_id: tools[0].tool_id.clone(), ..changed };
    assert_eq!(
        get(store, &tenant, &tools[0]).await,
        Some(expected),
        "a tool keeps its id when it is replaced by name"
    );
}

async fn upsert_leaves_counters_alone(scene: &Scene<'_>) {
    for (seconds, outcome) in [(0, InvocationOutcome::Success), (1, InvocationOutcome::Failure)] {
        let (facts, intent) = scene.call(seconds);
        let receipt = scene.receipt(&intent).await;
        done("settling", scene.settle(&receipt, &scene.settlement(&intent, &facts, outcome)).await);
    }
    let before = scene.tool_now().await;
    let overwriting = McpTool {
        invocation_count: 99,
        failure_count: 99,
        last_invoked_at: None,
        enabled: false,
        version: 2,
        ..before.clone()
    };
    upsert(scene.store, &scene.tenant, &[overwriting]).await;
    let expected = McpTool { enabled: false, version: 2, ..before };
    assert_eq!(scene.tool_now().await, expected, "counters are the ledger's; an upsert leaves them alone");
    assert_eq!((expected.invocation_count, expected.failure_count), (2, 1), "the ledger has counted");
}

async fn lists_by_name(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let server = fixtures::seed_server(store, &IDS, &tenant).await;
    let longest = format!("m.{}", "long.".repeat(25) + "x");
    let names = ["alpha", "beta.read", "delta", longest.as_str(), "omega.write", "zeta"];
    assert_eq!(names[3].len(), 128);
    let mut tools: Vec<_> = names.iter().map(|name| fixtures::tool(&IDS, &server, name)).collect();
    tools[1].status = ToolStatus::Quarantined;
    let shuffled: Vec<_> = [4, 1, 5, 0, 3, 2].iter().map(|n: &usize| tools[*n].clone()).collect();
    upsert(store, &tenant, &shuffled).await;

    let mut unit = reading(store).await;
    let id = &server.server_id;
    let all = done("all tools", unit.mcp_tools().all_of(&tenant, id).await);
    assert_eq!(all, tools, "all tools, by name");
    let listed = walked!(1, request => unit.mcp_tools().list(&tenant, id, &ToolFilter::default(), &request));
    assert_eq!(listed, tools, "tools page by name, names with dots and of full length too");
    let filter = ToolFilter { status: Some(ToolStatus::Quarantined), ..ToolFilter::default() };
    let quarantined = walked!(2, request => unit.mcp_tools().list(&tenant, id, &filter, &request));
    assert_eq!(quarantined, tools[1..2], "only the quarantined ones");
}

/// What was said of a tool is not said of a prompt or a resource that has its name.
async fn keeps_kinds_apart(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let server = fixtures::seed_server(store, &IDS, &tenant).await;
    let of = |kind: &ItemKind| McpTool { kind: *kind, ..fixtures::tool(&IDS, &server, "same") };
    let mut items: Vec<_> = ItemKind::ALL.iter().map(of).collect();
    let address = format!("file:///{}", "a".repeat(1000));
    // The longest that discovery admits, and URIs that differ in case.
    for uri in [address.as_str(), "x:a", "x:A"] {
        items.push(McpTool { kind: ItemKind::Resource, ..fixtures::tool(&IDS, &server, uri) });
    }
    upsert(store, &tenant, &items).await;
    let changed = McpTool { enabled: false, version: 2, ..items[1].clone() };
    upsert(store, &tenant, std::slice::from_ref(&changed)).await;
    items[1] = changed;
    items.sort_by_key(|item| (item.name.clone(), item.kind.as_str()));

    let mut unit = reading(store).await;
    let id = &server.server_id;
    let all = done("all items", unit.mcp_tools().all_of(&tenant, id).await);
    assert_eq!(all, items, "a name is one of its kind only");
    let filter = ToolFilter::default();
    let listed = walked!(2, request => unit.mcp_tools().list(&tenant, id, &filter, &request));
    assert_eq!(listed, items, "namesakes are neither lost nor doubled between pages");
    let filter = ToolFilter { kind: Some(ItemKind::Resource), ..filter };
    let listed = walked!(1, request => unit.mcp_tools().list(&tenant, id, &filter, &request));
    items.retain(|item| item.kind == ItemKind::Resource);
    assert_eq!(listed, items, "only the resources");
}

async fn isolates_tenants(store: &dyn Store) {
    let (tenant, other) = two_tenants(store).await;
    let server = fixtures::seed_server(store, &IDS, &tenant).await;
    let tool = fixtures::seed_tool(store, &IDS, &server, "walled").await;
    assert_eq!(get(store, &other, &tool).await, None, "a foreign tool answers as an absent one");
    let mut unit = reading(store).await;
    let all = done("all tools", unit.mcp_tools().all_of(&other, &server.server_id).await);
    assert!(all.is_empty(), "a foreign server has no tools");
    let filter = ToolFilter::default();
    let listed = walked!(2, request => unit.mcp_tools().list(&other, &server.server_id, &filter, &request));
    assert!(listed.is_empty(), "nor pages of them");
    drop(unit);
    let stolen = McpTool { tenant_id: other.clone(), enabled: false, version: 2, ..tool.clone() };
    let _refused_or_apart =
        attempted!(store, unit => unit.mcp_tools().upsert(&other, std::slice::from_ref(&stolen)));
    assert_eq!(
        get(store, &tenant, &tool).await,
        Some(tool),
        "an upsert of a foreign tool leaves it unchanged"
    );
}

async fn upsert(store: &dyn Store, tenant: &TenantId, tools: &[McpTool]) {
    committed!(store, "upserting tools", unit => unit.mcp_tools().upsert(tenant, tools));
}

async fn get(store: &dyn Store, tenant: &TenantId, tool: &McpTool) -> Option<McpTool> {
    seen!(store, "reading a tool", unit => unit.mcp_tools().get(tenant, &tool.server_id, &tool.tool_id))
}
