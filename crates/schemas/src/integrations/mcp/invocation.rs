//! The immutable record of one governed call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{ApprovalId, IncidentId, InvocationId, ServerId, TenantId, ToolId, ToolsetId};
use crate::integrations::flows::DataFlows;
use crate::integrations::mcp::input::{CallRound, InputKind};
use crate::integrations::mcp::tool::ItemKind;
use crate::integrations::toolsets::ExposedName;
use crate::json::RawJson;
use crate::principal::ActorType;
use crate::text::RunId;
use crate::timestamp::Timestamp;

string_enum!(
    /// What a governed call asks of its upstream: the method of MCP.
    CallMethod {
        /// Call a tool.
        CallTool = "tools/call",
        /// Get a prompt.
        GetPrompt = "prompts/get",
        /// Read a resource.
        ReadResource = "resources/read",
        /// Complete an argument of a prompt, or a variable of a resource template.
        Complete = "completion/complete",
    }
);

impl CallMethod {
    /// What items of a kind are there for.
    pub const fn of(kind: ItemKind) -> Self {
        match kind {
            ItemKind::Tool => Self::CallTool,
            ItemKind::Prompt => Self::GetPrompt,
            ItemKind::Resource | ItemKind::ResourceTemplate => Self::ReadResource,
        }
    }
}

impl Default for CallMethod {
    /// Of records that do not name one.
    fn default() -> Self {
        Self::CallTool
    }
}

string_enum!(
    /// How a call ended.
    InvocationOutcome {
        /// The tool answered without error.
        Success = "success",
        /// The tool or the upstream reported a failure.
        Failure = "failure",
        /// Refused before anything was sent.
        Blocked = "blocked",
        /// No answer in time; the upstream may have acted.
        Timeout = "timeout",
        /// The caller went away; the upstream may have acted.
        Cancelled = "cancelled",
        /// We were cut off between the intent and the outcome; the upstream may have acted.
        Unknown = "unknown",
    }
);

string_enum!(
    /// What the gate decided.
    PolicyDecision {
        /// Let through.
        Allowed = "allowed",
        /// Refused.
        Blocked = "blocked",
        /// Let through, and remarkable: risk is high or critical.
        Flagged = "flagged",
        /// Waits for an approval.
        Pending = "pending",
    }
);

/// The toolset by which an agent named the tool: which arguments were fixed, and what it was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CalledThrough {
    /// Toolset.
    pub toolset_id: ToolsetId,
    /// Its version at the time.
    pub toolset_version: u64,
    /// The tool's name in it.
    pub name: ExposedName,
}

/// Everything about a call that is known before it is made. Stored with the intent, so that a call that is cut off
/// can still be recorded whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InvocationFacts {
    /// Id.
    pub invocation_id: InvocationId,
    /// Server.
    pub server_id: ServerId,
    /// Tool.
    pub tool_id: ToolId,
    /// What was asked of the server.
    #[serde(default)]
    pub method: CallMethod,
    /// Tool's name on the server.
    pub tool_name: String,
    /// The pin under which the call was judged.
    pub pinned_hash: Option<String>,
    /// Risk at the time.
    pub risk_level: crate::integrations::mcp::tool::RiskLevel,
    /// The agent's run, if the caller named one.
    pub run_id: Option<RunId>,
    /// Step within the run.
    pub step_index: Option<u32>,
    /// The toolset, if the tool was named by one.
    #[serde(default)]
    pub through: Option<CalledThrough>,
    /// Name of the calling key.
    pub actor_id: String,
    /// Kind of actor.
    pub actor_type: ActorType,
    /// Request.
    pub request_id: String,
    /// Keyed hash of the arguments in canonical form, 64 hex digits.
    pub input_hash: String,
    /// Names and types of the arguments, values redacted.
    pub input_preview: Option<String>,
    /// Decision.
    pub policy_decision: PolicyDecision,
    /// Policies that determined it.
    pub policy_ids: Vec<String>,
    /// Version of the tenant's policy set.
    pub policy_version: u64,
    /// Reason for a refusal.
    pub policy_reason: Option<String>,
    /// The approval that it was made on, or that it waits for.
    #[serde(default)]
    pub approval_id: Option<ApprovalId>,
    /// What its run has touched, with this call, if the policies look at that.
    #[serde(default)]
    pub flows: Option<DataFlows>,
    /// The call that it goes on from, if it does.
    #[serde(default)]
    pub round: Option<CallRound>,
    /// Received.
    pub invoked_at: Timestamp,
}

string_enum!(
    /// Who vouches for a content.
    ContentTrust {
        /// Nobody. It comes from a server, or from whoever wrote what the server has read: data, never instructions.
        Untrusted = "untrusted",
    }
);

/// What was taken out of a result before the agent got it. All of it is zero or false in a result that was left alone,
/// and then this is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sanitised {
    /// Characters that change what a person sees without being seen, and control sequences.
    pub hidden_characters: u64,
    /// Links of a scheme, or to a place, that is not handed on.
    pub links: u64,
    /// Icons, which are addresses that a client might fetch.
    pub icons: u64,
    /// Members that another reader might take for members of the protocol, or that speak for the gate.
    pub members: u64,
    /// Whether the credential that the server was asked with was in it.
    pub credential: bool,
    /// Keyed hash of the result as it was received, 64 hex digits, but for the credential.
    pub received_hash: String,
}

/// One row of `mcp_tool_invocations`: inserted once, never changed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct McpToolInvocation {
    /// Owner.
    pub tenant_id: TenantId,
    /// What was known beforehand.
    #[serde(flatten)]
    pub facts: InvocationFacts,
    /// How it ended.
    pub outcome: InvocationOutcome,
    /// Keyed hash of the result's bytes, 64 hex digits, as the caller got them.
    pub output_hash: Option<String>,
    /// Bytes of the result.
    pub output_bytes: Option<u64>,
    /// What was taken out of the result.
    pub sanitised: Option<Sanitised>,
    /// What the server asks its caller for: its answer is a question, and a further call goes on from this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Vec<InputKind>>,
    /// Stable code of the failure.
    pub error_code: Option<String>,
    /// Our words for it; never upstream text.
    pub error_message: Option<String>,
    /// Milliseconds from receipt to outcome.
    pub duration_ms: u64,
    /// Dispatched upstream.
    pub started_at: Option<Timestamp>,
    /// Ended.
    pub completed_at: Timestamp,
    /// The incident that it opened or joined.
    pub incident_id: Option<IncidentId>,
}

/// What the caller of `invoke_tool` gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InvokeToolResult {
    /// Look it up later under this id.
    pub invocation_id: InvocationId,
    /// Server.
    pub server_id: ServerId,
    /// Tool.
    pub tool_id: ToolId,
    /// `success`, or `failure` when the tool itself reports an error in its result.
    pub status: InvocationOutcome,
    /// The MCP result (`CallToolResult`, `GetPromptResult`, ...), byte for byte as the server gave it, but for what
    /// `sanitised` counts.
    pub result: RawJson,
    /// Who vouches for the result.
    #[serde(default = "untrusted")]
    pub trust: ContentTrust,
    /// What was taken out of it; absent if nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sanitised: Option<Sanitised>,
    /// Set when the tool reports an error.
    pub error_code: Option<String>,
    /// Milliseconds from receipt to outcome.
    pub duration_ms: u64,
    /// Decision.
    pub policy_decision: PolicyDecision,
    /// Policies that determined it.
    pub policy_ids: Vec<String>,
    /// Version of the tenant's policy set.
    pub policy_version: u64,
}

/// Kept answers of before there was a label are no better.
fn untrusted() -> ContentTrust {
    ContentTrust::Untrusted
}
