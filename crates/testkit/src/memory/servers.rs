//! MCP servers in memory.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::ports::McpServerStore;
use portcullis_schemas::integrations::mcp::server::{McpServer, McpServerStatus};
use portcullis_schemas::paging::{Page, PageRequest};

use super::paging::{newest_first, page};
use super::rules::{same_tenant, stale, taken};
use super::state::State;
use super::unit::MemoryUnit;

#[async_trait]
impl McpServerStore for MemoryUnit {
    async fn insert(&mut self, tenant: &TenantId, server: &McpServer) -> Result<(), PortError> {
        same_tenant(tenant, &server.tenant_id)?;
        let rows = self.configure(tenant)?;
        if rows.servers.iter().any(|row| row.server_id == server.server_id) || rows.collides(tenant, server) {
            return Err(taken("name or url"));
        }
        rows.servers.push(server.clone());
        Ok(())
    }

    async fn get(&mut self, tenant: &TenantId, id: &ServerId) -> Result<Option<McpServer>, PortError> {
        let rows = self.rows();
        let found = rows.servers.iter().find(|row| row.server_id == *id && rows.sees(tenant, &row.tenant_id));
        Ok(found.cloned())
    }

    async fn find_by_url(&mut self, tenant: &TenantId, url: &str) -> Result<Option<McpServer>, PortError> {
        let rows = self.rows();
        let mut live = rows.servers.iter().filter(|row| rows.sees(tenant, &row.tenant_id) && is_live(row));
        Ok(live.find(|row| row.url.as_str() == url).cloned())
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        states: &[McpServerStatus],
        request: &PageRequest,
    ) -> Result<Page<McpServer>, PortError> {
        let rows = self.rows();
        let mut own: Vec<_> =
            rows.servers.iter().filter(|row| rows.sees(tenant, &row.tenant_id)).cloned().collect();
        newest_first(&mut own, |row| (row.registered_at, row.server_id.clone()));
        page(own, request, |row| row.server_id.to_string(), |row| states.contains(&row.status))
    }

    async fn update(&mut self, tenant: &TenantId, server: &McpServer) -> Result<(), PortError> {
        same_tenant(tenant, &server.tenant_id)?;
        let rows = self.configure(tenant)?;
        if rows.collides(tenant, server) {
            return Err(taken("name or url"));
        }
        let filter = rows.filter;
        let is_it = |row: &&mut McpServer| {
            row.server_id == server.server_id && filter.reaches(tenant, &row.tenant_id)
        };
        match rows.servers.iter_mut().find(is_it) {
            Some(row) if row.version + 1 == server.version => {
                *row = server.clone();
                Ok(())
            }
            _ => Err(stale("server")),
        }
    }
}

impl State {
    /// Whether another live server of the tenant has this name or URL.
    fn collides(&self, tenant: &TenantId, server: &McpServer) -> bool {
        let same = |row: &McpServer| row.name == server.name || row.url == server.url;
        let other = |row: &&McpServer| row.server_id != server.server_id && self.sees(tenant, &row.tenant_id);
        is_live(server) && self.servers.iter().filter(other).any(|row| is_live(row) && same(row))
    }
}

fn is_live(server: &McpServer) -> bool {
    server.status != McpServerStatus::Deleted
}
