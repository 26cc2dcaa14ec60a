//! The operations `policies.tool_policies.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PolicyProblem, PolicyTemplate, ToolPolicyRecord};
use crate::ids::PolicyId;
use crate::operation::operations;
use crate::paging::{Cursor, Page, PageLimit};
use crate::text::{Description, Name, PolicyText};

operations! {
    PutToolPolicy => ToolPolicyRecord, "policies.tool_policies.put_policy", Admin, Write,
        "Write a policy under a name: a new one, or the next version";
    GetToolPolicy => ToolPolicyRecord, "policies.tool_policies.get_policy", Read, Read, "Read one policy";
    ListToolPolicies => Page<ToolPolicyRecord>, "policies.tool_policies.list_policies", Read, Read, "List policies, newest first";
    DeleteToolPolicy => ToolPolicyRecord, "policies.tool_policies.delete_policy", Admin, Write,
        "Delete a policy; what it permitted is refused from now on";
    ValidateToolPolicy => PolicyValidation, "policies.tool_policies.validate_policy", Read, Read,
        "Check a policy text against the schema without writing it";
    ListPolicyTemplates => PolicyTemplates, "policies.tool_policies.list_templates", Read, Read,
        "List policies to start from";
}

/// Writes a policy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutToolPolicy {
    /// Name; an existing one gets a new version.
    pub name: Name,
    /// What it is for.
    pub description: Option<Description>,
    /// Cedar text.
    pub text: PolicyText,
    /// The version that you have read; the write is refused if the policy has moved on.
    pub expected_version: Option<u64>,
}

/// Reads a policy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetToolPolicy {
    /// Policy.
    pub policy_id: PolicyId,
}

/// Lists policies.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListToolPolicies {
    /// Page size.
    pub limit: Option<PageLimit>,
    /// Page start.
    pub cursor: Option<Cursor>,
}

/// Deletes a policy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteToolPolicy {
    /// Policy.
    pub policy_id: PolicyId,
}

/// Checks a text.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidateToolPolicy {
    /// Cedar text.
    pub text: PolicyText,
}

/// What the check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyValidation {
    /// Whether it can be written.
    pub valid: bool,
    /// What is wrong.
    pub problems: Vec<PolicyProblem>,
}

/// Lists templates.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPolicyTemplates {}

/// Templates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PolicyTemplates {
    /// Templates.
    pub items: Vec<PolicyTemplate>,
}
