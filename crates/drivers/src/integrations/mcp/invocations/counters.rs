//! What calls add to their tools' counters.

use std::collections::BTreeMap;

use portcullis_schemas::ids::{TenantId, ToolId};
use portcullis_schemas::integrations::mcp::invocation::{InvocationOutcome, McpToolInvocation};
use sea_orm::ExprTrait;
use sea_orm::sea_query::{CaseStatement, Expr, Query};

use crate::bulk::Script;

const TABLE: &str = "mcp_tools";
const LAST_INVOKED_AT: &str = "last_invoked_at";

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
            let later = Expr::col(LAST_INVOKED_AT)
                .is_null()
                .or(Expr::col(LAST_INVOKED_AT).lt(counter.last_invoked_at));
            let last =
                CaseStatement::new().case(later, counter.last_invoked_at).finally(Expr::col(LAST_INVOKED_AT));
            let update = Query::update()
                .table(TABLE)
                .value("invocation_count", Expr::col("invocation_count").add(counter.calls))
                .value("failure_count", Expr::col("failure_count").add(counter.failures))
                .value(LAST_INVOKED_AT, last)
                .and_where(Expr::col("tenant_id").eq(tenant.as_str()))
                .and_where(Expr::col("tool_id").eq(tool.as_str()))
                .to_owned();
            script.add(&update, 1);
        }
    }
}

/// A caller that goes away is no failure of the tool.
fn is_failure(outcome: InvocationOutcome) -> bool {
    !matches!(outcome, InvocationOutcome::Success | InvocationOutcome::Blocked | InvocationOutcome::Cancelled)
}
