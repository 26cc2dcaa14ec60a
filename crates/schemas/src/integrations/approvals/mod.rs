//! Approvals of single calls: a person sees what an agent is about to do, and lets it happen once.
//!
//! An approval is bound to who asks, the tool, its pinned definition, the exact arguments and the version of the tenant's
//! policies. Whatever of these changes, it is worth nothing. One that nobody has decided on in time counts as denied.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::ids::{ApprovalId, IntentId, InvocationId, KeyId, ServerId, TenantId, ToolId};
use crate::integrations::flows::DataFlows;
use crate::integrations::mcp::invocation::CalledThrough;
use crate::integrations::mcp::tool::RiskLevel;
use crate::logs::ledger::SealedAnswer;
use crate::principal::ActorType;
use crate::text::RunId;
use crate::timestamp::Timestamp;

pub mod operations;
pub mod ports;

string_enum!(
    /// Who must approve a call. Ordered: the strictest of tool and policies counts.
    ApprovalRule {
        /// Nobody.
        None = "none",
        /// Somebody with authority.
        Required = "required",
        /// Somebody with authority who is not the one that asks, by key and by name.
        FourEyes = "four_eyes",
    }
);

string_enum!(
    /// How an approval stands.
    ApprovalStatus {
        /// Nobody has decided.
        Pending = "pending",
        /// Granted; the call has not been made yet.
        Granted = "granted",
        /// Refused.
        Denied = "denied",
        /// The call that it was granted for was made.
        Used = "used",
        /// Its time is over: nobody has decided, or the call was not made.
        Expired = "expired",
    }
);

/// An approval as its tenant's admins see it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CallApproval {
    /// Id.
    pub approval_id: ApprovalId,
    /// Owner.
    pub tenant_id: TenantId,
    /// How it stands.
    pub status: ApprovalStatus,
    /// Who must approve.
    pub rule: ApprovalRule,
    /// The key that asks.
    pub requested_by: KeyId,
    /// Its name.
    pub actor_id: String,
    /// Its kind.
    pub actor_type: ActorType,
    /// Server.
    pub server_id: ServerId,
    /// Tool.
    pub tool_id: ToolId,
    /// Tool's name on the server.
    pub tool_name: String,
    /// The definition that is approved for this call: the tool's pin.
    pub pinned_hash: Option<String>,
    /// Risk when it was asked for.
    pub risk_level: RiskLevel,
    /// Version of the tenant's policies.
    pub policy_version: u64,
    /// Policies that permit the call.
    pub policy_ids: Vec<String>,
    /// The toolset, if the tool was named by one.
    pub through: Option<CalledThrough>,
    /// The agent's run.
    pub run_id: Option<RunId>,
    /// What the run will have touched with this call; absent if no policy looked at it when this was asked for.
    pub flows: Option<DataFlows>,
    /// Keyed hash of the arguments, as in the invocations.
    pub input_hash: String,
    /// The call that asked; it ended as `blocked`.
    pub invocation_id: InvocationId,
    /// When.
    pub requested_at: Timestamp,
    /// From then on it counts as denied, or as unused.
    pub expires_at: Timestamp,
    /// Name of the key that decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
    /// The intent of the call that was made on it.
    pub used_by: Option<IntentId>,
    /// Counts changes.
    pub version: u64,
}

impl CallApproval {
    /// As it stands at this time: what is over is over without anybody writing it.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let runs_out = matches!(self.status, ApprovalStatus::Pending | ApprovalStatus::Granted);
        let status = if runs_out && self.expires_at <= now { ApprovalStatus::Expired } else { self.status };
        Self { status, ..self }
    }
}

/// An approval with what it is about.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ShownApproval {
    /// The approval.
    #[serde(flatten)]
    pub approval: CallApproval,
    /// The arguments as they would go upstream, but for values that the tool's schema marks as secret.
    pub arguments: Value,
}

/// An approval as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredApproval {
    /// The approval. Its status is never `expired`.
    pub approval: CallApproval,
    /// Keyed hash of all that it is bound to, 64 hex digits.
    pub binding: String,
    /// What is shown of the arguments, sealed.
    pub arguments: SealedAnswer,
}
