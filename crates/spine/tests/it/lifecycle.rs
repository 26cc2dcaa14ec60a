//! Servers and tools through discovery, change and health.

use portcullis_schemas::codes;
use portcullis_schemas::controls::operations::ThrowKillSwitch;
use portcullis_schemas::incidents::IncidentCause;
use portcullis_schemas::incidents::operations::ListIncidents;
use portcullis_schemas::integrations::credentials::operations::StoreCredential;
use portcullis_schemas::integrations::mcp::operations::{
    CheckMcpServerHealth, DeleteMcpServer, DisableMcpServer, DiscoverMcpTools, GetMcpServer, GetMcpTool,
    RegisterMcpServer, SetMcpToolRiskLevel, UpdateMcpServer,
};
use portcullis_schemas::integrations::mcp::server::McpServerStatus;
use portcullis_schemas::integrations::mcp::tool::{QuarantineReason, RiskLevel, ToolStatus};
use portcullis_schemas::integrations::mcp::wire::{McpFailure, McpHealth};
use portcullis_schemas::principal::Scope;
use serde_json::json;

use crate::house::{House, call_of, catalogue, definition};

#[tokio::test]
async fn one_changed_byte_quarantines_opens_an_incident_and_flipping_back_does_not_release() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let named = json!({ "server_id": tool.server_id, "tool_id": tool.tool_id });
    let classified = json!({ "server_id": tool.server_id, "tool_id": tool.tool_id, "risk_level": "medium" });
    house.admin::<SetMcpToolRiskLevel>(classified).await.unwrap();
    for description in ["does it!", "does it"] {
        house.client.answer_discover(Ok(catalogue(&[definition("get_it", description)])));
        house.admin::<DiscoverMcpTools>(json!({ "server_id": tool.server_id })).await.unwrap();
        let found = house.admin::<GetMcpTool>(named.clone()).await.unwrap();
        assert_eq!(
            (found.status, found.quarantine_reason),
            (ToolStatus::Quarantined, Some(QuarantineReason::DefinitionChanged))
        );
        assert_eq!(found.risk_override, Some(RiskLevel::Medium), "an override survives re-discovery");
    }
    let error = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!(error.code(), codes::TOOL_QUARANTINED);
    let incidents = house.admin::<ListIncidents>(json!({})).await.unwrap().items;
    assert!(incidents.iter().any(|incident| incident.cause == IncidentCause::PinBroken));
}

#[tokio::test]
async fn a_changed_url_quarantines_every_tool() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let body = json!({ "server_id": tool.server_id, "url": "https://mcp.example/elsewhere" });
    house.admin::<UpdateMcpServer>(body).await.unwrap();
    let named = json!({ "server_id": tool.server_id, "tool_id": tool.tool_id });
    let found = house.admin::<GetMcpTool>(named).await.unwrap();
    assert_eq!(found.quarantine_reason, Some(QuarantineReason::ServerUrlChanged));
    assert_eq!(house.client.forgotten().last(), Some(&(house.tenant.clone(), tool.server_id)));
}

#[tokio::test]
async fn three_failed_checks_take_a_server_offline_and_a_disabled_one_stays_disabled() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let server = json!({ "server_id": tool.server_id });
    let failure = McpFailure::new(codes::UPSTREAM_UNREACHABLE, "as scripted", false);
    let expected = [McpServerStatus::Degraded, McpServerStatus::Degraded, McpServerStatus::Offline];
    for status in expected {
        house.client.answer_health(Err(failure.clone()));
        assert_eq!(house.admin::<CheckMcpServerHealth>(server.clone()).await.unwrap().status, status);
    }
    house.admin::<DisableMcpServer>(server.clone()).await.unwrap();
    house.client.answer_health(Ok(McpHealth { protocol_version: "2026-07-28".to_owned() }));
    let checked = house.admin::<CheckMcpServerHealth>(server.clone()).await.unwrap();
    assert!(checked.is_healthy);
    assert_eq!(house.admin::<GetMcpServer>(server).await.unwrap().status, McpServerStatus::Disabled);
}

#[tokio::test]
async fn exchanges_leave_a_trail_and_fail_closed() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let story = house.story_of(tool.server_id.as_str()).await;
    let started = story.iter().position(|kind| kind == "mcp_exchange.started");
    let completed = story.iter().position(|kind| kind == "mcp_exchange.completed");
    assert!(started.is_some() && started < completed, "{story:?}");
    let before = house.client.exchanges().len();
    house.ledger.fail_record(true);
    let error = house.admin::<DiscoverMcpTools>(json!({ "server_id": tool.server_id })).await.unwrap_err();
    assert_eq!(error.code(), codes::AUDIT_UNAVAILABLE);
    assert_eq!(house.client.exchanges().len(), before);
}

#[tokio::test]
async fn a_name_or_url_is_free_again_after_deletion() {
    let house = House::open().await;
    let body = json!({ "name": "one", "url": "https://mcp.example/one", "auto_discover": false });
    let first = house.admin::<RegisterMcpServer>(body.clone()).await.unwrap().server;
    let error = house.admin::<RegisterMcpServer>(body.clone()).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (codes::ALREADY_EXISTS, Some("url")));
    house.admin::<DeleteMcpServer>(json!({ "server_id": first.server_id })).await.unwrap();
    assert!(house.admin::<RegisterMcpServer>(body).await.is_ok());
}

#[tokio::test]
async fn transports_that_are_not_offered_say_why() {
    let house = House::open().await;
    for transport in ["stdio", "sse", "websocket"] {
        let body = json!({ "name": "one", "url": "https://mcp.example/one", "transport": transport });
        let error = house.admin::<RegisterMcpServer>(body).await.unwrap_err();
        assert_eq!(error.code(), codes::TRANSPORT_UNSUPPORTED);
        assert!(error.public().len() > 20, "{error}");
    }
    let body = json!({ "name": "one", "url": "http://127.0.0.1/x" });
    assert_eq!(house.admin::<RegisterMcpServer>(body).await.unwrap_err().code(), codes::EGRESS_REFUSED);
}

#[tokio::test]
async fn a_pasted_line_break_in_a_secret_is_refused_when_it_is_stored() {
    let house = House::open().await;
    for secret in ["token\n", " token", "to\u{0}ken"] {
        let body = json!({ "name": "c", "credential_type": "bearer", "secret": secret });
        let error = house.admin::<StoreCredential>(body).await.unwrap_err();
        assert_eq!((error.code(), error.field()), (codes::INVALID_FIELD, Some("secret")));
        assert!(!error.to_string().contains("token"));
    }
}

#[tokio::test]
async fn freezing_what_is_not_there_is_said() {
    let house = House::open().await;
    for kind in ["server", "key"] {
        let prefix = if kind == "server" { "mcp" } else { "key" };
        let target = json!({ "kind": kind, "id": format!("{prefix}_01jd0000000000000000000000") });
        let error =
            house.admin::<ThrowKillSwitch>(json!({ "target": target, "reason": "drill" })).await.unwrap_err();
        assert_eq!(error.code(), codes::NOT_FOUND);
    }
}
