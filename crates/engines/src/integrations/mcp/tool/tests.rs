//! Approval, the switch and the classification.

use portcullis_schemas::integrations::mcp::tool::QuarantineReason;

use super::*;
use crate::integrations::mcp::samples::{World, event_types};

fn quarantined(world: &World) -> McpTool {
    McpTool {
        status: ToolStatus::Quarantined,
        quarantine_reason: Some(QuarantineReason::DefinitionChanged),
        pinned_hash: Some("0".repeat(64)),
        ..world.tool("echo")
    }
}

#[test]
fn approval_pins_what_was_looked_at() {
    let world = World::new();
    let tool = quarantined(&world);
    let hash = tool.definition_hash.clone();
    let change = McpToolEngine::approve(&world.stamp(3), tool, &hash).unwrap();
    assert_eq!(
        (change.tool.status, change.tool.pinned_hash.clone()),
        (ToolStatus::Approved, Some(hash.clone()))
    );
    assert_eq!((change.tool.quarantine_reason, change.tool.version), (None, 2));
    assert_eq!(
        (change.tool.approved_by.as_deref(), change.tool.approved_at),
        (Some("admin"), Some(world.stamp(3).now))
    );
    assert_eq!(event_types(&change.events), ["mcp_tool.approved"]);
    let again = McpToolEngine::approve(&world.stamp(4), change.tool, &hash).unwrap_err();
    assert_eq!(again.code(), codes::STATE_CONFLICT);
}

#[test]
fn approval_of_anything_but_the_live_definition_is_refused() {
    let world = World::new();
    let tool = quarantined(&world);
    let pin = tool.pinned_hash.clone().unwrap();
    let stale = McpToolEngine::approve(&world.stamp(3), tool.clone(), &pin).unwrap_err();
    assert_eq!((stale.code(), stale.field()), (codes::STATE_CONFLICT, Some("definition_hash")));
    let gone = McpTool { vanished_at: Some(world.stamp(2).now), ..tool };
    let hash = gone.definition_hash.clone();
    assert_eq!(
        McpToolEngine::approve(&world.stamp(3), gone, &hash).unwrap_err().code(),
        codes::STATE_CONFLICT
    );
}

#[test]
fn the_switch_turns_once_and_not_for_vanished_tools() {
    let world = World::new();
    assert!(McpToolEngine::enable(&world.stamp(1), world.tool("echo")).is_err());
    let off = McpToolEngine::disable(&world.stamp(1), world.tool("echo")).unwrap();
    assert!(!off.tool.enabled && McpToolEngine::disable(&world.stamp(1), off.tool.clone()).is_err());
    assert_eq!(event_types(&off.events), ["mcp_tool.disabled"]);
    let gone = McpTool { vanished_at: Some(world.stamp(2).now), ..off.tool.clone() };
    assert!(McpToolEngine::enable(&world.stamp(3), gone).is_err());
    let on = McpToolEngine::enable(&world.stamp(3), off.tool).unwrap();
    assert!(on.tool.enabled && event_types(&on.events) == ["mcp_tool.enabled"]);
}

#[test]
fn classification_is_kept_and_given_up() {
    let world = World::new();
    let low = McpToolEngine::set_risk(&world.stamp(1), world.tool("echo"), Some(RiskLevel::Low));
    assert_eq!(
        (low.tool.risk_level, low.tool.risk_inferred, low.tool.risk_known),
        (RiskLevel::Low, RiskLevel::High, false)
    );
    assert_eq!(low.events[0].facts["to"], "low");
    let back = McpToolEngine::set_risk(&world.stamp(2), low.tool, None);
    assert_eq!((back.tool.risk_level, back.tool.risk_override), (RiskLevel::High, None));
}
