//! Events of the trail. Their shapes are contracts: an auditor reads them years later.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::ids::{EventId, TenantId};
use crate::timestamp::Timestamp;

string_enum!(
    /// What happened.
    AuditEventType {
        /// A tool call was asked for.
        ToolInvocationRequested = "tool_invocation.requested",
        /// It was let through; the intent is durable with this event.
        ToolInvocationAllowed = "tool_invocation.allowed",
        /// It was refused.
        ToolInvocationDenied = "tool_invocation.denied",
        /// The upstream answered.
        ToolInvocationCompleted = "tool_invocation.completed",
        /// It failed.
        ToolInvocationFailed = "tool_invocation.failed",
        /// It was cut off; whether the upstream acted is not known.
        ToolInvocationUnknown = "tool_invocation.unknown",
        /// A discovery of tools or of authorization, a registration of the gate, or a health check is about to be made.
        McpExchangeStarted = "mcp_exchange.started",
        /// It ended well.
        McpExchangeCompleted = "mcp_exchange.completed",
        /// It failed.
        McpExchangeFailed = "mcp_exchange.failed",
        /// It was cut off.
        McpExchangeUnknown = "mcp_exchange.unknown",
        /// A server was registered.
        McpServerRegistered = "mcp_server.registered",
        /// A server was changed.
        McpServerUpdated = "mcp_server.updated",
        /// A server was enabled.
        McpServerEnabled = "mcp_server.enabled",
        /// A server was disabled.
        McpServerDisabled = "mcp_server.disabled",
        /// A server was deleted softly.
        McpServerDeleted = "mcp_server.deleted",
        /// A server went from one state of health to another.
        McpServerHealthChanged = "mcp_server.health_changed",
        /// A tool was seen, changed, vanished or refused.
        McpToolsDiscovered = "mcp_tools.discovered",
        /// A tool was quarantined.
        McpToolQuarantined = "mcp_tool.quarantined",
        /// A tool's live definition was approved.
        McpToolApproved = "mcp_tool.approved",
        /// A tool was enabled.
        McpToolEnabled = "mcp_tool.enabled",
        /// A tool was disabled.
        McpToolDisabled = "mcp_tool.disabled",
        /// A tool was classified.
        McpToolRiskSet = "mcp_tool.risk_set",
        /// It was said who must approve calls of a tool.
        McpToolApprovalSet = "mcp_tool.approval_set",
        /// It was said what a tool may do with data.
        McpToolFlowsSet = "mcp_tool.flows_set",
        /// A call waits for a person.
        ApprovalRequested = "approval.requested",
        /// A person lets it be made, once.
        ApprovalGranted = "approval.granted",
        /// A person refuses it.
        ApprovalDenied = "approval.denied",
        /// A toolset was created.
        ToolsetCreated = "toolset.created",
        /// A toolset was changed.
        ToolsetUpdated = "toolset.updated",
        /// A toolset was deleted.
        ToolsetDeleted = "toolset.deleted",
        /// A credential was stored.
        CredentialStored = "credential.stored",
        /// An `encrypted://` reference was made.
        CredentialEncrypted = "credential.encrypted",
        /// A credential was rotated.
        CredentialRotated = "credential.rotated",
        /// A credential's grants were replaced.
        CredentialGrantsSet = "credential.grants_set",
        /// A credential was deleted.
        CredentialDeleted = "credential.deleted",
        /// A credential is about to be opened; recorded with the intent.
        CredentialAccessed = "credential.accessed",
        /// A key has begun to connect an account at an MCP server.
        ConnectionBegun = "connection.begun",
        /// An attempt to connect an account ended: the browser came back without a code, or as no answer of that server may.
        ConnectionRefused = "connection.refused",
        /// An account was connected.
        ConnectionMade = "connection.made",
        /// A connection was removed, and its tokens destroyed.
        ConnectionRemoved = "connection.removed",
        /// A policy was written.
        PolicyPut = "policy.put",
        /// A policy was deleted.
        PolicyDeleted = "policy.deleted",
        /// The kill switch was thrown.
        KillSwitchFrozen = "kill_switch.frozen",
        /// It was released.
        KillSwitchUnfrozen = "kill_switch.unfrozen",
        /// An incident was opened.
        IncidentOpened = "incident.opened",
        /// An incident was acknowledged.
        IncidentAcknowledged = "incident.acknowledged",
        /// An incident was resolved.
        IncidentResolved = "incident.resolved",
        /// A key was created.
        ApiKeyCreated = "api_key.created",
        /// A key was frozen.
        ApiKeyFrozen = "api_key.frozen",
        /// A key was unfrozen.
        ApiKeyUnfrozen = "api_key.unfrozen",
        /// A key was revoked.
        ApiKeyRevoked = "api_key.revoked",
        /// A tenant was created.
        TenantCreated = "tenant.created",
        /// An operation was refused or broke before it could record anything itself.
        OperationRefused = "operation.refused",
    }
);

/// Who caused an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EventActor {
    /// Name of the key, or `portcullis` for the system itself.
    pub name: String,
    /// Id of the key; absent for the system.
    pub key_id: Option<crate::ids::KeyId>,
    /// Kind.
    pub actor_type: crate::principal::ActorType,
}

/// An event before it has its place in the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEventDraft {
    /// Id.
    pub event_id: EventId,
    /// What happened.
    pub event_type: AuditEventType,
    /// When, by the wall clock of the instance. The order of the chain does not depend on it.
    pub occurred_at: Timestamp,
    /// Who.
    pub actor: EventActor,
    /// Request, if one caused it.
    pub request_id: Option<String>,
    /// What it is about: `invocation_id`, `server_id`, ... by their names, sorted.
    pub subject: Vec<(&'static str, String)>,
    /// Facts of this kind of event: ids, codes, counts, keyed hashes. No secret, no argument or result value.
    pub facts: Map<String, Value>,
}

/// An event with its place in its tenant's chain.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AuditEvent {
    /// Owner of the chain.
    pub tenant_id: TenantId,
    /// From 1, without gaps.
    pub sequence: u64,
    /// Id.
    pub event_id: EventId,
    /// What happened.
    pub event_type: AuditEventType,
    /// When.
    pub occurred_at: Timestamp,
    /// Who.
    pub actor: EventActor,
    /// Request.
    pub request_id: Option<String>,
    /// What it is about.
    pub subject: Map<String, Value>,
    /// Facts.
    pub facts: Map<String, Value>,
    /// Hash of the event before it; 64 zeros for the first.
    pub previous_hash: String,
    /// SHA-256 over the canonical form (RFC 8785) of all other fields, 64 hex digits.
    pub hash: String,
}
