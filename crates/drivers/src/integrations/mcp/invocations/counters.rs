//! What calls add to their tools' counters.

use std::collections::BTreeMap;

use portcullis_schemas::ids::{TenantId, ToolId};
use portcullis_schemas::integrations::mcp::invocation::{InvocationOutcome, McpToolInvocation};

use crate::bulk::Script;

const COUNT: &str = "UPDATE mcp_tools SET invocation_count = invocation_count + $1, \
    failure_count = failure_count + $2, \
    last_invoked_at = CASE WHEN last_invoked_at < $3 OR last_invoked_at IS NULL THEN $3 ELSE last_invoked_at END \
    WHERE tenant_id = $4 AND tool_id = $5";

/// Counts calls by tool, so that a batch changes each tool's row once.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    tools: BTreeMap<(TenantId, ToolId), Counter>,
}

#[derive(Debug, Default)]
struct Counter {
    calls: i64,
    failures: i64,
    last_invoked_at: i64,
}

impl Counters {
    /// Counts a call that was let through.
    pub(crate) fn count(&mut self, tenant: &TenantId, invocation: &McpToolInvocation) {
        let facts = &invocation.facts;
        let counter = self.tools.entry((tenant.clone(), facts.tool_id.clone())).or_default();
        counter.calls += 1;
        counter.failures += i64::from(is_failure(invocation.outcome));
        counter.last_invoked_at = Ord::max(counter.last_invoked_at, facts.invoked_at.as_micros());
    }

    /// Adds the counts to the tools' rows. Their version stays: counters are not changes that people make.
    pub(crate) fn add_to(&self, script: &mut Script) {
        for ((tenant, tool), counter) in &self.tools {
            let values = [
                counter.calls.into(),
                counter.failures.into(),
                counter.last_invoked_at.into(),
                tenant.as_str().into(),
                tool.as_str().into(),
            ];
            script.add_text(COUNT, values, 1);
        }
    }
}

/// A caller that goes away is no failure of the tool.
fn is_failure(outcome: InvocationOutcome) -> bool {
    !matches!(outcome, InvocationOutcome::Success | InvocationOutcome::Blocked | InvocationOutcome::Cancelled)
}
