//! The port of approvals, within a unit of work. They are asked for and used up by the ledger, with the record of the
//! call.

use async_trait::async_trait;

use super::{ApprovalStatus, CallApproval, StoredApproval};
use crate::PortError;
use crate::ids::{ApprovalId, KeyId, TenantId};
use crate::paging::{Page, PageRequest};
use crate::timestamp::Timestamp;

/// Approvals of a tenant, within a unit of work. Foreign ids and bindings answer as absent ones. No decision rests on
/// one until the ledger uses it, so none of this changes the version of the tenant's configuration.
#[async_trait]
pub trait ApprovalStore: Send {
    /// One approval, as stored.
    async fn get(&mut self, tenant: &TenantId, id: &ApprovalId) -> Result<Option<StoredApproval>, PortError>;

    /// The newest one of this binding, as stored.
    async fn newest(&mut self, tenant: &TenantId, binding: &str) -> Result<Option<CallApproval>, PortError>;

    /// A page, newest first, as they stand at `now`.
    async fn list(
        &mut self,
        tenant: &TenantId,
        status: Option<ApprovalStatus>,
        now: Timestamp,
        page: &PageRequest,
    ) -> Result<Page<CallApproval>, PortError>;

    /// How many of this key's approvals are pending at `now`.
    async fn pending_of(&mut self, tenant: &TenantId, key: &KeyId, now: Timestamp) -> Result<u64, PortError>;

    /// Writes who decided, when, why and how, over a pending one whose stored version is `approval.version - 1`; a denial
    /// also over a granted one. Nothing else changes.
    ///
    /// # Errors
    /// `Conflict` with code `state_conflict` when the stored version differs, or it stands otherwise.
    async fn decide(&mut self, tenant: &TenantId, approval: &CallApproval) -> Result<(), PortError>;
}
