//! Toolsets in memory.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{TenantId, ToolsetId};
use portcullis_schemas::integrations::toolsets::ports::ToolsetStore;
use portcullis_schemas::integrations::toolsets::{Toolset, ToolsetName};
use portcullis_schemas::paging::{Page, PageRequest};

use super::paging::{newest_first, page};
use super::rules::{same_tenant, stale, taken};
use super::unit::MemoryUnit;

#[async_trait]
impl ToolsetStore for MemoryUnit {
    async fn insert(&mut self, tenant: &TenantId, toolset: &Toolset) -> Result<(), PortError> {
        same_tenant(tenant, &toolset.tenant_id)?;
        let rows = self.configure(tenant)?;
        let collides = |row: &Toolset| {
            rows.sees(tenant, &row.tenant_id)
                && (row.toolset_id == toolset.toolset_id || row.name == toolset.name)
        };
        if rows.toolsets.iter().any(collides) {
            return Err(taken("name or id"));
        }
        rows.toolsets.push(toolset.clone());
        Ok(())
    }

    async fn get(&mut self, tenant: &TenantId, id: &ToolsetId) -> Result<Option<Toolset>, PortError> {
        let rows = self.rows();
        let mut own = rows.toolsets.iter().filter(|row| rows.sees(tenant, &row.tenant_id));
        Ok(own.find(|row| row.toolset_id == *id).cloned())
    }

    async fn find(&mut self, tenant: &TenantId, name: &ToolsetName) -> Result<Option<Toolset>, PortError> {
        let rows = self.rows();
        let mut own = rows.toolsets.iter().filter(|row| rows.sees(tenant, &row.tenant_id));
        Ok(own.find(|row| row.name == *name).cloned())
    }

    async fn list(&mut self, tenant: &TenantId, request: &PageRequest) -> Result<Page<Toolset>, PortError> {
        let rows = self.rows();
        let mut own: Vec<_> =
            rows.toolsets.iter().filter(|row| rows.sees(tenant, &row.tenant_id)).cloned().collect();
        newest_first(&mut own, |row| (row.created_at, row.toolset_id.clone()));
        page(own, request, |row| row.toolset_id.to_string(), |_| true)
    }

    async fn update(&mut self, tenant: &TenantId, toolset: &Toolset) -> Result<(), PortError> {
        same_tenant(tenant, &toolset.tenant_id)?;
        let rows = self.configure(tenant)?;
        let filter = rows.filter;
        let is_it = |row: &&mut Toolset| {
            row.toolset_id == toolset.toolset_id && filter.reaches(tenant, &row.tenant_id)
        };
        match rows.toolsets.iter_mut().find(is_it) {
            Some(row) if row.version + 1 == toolset.version => {
                *row = Toolset { name: row.name.clone(), ..toolset.clone() };
                Ok(())
            }
            _ => Err(stale("toolset")),
        }
    }

    async fn delete(&mut self, tenant: &TenantId, id: &ToolsetId) -> Result<(), PortError> {
        let rows = self.configure(tenant)?;
        let filter = rows.filter;
        rows.toolsets.retain(|row| row.toolset_id != *id || !filter.reaches(tenant, &row.tenant_id));
        Ok(())
    }
}
