//! The ports, for those who bring their own: each trait, and the types that only its methods name.
//!
//! [`Ports`](crate::Ports) holds one implementation of each of the first group; replace one by functional update.
//! An implementation of a store or a ledger should run the conformance suite of its port.

// What `Ports` holds.
pub use portcullis_schemas::egress::Egress;
pub use portcullis_schemas::integrations::credentials::ports::CredentialVault;
pub use portcullis_schemas::integrations::mcp::ports::McpClient;
pub use portcullis_schemas::logs::ports::{
    AnswerSeal, CheckpointSigner, CheckpointSink, DispatchAudit, Ledger, MCPAuditEmitterPort,
};
pub use portcullis_schemas::policies::ports::ToolPolicy;
pub use portcullis_schemas::runtime::{Clock, Entropy, IdSource, KeyedHash};
pub use portcullis_schemas::store::Store;
pub use portcullis_spine::CheckpointPorts;

// Standard implementations that an embedder's own may wrap.
pub use portcullis_spine::dispatch_audit::StandardDispatchAudit;

// What a store hands out.
pub use portcullis_schemas::api_keys::ports::ApiKeyStore;
pub use portcullis_schemas::controls::ports::KillSwitchStore;
pub use portcullis_schemas::incidents::ports::IncidentStore;
pub use portcullis_schemas::integrations::approvals::ports::ApprovalStore;
pub use portcullis_schemas::integrations::connections::ports::ConnectionStore;
pub use portcullis_schemas::integrations::credentials::ports::CredentialStore;
pub use portcullis_schemas::integrations::flows::ports::RunFlowStore;
pub use portcullis_schemas::integrations::mcp::ports::{
    InvocationFilter, McpInvocationStore, McpServerStore, McpToolStore, ToolFilter,
};
pub use portcullis_schemas::integrations::toolsets::ports::ToolsetStore;
pub use portcullis_schemas::logs::ports::{AuditLog, CheckpointStore, EventFilter};
pub use portcullis_schemas::policies::ports::ToolPolicyStore;
pub use portcullis_schemas::store::{IntegrationStores, UnitOfWork};
pub use portcullis_schemas::tenants::ports::TenantStore;

// Clock, ids and hashes.
pub use portcullis_schemas::runtime::{HashPurpose, Ulid};

// Credentials.
pub use portcullis_schemas::api_keys::StoredApiKey;
pub use portcullis_schemas::integrations::credentials::ports::{
    KeySource, ReferenceTarget, SealedSecretStore,
};
pub use portcullis_schemas::integrations::credentials::{CredentialAccess, SealedSecret};

// Approvals, connections and runs.
pub use portcullis_schemas::integrations::approvals::StoredApproval;
pub use portcullis_schemas::integrations::connections::StoredConnection;
pub use portcullis_schemas::integrations::flows::{FlowChange, RunFlows, RunKey};

// Policy.
pub use portcullis_schemas::policies::{PolicyOutcome, TenantPolicySet, ToolPolicyRequest};

// The trail.
pub use portcullis_schemas::incidents::NewIncident;
pub use portcullis_schemas::logs::checkpoint::{
    ChainCoverage, CheckpointSpan, KeptCheckpoint, StoredCheckpoint,
};
pub use portcullis_schemas::logs::event::{AuditEventDraft, EventActor};
pub use portcullis_schemas::logs::ledger::{
    AbandonedIntent, FailureFacts, IdempotencyClaim, Intent, IntentKind, IntentReceipt, IntentSubject,
    Recorded, Refusal, Repeated, SealedAnswer, Settlement,
};
pub use portcullis_schemas::logs::ports::{DispatchRecord, ToolEventContext};

// The way out.
pub use portcullis_schemas::egress::{
    EgressBody, EgressError, EgressLimits, EgressPurpose, EgressRequest, EgressResponse, EgressStage,
    HeaderValue, HttpMethod,
};
pub use portcullis_schemas::integrations::mcp::progress::ProgressSink;
pub use portcullis_schemas::integrations::mcp::wire::{
    AuthHeader, Conduct, Dispatch, ListedTool, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall,
    ToolReply,
};
