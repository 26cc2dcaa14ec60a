//! Approvals in memory.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{ApprovalId, IntentId, KeyId, TenantId};
use portcullis_schemas::integrations::approvals::ports::ApprovalStore;
use portcullis_schemas::integrations::approvals::{ApprovalStatus, CallApproval, StoredApproval};
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::timestamp::Timestamp;

use super::paging::{newest_first, page};
use super::rules::{same_tenant, stale, taken};
use super::state::State;
use super::unit::MemoryUnit;

#[async_trait]
impl ApprovalStore for MemoryUnit {
    async fn get(&mut self, tenant: &TenantId, id: &ApprovalId) -> Result<Option<StoredApproval>, PortError> {
        Ok(self.rows().own_approvals(tenant).find(|row| row.approval.approval_id == *id).cloned())
    }

    async fn newest(&mut self, tenant: &TenantId, binding: &str) -> Result<Option<CallApproval>, PortError> {
        let bound = self.rows().own_approvals(tenant).filter(|row| row.binding == binding);
        let newest = bound.max_by(|one, other| one.approval.approval_id.cmp(&other.approval.approval_id));
        Ok(newest.map(|row| row.approval.clone()))
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        status: Option<ApprovalStatus>,
        now: Timestamp,
        request: &PageRequest,
    ) -> Result<Page<CallApproval>, PortError> {
        let own = self.rows().own_approvals(tenant).map(|row| row.approval.clone().at(now));
        let mut own: Vec<_> = own.collect();
        newest_first(&mut own, |row| row.approval_id.clone());
        let wanted = |row: &CallApproval| status.is_none_or(|status| row.status == status);
        page(own, request, |row| row.approval_id.to_string(), wanted)
    }

    async fn pending_of(&mut self, tenant: &TenantId, key: &KeyId, now: Timestamp) -> Result<u64, PortError> {
        let own = self.rows().own_approvals(tenant).map(|row| row.approval.clone().at(now));
        let waits = |row: &CallApproval| row.requested_by == *key && row.status == ApprovalStatus::Pending;
        Ok(own.filter(waits).count() as u64)
    }

    async fn decide(&mut self, tenant: &TenantId, approval: &CallApproval) -> Result<(), PortError> {
        same_tenant(tenant, &approval.tenant_id)?;
        let rows = self.change()?;
        let filter = rows.filter;
        let is_it = |row: &&mut StoredApproval| {
            row.approval.approval_id == approval.approval_id
                && filter.reaches(tenant, &row.approval.tenant_id)
        };
        let found = rows.approvals.iter_mut().find(is_it).map(|row| &mut row.approval);
        let may_be = |status| match approval.status {
            ApprovalStatus::Denied => matches!(status, ApprovalStatus::Pending | ApprovalStatus::Granted),
            _ => status == ApprovalStatus::Pending,
        };
        let found = found.filter(|row| may_be(row.status) && row.version + 1 == approval.version);
        let row = found.ok_or_else(|| stale("approval"))?;
        row.status = approval.status;
        row.decided_by.clone_from(&approval.decided_by);
        row.decided_at = approval.decided_at;
        row.reason.clone_from(&approval.reason);
        row.version = approval.version;
        Ok(())
    }
}

impl State {
    fn own_approvals(&self, tenant: &TenantId) -> impl Iterator<Item = &StoredApproval> {
        self.approvals.iter().filter(move |row| self.sees(tenant, &row.approval.tenant_id))
    }

    /// Adds one, for the ledger.
    pub(crate) fn ask_approval(
        &mut self,
        tenant: &TenantId,
        asked: &StoredApproval,
    ) -> Result<(), PortError> {
        same_tenant(tenant, &asked.approval.tenant_id)?;
        if self.own_approvals(tenant).any(|row| row.approval.approval_id == asked.approval.approval_id) {
            return Err(taken("approval id"));
        }
        self.approvals.push(asked.clone());
        Ok(())
    }

    /// Uses a granted one up, for the ledger; false if there is none that can be used now.
    pub(crate) fn use_approval(
        &mut self,
        tenant: &TenantId,
        id: &ApprovalId,
        intent: &IntentId,
        now: Timestamp,
    ) -> bool {
        let found = self.approvals.iter_mut().map(|row| &mut row.approval).find(|row| {
            row.approval_id == *id
                && row.tenant_id == *tenant
                && row.status == ApprovalStatus::Granted
                && row.expires_at > now
        });
        let Some(row) = found else { return false };
        row.status = ApprovalStatus::Used;
        row.used_by = Some(intent.clone());
        row.version += 1;
        true
    }

    /// Granted again, if that intent used it.
    pub(crate) fn give_back_approval(&mut self, tenant: &TenantId, id: &ApprovalId, intent: &IntentId) {
        let used = self.approvals.iter_mut().map(|row| &mut row.approval).find(|row| {
            row.approval_id == *id && row.tenant_id == *tenant && row.used_by.as_ref() == Some(intent)
        });
        if let Some(row) = used {
            row.status = ApprovalStatus::Granted;
            row.used_by = None;
            row.version += 1;
        }
    }
}
