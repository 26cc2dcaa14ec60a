//! The kill switch in memory.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::controls::ports::KillSwitchStore;
use portcullis_schemas::controls::{Freeze, FreezeTarget};
use portcullis_schemas::ids::TenantId;

use super::paging::newest_first;
use super::rules::same_tenant;
use super::state::State;
use super::unit::MemoryUnit;

const LISTED_AT_MOST: usize = 1000;

#[async_trait]
impl KillSwitchStore for MemoryUnit {
    async fn freeze(&mut self, tenant: &TenantId, freeze: &Freeze) -> Result<(), PortError> {
        same_tenant(tenant, &freeze.tenant_id)?;
        let rows = self.configure(tenant)?;
        if rows.freeze_of(tenant, &freeze.target).is_none() {
            rows.freezes.push(freeze.clone());
        }
        Ok(())
    }

    async fn unfreeze(&mut self, tenant: &TenantId, target: &FreezeTarget) -> Result<bool, PortError> {
        let rows = self.configure(tenant)?;
        let (filter, before) = (rows.filter, rows.freezes.len());
        rows.freezes.retain(|row| row.target != *target || !filter.reaches(tenant, &row.tenant_id));
        Ok(rows.freezes.len() < before)
    }

    async fn list(&mut self, tenant: &TenantId) -> Result<Vec<Freeze>, PortError> {
        let rows = self.rows();
        let mut own: Vec<_> =
            rows.freezes.iter().filter(|row| rows.sees(tenant, &row.tenant_id)).cloned().collect();
        newest_first(&mut own, |row| row.frozen_at);
        own.truncate(LISTED_AT_MOST);
        Ok(own)
    }

    async fn first_frozen(
        &mut self,
        tenant: &TenantId,
        targets: &[FreezeTarget],
    ) -> Result<Option<Freeze>, PortError> {
        Ok(targets.iter().find_map(|target| self.rows().freeze_of(tenant, target)).cloned())
    }
}

impl State {
    /// The freeze of this target, if it is frozen.
    pub(crate) fn freeze_of(&self, tenant: &TenantId, target: &FreezeTarget) -> Option<&Freeze> {
        self.freezes.iter().find(|row| row.target == *target && self.sees(tenant, &row.tenant_id))
    }
}
