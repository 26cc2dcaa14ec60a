//! Tool policies in memory. Old versions are not kept: no port reads them.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{PolicyId, TenantId};
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::policies::ports::ToolPolicyStore;
use portcullis_schemas::policies::{TenantPolicySet, ToolPolicyRecord};

use super::paging::{newest_first, page};
use super::rules::{same_tenant, stale, taken};
use super::state::{PolicyRow, State};
use super::unit::MemoryUnit;

#[async_trait]
impl ToolPolicyStore for MemoryUnit {
    async fn put(&mut self, tenant: &TenantId, policy: &ToolPolicyRecord) -> Result<(), PortError> {
        same_tenant(tenant, &policy.tenant_id)?;
        let rows = self.configure(tenant)?;
        let is_other =
            |row: &&PolicyRow| row.record.policy_id != policy.policy_id && row.record.name == policy.name;
        if rows.live_policies(tenant).any(|row| is_other(&row)) {
            return Err(taken("name"));
        }
        let stored = rows.live_policies(tenant).find(|row| row.record.policy_id == policy.policy_id);
        if stored.map_or(0, |row| row.record.version) + 1 != policy.version {
            return Err(stale("policy"));
        }
        rows.policies.retain(|row| row.record.policy_id != policy.policy_id);
        rows.policies.push(PolicyRow { record: policy.clone(), deleted: false });
        rows.raise_policy_version(tenant);
        Ok(())
    }

    async fn get(&mut self, tenant: &TenantId, id: &PolicyId) -> Result<Option<ToolPolicyRecord>, PortError> {
        let mut live = self.rows().live_policies(tenant);
        Ok(live.find(|row| row.record.policy_id == *id).map(|row| row.record.clone()))
    }

    async fn find_by_name(
        &mut self,
        tenant: &TenantId,
        name: &str,
    ) -> Result<Option<ToolPolicyRecord>, PortError> {
        let mut live = self.rows().live_policies(tenant);
        Ok(live.find(|row| row.record.name.as_str() == name).map(|row| row.record.clone()))
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        request: &PageRequest,
    ) -> Result<Page<ToolPolicyRecord>, PortError> {
        let rows = self.rows();
        let mut own: Vec<_> =
            rows.policies.iter().filter(|row| rows.sees(tenant, &row.record.tenant_id)).collect();
        newest_first(&mut own, |row| (row.record.created_at, row.record.policy_id.clone()));
        let found = page(own, request, |row| row.record.policy_id.to_string(), |row| !row.deleted)?;
        Ok(found.map(|row| row.record.clone()))
    }

    async fn delete(&mut self, tenant: &TenantId, id: &PolicyId) -> Result<(), PortError> {
        let rows = self.configure(tenant)?;
        let filter = rows.filter;
        let is_it = |row: &&mut PolicyRow| {
            row.record.policy_id == *id && !row.deleted && filter.reaches(tenant, &row.record.tenant_id)
        };
        rows.policies.iter_mut().find(is_it).ok_or_else(|| stale("policy"))?.deleted = true;
        rows.raise_policy_version(tenant);
        Ok(())
    }

    async fn current_set(&mut self, tenant: &TenantId) -> Result<TenantPolicySet, PortError> {
        let rows = self.rows();
        let mut policies: Vec<_> = rows.live_policies(tenant).map(|row| row.record.clone()).collect();
        policies.sort_by(|one, other| one.policy_id.cmp(&other.policy_id));
        Ok(TenantPolicySet { version: rows.policy_versions.get(tenant).copied().unwrap_or(0), policies })
    }
}

impl State {
    fn live_policies<'a>(&'a self, tenant: &'a TenantId) -> impl Iterator<Item = &'a PolicyRow> {
        self.policies.iter().filter(move |row| !row.deleted && self.sees(tenant, &row.record.tenant_id))
    }

    fn raise_policy_version(&mut self, tenant: &TenantId) {
        *self.policy_versions.entry(tenant.clone()).or_insert(0) += 1;
    }
}
