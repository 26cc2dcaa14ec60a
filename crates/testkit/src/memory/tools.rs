//! MCP tools in memory.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{ServerId, TenantId, ToolId};
use portcullis_schemas::integrations::mcp::invocation::{InvocationOutcome, McpToolInvocation};
use portcullis_schemas::integrations::mcp::ports::{McpToolStore, ToolFilter};
use portcullis_schemas::integrations::mcp::tool::{ItemKind, McpTool};
use portcullis_schemas::paging::{Page, PageRequest};

use super::paging::page;
use super::rules::{same_tenant, taken};
use super::state::State;
use super::unit::MemoryUnit;

#[async_trait]
impl McpToolStore for MemoryUnit {
    async fn upsert(&mut self, tenant: &TenantId, tools: &[McpTool]) -> Result<(), PortError> {
        for tool in tools {
            same_tenant(tenant, &tool.tenant_id)?;
        }
        let rows = self.configure(tenant)?;
        tools.iter().try_for_each(|tool| rows.upsert_tool(tenant, tool))
    }

    async fn get(
        &mut self,
        tenant: &TenantId,
        server: &ServerId,
        id: &ToolId,
    ) -> Result<Option<McpTool>, PortError> {
        let rows = self.rows();
        let mut own = rows.tools.iter().filter(|row| rows.sees(tenant, &row.tenant_id));
        Ok(own.find(|row| row.tool_id == *id && row.server_id == *server).cloned())
    }

    async fn all_of(&mut self, tenant: &TenantId, server: &ServerId) -> Result<Vec<McpTool>, PortError> {
        Ok(self.rows().tools_of(tenant, server))
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        server: &ServerId,
        filter: &ToolFilter,
        request: &PageRequest,
    ) -> Result<Page<McpTool>, PortError> {
        let rows = self.rows().tools_of(tenant, server);
        let wanted = |row: &McpTool| {
            filter.kind.is_none_or(|kind| row.kind == kind)
                && filter.status.is_none_or(|status| row.status == status)
        };
        page(rows, request, |row| format!("{}\n{}", row.name, row.kind), wanted)
    }
}

impl State {
    fn tools_of(&self, tenant: &TenantId, server: &ServerId) -> Vec<McpTool> {
        let own = |row: &&McpTool| row.server_id == *server && self.sees(tenant, &row.tenant_id);
        let mut tools: Vec<_> = self.tools.iter().filter(own).cloned().collect();
        tools.sort_by(|one, other| (&one.name, one.kind.as_str()).cmp(&(&other.name, other.kind.as_str())));
        tools
    }

    fn upsert_tool(&mut self, tenant: &TenantId, tool: &McpTool) -> Result<(), PortError> {
        let filter = self.filter;
        let here = |row: &McpTool| {
            row.server_id == tool.server_id && row.kind == tool.kind && filter.reaches(tenant, &row.tenant_id)
        };
        if let Some(row) = self.tools.iter_mut().find(|row| here(row) && row.name == tool.name) {
            *row = McpTool {
                tool_id: row.tool_id.clone(),
                invocation_count: row.invocation_count,
                failure_count: row.failure_count,
                last_invoked_at: row.last_invoked_at,
                ..tool.clone()
            };
            return Ok(());
        }
        let is_name = matches!(tool.kind, ItemKind::Tool | ItemKind::Prompt);
        if is_name && self.tools.iter().any(|row| here(row) && row.name.eq_ignore_ascii_case(&tool.name)) {
            return Err(taken("a tool name that differs in case only"));
        }
        self.tools.push(tool.clone());
        Ok(())
    }

    /// Raises the counters of the tool that was called.
    pub(crate) fn count_call(&mut self, tenant: &TenantId, call: &McpToolInvocation) {
        use InvocationOutcome::{Failure, Timeout, Unknown};
        let called = |row: &&mut McpTool| row.tool_id == call.facts.tool_id && row.tenant_id == *tenant;
        if let Some(tool) = self.tools.iter_mut().find(called) {
            tool.invocation_count += 1;
            tool.failure_count += u64::from(matches!(call.outcome, Failure | Timeout | Unknown));
            tool.last_invoked_at = Some(call.started_at.unwrap_or(call.facts.invoked_at));
        }
    }
}
