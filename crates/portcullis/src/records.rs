//! What requests hold and answers are made of: the records of every domain, their states, and their values.

pub use portcullis_schemas::context::TraceContext;
pub use portcullis_schemas::json::RawJson;
pub use portcullis_schemas::timestamp::Timestamp;

// Tenants and keys.
pub use portcullis_schemas::api_keys::{ApiKey, ApiKeyStatus};
pub use portcullis_schemas::tenants::Tenant;

// MCP servers, their tools, and the calls.
pub use portcullis_schemas::integrations::mcp::invocation::{
    CallMethod, InvocationFacts, InvocationOutcome, InvokeToolResult, McpToolInvocation, PolicyDecision,
};
pub use portcullis_schemas::integrations::mcp::server::{
    McpAuthType, McpDiscoveryResult, McpHealthResult, McpServer, McpServerStatus, McpTransport, ProtocolPin,
    RefusedDefinition,
};
pub use portcullis_schemas::integrations::mcp::tool::{
    ItemKind, McpTool, QuarantineReason, RiskLevel, ToolAnnotations, ToolStatus,
};

// Credentials; their secrets go in and never out.
pub use portcullis_schemas::integrations::credentials::{
    CredentialGrant, CredentialMetadata, CredentialType,
};

// Approvals, flows and connections.
pub use portcullis_schemas::integrations::approvals::{
    ApprovalRule, ApprovalStatus, CallApproval, ShownApproval,
};
pub use portcullis_schemas::integrations::connections::{Connection, ConnectionWay};
pub use portcullis_schemas::integrations::flows::{DataFlows, FlowLevel};
pub use portcullis_schemas::integrations::mcp::oauth::{
    AccountGrant, ClientGrant, OwnSecretGrant, UpstreamOauth,
};

// Policies and the kill switch.
pub use portcullis_schemas::controls::{Freeze, FreezeTarget};
pub use portcullis_schemas::policies::{PolicyProblem, PolicyTemplate, ToolPolicyRecord};

// What happened.
pub use portcullis_schemas::incidents::{Incident, IncidentCause, IncidentSeverity, IncidentStatus};
pub use portcullis_schemas::logs::event::{AuditEvent, AuditEventType};
