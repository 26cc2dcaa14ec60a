//! Invocations in memory; the ledger writes them.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{InvocationId, TenantId};
use portcullis_schemas::integrations::mcp::invocation::McpToolInvocation;
use portcullis_schemas::integrations::mcp::ports::{InvocationFilter, McpInvocationStore};
use portcullis_schemas::paging::{Page, PageRequest};

use super::paging::{newest_first, page};
use super::rules::{same_tenant, taken};
use super::state::State;
use super::unit::MemoryUnit;

#[async_trait]
impl McpInvocationStore for MemoryUnit {
    async fn get(
        &mut self,
        tenant: &TenantId,
        id: &InvocationId,
    ) -> Result<Option<McpToolInvocation>, PortError> {
        let rows = self.rows();
        let mut own = rows.invocations.iter().filter(|row| rows.sees(tenant, &row.tenant_id));
        Ok(own.find(|row| row.facts.invocation_id == *id).map(|row| McpToolInvocation::clone(row)))
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        filter: &InvocationFilter,
        request: &PageRequest,
    ) -> Result<Page<McpToolInvocation>, PortError> {
        let rows = self.rows();
        let mut own: Vec<_> =
            rows.invocations.iter().filter(|row| rows.sees(tenant, &row.tenant_id)).collect();
        newest_first(&mut own, |row| (row.facts.invoked_at, row.facts.invocation_id.clone()));
        let found =
            page(own, request, |row| row.facts.invocation_id.to_string(), |row| matches(filter, row))?;
        Ok(found.map(|row| McpToolInvocation::clone(row)))
    }
}

impl State {
    /// Adds a row. There is no way to change one.
    pub(crate) fn insert_invocation(
        &mut self,
        tenant: &TenantId,
        row: McpToolInvocation,
    ) -> Result<(), PortError> {
        same_tenant(tenant, &row.tenant_id)?;
        if self.invocations.iter().any(|stored| stored.facts.invocation_id == row.facts.invocation_id) {
            return Err(taken("invocation id"));
        }
        self.invocations.push(Arc::new(row));
        Ok(())
    }
}

fn matches(filter: &InvocationFilter, row: &McpToolInvocation) -> bool {
    let of_run = |run| row.facts.run_id.as_ref() == Some(run);
    filter.server.as_ref().is_none_or(|server| row.facts.server_id == *server)
        && filter.run.as_ref().is_none_or(of_run)
        && filter.outcome.is_none_or(|outcome| row.outcome == outcome)
}
