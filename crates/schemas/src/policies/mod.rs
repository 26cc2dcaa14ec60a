//! Tool policies: Cedar texts of a tenant, and the port that decides by them. Nothing is permitted without one.

use schemars::JsonSchema;
use serde::Serialize;

use crate::ids::{PolicyId, TenantId};
use crate::integrations::approvals::ApprovalRule;
use crate::integrations::flows::DataFlows;
use crate::integrations::mcp::tool::{ItemKind, RiskLevel};
use crate::principal::ActorType;
use crate::text::{Description, Name, PolicyText};
use crate::timestamp::Timestamp;

pub mod operations;
pub mod ports;

/// One policy, current version.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ToolPolicyRecord {
    /// Id.
    pub policy_id: PolicyId,
    /// Owner.
    pub tenant_id: TenantId,
    /// Unique in the tenant.
    pub name: Name,
    /// What it is for.
    pub description: Option<Description>,
    /// One or more Cedar policies, valid against the schema when written.
    pub text: PolicyText,
    /// Counts writes of this policy, from 1. Every version is kept.
    pub version: u64,
    /// First written.
    pub created_at: Timestamp,
    /// Last written.
    pub updated_at: Timestamp,
    /// Name of the key that wrote this version.
    pub updated_by: String,
}

/// All policies of a tenant at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TenantPolicySet {
    /// Counts changes of the set; a decision carries it.
    pub version: u64,
    /// Policies, by id.
    pub policies: Vec<ToolPolicyRecord>,
}

/// A question to the policies.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolPolicyRequest {
    /// Id of the calling key.
    pub key_id: String,
    /// Its name.
    pub actor: String,
    /// Its kind.
    pub actor_type: ActorType,
    /// Server.
    pub server_id: String,
    /// Its name.
    pub server_name: String,
    /// Its labels.
    pub server_tags: Vec<String>,
    /// What is asked for. Who permits tools has not thereby permitted prompts and resources.
    pub kind: ItemKind,
    /// Tool.
    pub tool_id: String,
    /// Its name.
    pub tool_name: String,
    /// Its risk.
    pub risk: RiskLevel,
    /// Whether its server claims that it only reads.
    pub read_only: bool,
    /// The run, if named.
    pub run_id: Option<String>,
    /// The toolset that it comes through, by its name; none if the caller named the tool itself.
    pub toolset: Option<String>,
    /// What the run has touched, with this call.
    pub flows: DataFlows,
}

/// The answer of the policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyOutcome {
    /// Whether the call is permitted.
    pub permitted: bool,
    /// Whether a person must approve it besides: the strictest of what the permitting policies ask for.
    pub approval: ApprovalRule,
    /// The policies that determined it, as `pol_...#n` (n-th Cedar policy within the text); empty for default deny.
    pub policy_ids: Vec<String>,
    /// Version of the set.
    pub version: u64,
    /// For a denial: `no policy permits this call`, `forbidden by policy`, `policy error`.
    pub reason: Option<String>,
}

/// What is wrong with a policy text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyProblem {
    /// Line, from 1, if known.
    pub line: Option<u32>,
    /// What is wrong and what was expected.
    pub message: String,
}

/// A policy to start from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyTemplate {
    /// Name.
    pub name: &'static str,
    /// What it permits and forbids.
    pub description: &'static str,
    /// Cedar text, ready for `put_policy`.
    pub text: &'static str,
}
