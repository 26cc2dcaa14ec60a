//! What an admin may do with a tool: approve its live definition, let it be called or not, classify it.

use portcullis_schemas::integrations::mcp::tool::{McpTool, RiskLevel, ToolStatus};
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_schemas::{Error, ErrorKind, codes};
use serde_json::{Value, json};

use super::events::EventStamp;
use super::risk::assess;
use super::server::about_tool;

#[cfg(test)]
mod tests;

/// The rules of tools. Every function takes the tool as stored and gives it as it is to be stored.
#[derive(Clone, Copy, Debug)]
pub struct McpToolEngine;

/// A changed tool (its `version` is raised) and its events, to be written in one transaction.
#[derive(Clone, Debug)]
pub struct ToolChange {
    /// The tool.
    pub tool: McpTool,
    /// Events, in order.
    pub events: Vec<AuditEventDraft>,
}

impl McpToolEngine {
    /// Makes the live definition the pin. `presented_hash` is what the admin has looked at.
    ///
    /// # Errors
    /// `state_conflict` when the live definition is another one by now, when the server no longer lists an admissible
    /// one, or when it is the pin already.
    pub fn approve(stamp: &EventStamp<'_>, tool: McpTool, presented_hash: &str) -> Result<ToolChange, Error> {
        refuse_vanished(&tool)?;
        if presented_hash != tool.definition_hash {
            let message =
                "this is not the live definition any more: read the tool again and look at what changed";
            return Err(conflict(message).with_field("definition_hash"));
        }
        if tool.status == ToolStatus::Approved {
            return Err(conflict("this definition is approved already"));
        }
        let facts = json!({
            "kind": tool.kind,
            "name": tool.name,
            "definition_hash": tool.definition_hash,
            "previous_pin": tool.pinned_hash,
            "reason": tool.quarantine_reason,
            "risk_level": tool.risk_level,
        });
        let approved = McpTool {
            pinned_hash: Some(tool.definition_hash.clone()),
            status: ToolStatus::Approved,
            quarantine_reason: None,
            approved_by: Some(stamp.actor.name.clone()),
            approved_at: Some(stamp.now),
            ..tool
        };
        Ok(changed(stamp, approved, AuditEventType::McpToolApproved, facts))
    }

    /// Lets a tool be called, as far as this switch goes.
    ///
    /// # Errors
    /// `state_conflict` when it is enabled, or when the server no longer lists it.
    pub fn enable(stamp: &EventStamp<'_>, tool: McpTool) -> Result<ToolChange, Error> {
        refuse_vanished(&tool)?;
        if tool.enabled {
            return Err(conflict("the tool is enabled already"));
        }
        let facts = json!({ "name": tool.name });
        Ok(changed(stamp, McpTool { enabled: true, ..tool }, AuditEventType::McpToolEnabled, facts))
    }

    /// Stops a tool from being called.
    ///
    /// # Errors
    /// `state_conflict` when it is disabled.
    pub fn disable(stamp: &EventStamp<'_>, tool: McpTool) -> Result<ToolChange, Error> {
        if !tool.enabled {
            return Err(conflict("the tool is disabled already"));
        }
        let facts = json!({ "name": tool.name });
        Ok(changed(stamp, McpTool { enabled: false, ..tool }, AuditEventType::McpToolDisabled, facts))
    }

    /// Classifies a tool, or takes the classification back. What is known of its name and hints still counts.
    #[must_use]
    pub fn set_risk(stamp: &EventStamp<'_>, tool: McpTool, classified: Option<RiskLevel>) -> ToolChange {
        let assessment = assess(tool.kind, &tool.name, tool.annotations, classified);
        let facts = json!({
            "name": tool.name,
            "classified": classified,
            "inferred": assessment.inferred,
            "from": tool.risk_level,
            "to": assessment.level,
        });
        let classified = McpTool {
            risk_override: classified,
            risk_inferred: assessment.inferred,
            risk_known: assessment.known,
            risk_level: assessment.level,
            ..tool
        };
        changed(stamp, classified, AuditEventType::McpToolRiskSet, facts)
    }
}

/// The stored definition of a vanished tool is not what the server would answer to a call.
fn refuse_vanished(tool: &McpTool) -> Result<(), Error> {
    match tool.vanished_at {
        None => Ok(()),
        Some(_) => Err(conflict(
            "the server lists no admissible definition of this tool any more: discover it again",
        )),
    }
}

fn changed(stamp: &EventStamp<'_>, mut tool: McpTool, event: AuditEventType, facts: Value) -> ToolChange {
    tool.updated_at = stamp.now;
    tool.version += 1;
    let events = vec![stamp.draft(event, about_tool(&tool.server_id, &tool.tool_id), facts)];
    ToolChange { tool, events }
}

fn conflict(message: &str) -> Error {
    Error::new(ErrorKind::Conflict, codes::STATE_CONFLICT, message)
}
