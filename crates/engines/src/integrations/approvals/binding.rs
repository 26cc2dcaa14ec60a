//! What an approval is bound to.

use portcullis_schemas::integrations::approvals::ApprovalRule;
use portcullis_schemas::integrations::flows::{DataFlows, FlowLevel};
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::principal::Principal;

use crate::framed;

/// A call, as far as an approval of it goes. Another request, another toolset, or another run that has touched the same is
/// the same call.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// What is asked of the tool, prompt or resource.
    pub method: CallMethod,
    /// The tool with its pin.
    pub tool: &'a McpTool,
    /// Who must approve: a grant that one person was enough for does not do for a call that needs two.
    pub rule: ApprovalRule,
    /// Version of the tenant's policies.
    pub policy_version: u64,
    /// What its run will have touched with it, where a policy looks at that: who decides is shown it.
    pub flows: Option<DataFlows>,
    /// The arguments in canonical form (RFC 8785).
    pub arguments: &'a [u8],
}

/// The bytes whose keyed hash is the binding: every part with its length, so that no two calls share them.
#[must_use]
pub fn binding_bytes(bound: &Bound<'_>) -> Vec<u8> {
    let version = bound.policy_version.to_string();
    let flows = bound.flows.map(|flows| [flows.private_reads, flows.untrusted_reads, flows.egress]);
    let flows = flows.map(|levels| levels.map(FlowLevel::as_str).join(" ")).unwrap_or_default();
    let parts: [&[u8]; 10] = [
        bound.principal.key().as_str().as_bytes(),
        bound.principal.actor().as_bytes(),
        bound.method.as_str().as_bytes(),
        bound.tool.server_id.as_str().as_bytes(),
        bound.tool.tool_id.as_str().as_bytes(),
        bound.tool.pinned_hash.as_deref().unwrap_or_default().as_bytes(),
        bound.rule.as_str().as_bytes(),
        version.as_bytes(),
        flows.as_bytes(),
        bound.arguments,
    ];
    framed(&parts)
}
