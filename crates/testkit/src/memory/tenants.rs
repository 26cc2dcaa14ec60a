//! Tenants in memory.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::tenants::ports::TenantStore;
use portcullis_schemas::tenants::{ConfigVersion, Tenant};

use super::paging::{newest_first, page};
use super::rules::{same_tenant, taken};
use super::unit::MemoryUnit;

#[async_trait]
impl TenantStore for MemoryUnit {
    async fn insert(&mut self, tenant: &TenantId, record: &Tenant) -> Result<(), PortError> {
        same_tenant(tenant, &record.tenant_id)?;
        let rows = self.change()?;
        if rows.tenants.iter().any(|row| row.name == record.name || row.tenant_id == record.tenant_id) {
            return Err(taken("name or id"));
        }
        rows.tenants.push(record.clone());
        Ok(())
    }

    async fn config_version(&mut self, tenant: &TenantId) -> Result<ConfigVersion, PortError> {
        Ok(ConfigVersion(self.rows().config_versions.get(tenant).copied().unwrap_or_default()))
    }

    async fn find(&mut self, id: &str) -> Result<Option<Tenant>, PortError> {
        Ok(self.rows().tenants.iter().find(|row| row.tenant_id.as_str() == id).cloned())
    }

    async fn list(&mut self, request: &PageRequest) -> Result<Page<Tenant>, PortError> {
        let mut rows = self.rows().tenants.clone();
        newest_first(&mut rows, |row| (row.created_at, row.tenant_id.clone()));
        page(rows, request, |row| row.tenant_id.to_string(), |_| true)
    }
}
