//! Registration, changes, and what exchanges do to a server.

use std::time::Duration;

use portcullis_schemas::integrations::mcp::wire::{McpCatalogue, McpFailure, McpHealth};
use portcullis_schemas::text::{CredentialRefText, HeaderNameText};
use serde_json::{Value, json};

use super::*;
use crate::integrations::mcp::discovery::plan_discovery;
use crate::integrations::mcp::samples::{World, event_types, raw};

fn register(members: Value) -> Result<ServerChange, Error> {
    let world = World::new();
    let mut request = json!({ "name": "weather", "url": "https://weather.example/mcp" });
    request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let request: RegisterMcpServer = serde_json::from_value(request).unwrap();
    let url = request.url.clone();
    let id = ServerId::generate(&world.ids);
    McpServerEngine::register(&world.stamp(5), &world.tenant, id, request, url)
}

fn update(
    world: &World,
    server: McpServer,
    tools: &[McpTool],
    members: Value,
) -> Result<ServerChange, Error> {
    let mut request = json!({ "server_id": server.server_id });
    request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let request: UpdateMcpServer = serde_json::from_value(request).unwrap();
    let url = request.url.clone();
    McpServerEngine::update(&world.stamp(9), server, tools, request, url)
}

#[test]
fn a_registered_server_is_pending_and_leaves_an_event() {
    let change = register(json!({ "tags": ["a", "b"] })).unwrap();
    let server = &change.server;
    assert_eq!((server.status, server.version), (McpServerStatus::Pending, 1));
    assert_eq!((server.transport, server.auth_type), (McpTransport::Http, McpAuthType::None));
    assert_eq!((server.created_by.as_str(), server.requires_approval), ("admin", true));
    assert_eq!(event_types(&change.events), ["mcp_server.registered"]);
}

#[test]
fn registration_names_the_field_that_is_wrong() {
    let tags: Vec<String> = (0..33).map(|n| format!("t{n}")).collect();
    let table = [
        (json!({ "transport": "stdio" }), "transport_unsupported", "transport"),
        (json!({ "transport": "sse" }), "transport_unsupported", "transport"),
        (json!({ "transport": "websocket" }), "transport_unsupported", "transport"),
        (json!({ "tags": tags }), "invalid_field", "tags"),
        (json!({ "tags": ["a", "a"] }), "invalid_field", "tags"),
        (json!({ "auth_type": "bearer" }), "invalid_field", "credential_ref"),
        (json!({ "credential_ref": "encrypted://AA==" }), "invalid_field", "credential_ref"),
        (
            json!({ "auth_type": "api_key", "credential_ref": "encrypted://AA==", "auth_header": "Host" }),
            "invalid_field",
            "auth_header",
        ),
    ];
    for (members, code, field) in table {
        let error = register(members.clone()).unwrap_err();
        assert_eq!((error.code().as_str(), error.field()), (code, Some(field)), "{members}");
    }
    let why = register(json!({ "transport": "stdio" })).unwrap_err();
    assert!(why.public().contains("starts no processes"), "{why}");
}

#[test]
fn another_url_makes_another_server_of_it() {
    let world = World::new();
    let tools = [world.tool("get_a"), McpTool { status: ToolStatus::Quarantined, ..world.tool("get_b") }];
    let server = McpServer {
        auth_type: McpAuthType::Bearer,
        credential_ref: Some(CredentialRefText::new("cus-vault://t_0001/key").unwrap()),
        ..world.server.clone()
    };
    let moved = update(&world, server.clone(), &tools, json!({ "url": "https://other.example/" })).unwrap();
    assert_eq!((moved.server.status, moved.server.credential_ref.clone()), (McpServerStatus::Pending, None));
    assert_eq!((moved.server.protocol_version.clone(), moved.server.capabilities_hash.clone()), (None, None));
    assert_eq!(moved.tools.len(), 2);
    for tool in &moved.tools {
        assert_eq!(
            (tool.status, tool.quarantine_reason),
            (ToolStatus::Quarantined, Some(QuarantineReason::ServerUrlChanged))
        );
        assert_eq!(tool.version, 2);
        assert!(tool.pinned_hash.is_some(), "the pin is kept for the comparison");
    }
    assert_eq!(event_types(&moved.events), ["mcp_server.updated", "mcp_tool.quarantined"]);

    let with_secret = json!({ "url": "https://other.example/", "credential_ref": "cus-vault://t_0001/new" });
    let moved = update(&world, server.clone(), &tools, with_secret).unwrap();
    assert_eq!(moved.server.credential_ref.unwrap().as_str(), "cus-vault://t_0001/new");

    let same = update(&world, server, &tools, json!({ "url": "https://weather.example/mcp" })).unwrap();
    assert_eq!((same.server.status, same.tools.len()), (McpServerStatus::Active, 0));
    assert!(same.server.credential_ref.is_some());
}

#[test]
fn a_move_does_not_let_a_bad_header_through() {
    let world = World::new();
    let members = json!({ "url": "https://other.example/", "auth_type": "api_key", "auth_header": "Host" });
    assert_eq!(update(&world, world.server.clone(), &[], members).unwrap_err().field(), Some("auth_header"));
}

#[test]
fn changes_of_authentication_fit_together_afterwards() {
    let world = World::new();
    let server = McpServer {
        auth_type: McpAuthType::ApiKey,
        auth_header: Some(HeaderNameText::new("X-Token").unwrap()),
        credential_ref: Some(CredentialRefText::new("encrypted://AA==").unwrap()),
        ..world.server.clone()
    };
    let changed = update(&world, server.clone(), &[], json!({ "auth_type": "bearer" })).unwrap().server;
    assert_eq!((changed.auth_type, changed.auth_header.clone()), (McpAuthType::Bearer, None));
    assert!(changed.credential_ref.is_some());
    let none = update(&world, server.clone(), &[], json!({ "auth_type": "none" })).unwrap().server;
    assert_eq!((none.auth_type, none.credential_ref), (McpAuthType::None, None));
    let bad =
        update(&world, server, &[], json!({ "auth_type": "none", "credential_ref": "encrypted://AA==" }));
    assert_eq!(bad.unwrap_err().field(), Some("credential_ref"));
}

#[test]
fn updates_are_refused_when_stale_empty_or_too_late() {
    let world = World::new();
    let stale =
        update(&world, world.server.clone(), &[], json!({ "expected_version": 7, "name": "n" })).unwrap_err();
    assert_eq!((stale.code(), stale.field()), (codes::STATE_CONFLICT, Some("expected_version")));
    let empty = update(&world, world.server.clone(), &[], json!({})).unwrap_err();
    assert_eq!(empty.code(), codes::INVALID_FIELD);
    let deleted = McpServerEngine::delete(&world.stamp(1), world.server.clone()).unwrap().server;
    assert!(deleted.deleted_at.is_some());
    let late = update(&world, deleted, &[], json!({ "name": "n" })).unwrap_err();
    assert!(late.code() == codes::STATE_CONFLICT && late.public().contains("deleted"), "{late}");
}

#[test]
fn disable_and_enable_go_through_pending() {
    let world = World::new();
    let disabled = McpServerEngine::disable(&world.stamp(1), world.server.clone(), None).unwrap();
    assert_eq!(event_types(&disabled.events), ["mcp_server.disabled"]);
    assert!(McpServerEngine::disable(&world.stamp(1), disabled.server.clone(), None).is_err());
    let enabled = McpServerEngine::enable(&world.stamp(2), disabled.server).unwrap();
    assert_eq!((enabled.server.status, enabled.server.version), (McpServerStatus::Pending, 3));
    assert!(McpServerEngine::enable(&world.stamp(2), enabled.server).is_err());
}

fn failure() -> McpFailure {
    McpFailure::new(codes::UPSTREAM_TIMEOUT, "no answer", true)
}

#[test]
fn three_failures_take_it_offline_once_and_one_success_brings_it_back() {
    let world = World::new();
    let mut server = world.server.clone();
    let mut seen = Vec::new();
    for round in 1..=4 {
        let change = McpServerEngine::after_health(&world.stamp(round), server, &Err(failure())).unwrap();
        seen.push((change.server.status, change.incident.is_some(), change.events.len()));
        server = change.server;
    }
    use McpServerStatus::{Degraded, Offline};
    assert_eq!(seen, [(Degraded, false, 1), (Degraded, false, 0), (Offline, true, 1), (Offline, false, 0)]);
    assert_eq!((server.health_check_failures, server.last_error.as_deref()), (4, Some("upstream_timeout")));
    let healthy = Ok(McpHealth { protocol_version: "2025-11-25".to_owned() });
    let change = McpServerEngine::after_health(&world.stamp(9), server, &healthy).unwrap();
    assert_eq!((change.server.status, change.server.health_check_failures), (McpServerStatus::Active, 0));
    assert_eq!(
        (change.server.last_error.clone(), event_types(&change.events)),
        (None, vec!["mcp_server.health_changed"])
    );
    let result = McpServerEngine::health_result(
        &change.server,
        &healthy,
        Some(Duration::from_millis(7).as_millis() as u64),
    );
    assert_eq!((result.is_healthy, result.latency_ms), (true, Some(7)));
}

fn catalogue(capabilities: Value) -> McpCatalogue {
    McpCatalogue {
        protocol_version: "2026-07-28".to_owned(),
        is_public: false,
        capabilities: raw(&capabilities),
        tools: Vec::new(),
    }
}

#[test]
fn discovery_activates_and_keeps_what_was_declared() {
    let world = World::new();
    let catalogue = catalogue(json!({ "tools": {}, "logging": {}, "bad name\u{200b}": {} }));
    let pending = McpServer { status: McpServerStatus::Pending, ..world.server.clone() };
    let plan = plan_discovery(&world.stamp(1), &pending, &[], &catalogue);
    let change = McpServerEngine::after_discovery(&world.stamp(1), pending, &catalogue, &plan).unwrap();
    assert_eq!(change.server.status, McpServerStatus::Active);
    assert_eq!(change.server.capabilities, ["logging", "tools"]);
    assert!(change.server.capabilities_hash.is_some_and(|hash| hash.len() == 64));
    let failed =
        McpServerEngine::after_discovery_failure(&world.stamp(2), world.server.clone(), &failure()).unwrap();
    assert_eq!(failed.server.status, McpServerStatus::Degraded, "the last list stays in force");
    let pending = McpServer { status: McpServerStatus::Pending, ..world.server.clone() };
    let failed = McpServerEngine::after_discovery_failure(&world.stamp(2), pending, &failure()).unwrap();
    assert_eq!(failed.server.status, McpServerStatus::Error);
}

#[test]
fn what_an_admin_did_during_an_exchange_stands() {
    let world = World::new();
    let catalogue = catalogue(json!({}));
    let disabled = McpServerEngine::disable(&world.stamp(1), world.server.clone(), None).unwrap().server;
    let plan = plan_discovery(&world.stamp(2), &disabled, &[], &catalogue);
    let after =
        McpServerEngine::after_discovery(&world.stamp(2), disabled.clone(), &catalogue, &plan).unwrap();
    assert_eq!(after.server.status, McpServerStatus::Disabled);
    let after = McpServerEngine::after_health(&world.stamp(2), disabled, &Err(failure())).unwrap();
    assert_eq!((after.server.status, after.incident), (McpServerStatus::Disabled, None));
    let deleted = McpServerEngine::delete(&world.stamp(1), world.server.clone()).unwrap().server;
    assert!(McpServerEngine::after_discovery(&world.stamp(2), deleted, &catalogue, &plan).is_err());
}

#[test]
fn how_often_definitions_are_checked_is_on_record_where_somebody_says_it() {
    let fact = |change: &ServerChange| change.events[0].facts.get("definition_check").cloned();
    let usual = register(json!({})).unwrap();
    assert_eq!((usual.server.definition_check, fact(&usual)), (DefinitionCheck::WhenDue, None));
    let strict = register(json!({ "definition_check": "each_call" })).unwrap();
    assert_eq!(strict.server.definition_check, DefinitionCheck::EachCall);
    assert_eq!(fact(&strict), Some(json!("each_call")));
    let world = World::new();
    let moved = update(&world, strict.server, &[], json!({ "url": "https://other.example/" })).unwrap();
    assert_eq!(moved.server.definition_check, DefinitionCheck::EachCall, "a new endpoint is trusted no more");
    let eased = update(&world, moved.server, &[], json!({ "definition_check": "when_due" })).unwrap();
    assert_eq!(fact(&eased), Some(json!("when_due")));
}
