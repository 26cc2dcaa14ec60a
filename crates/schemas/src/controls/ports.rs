//! Ports of the kill switch.

use async_trait::async_trait;

use super::{Freeze, FreezeTarget};
use crate::PortError;
use crate::ids::TenantId;

/// The kill switch of a tenant, within a unit of work. The ledger looks at the same rows again before it records.
#[async_trait]
pub trait KillSwitchStore: Send {
    /// Freezes; doing it twice keeps the first reason.
    async fn freeze(&mut self, tenant: &TenantId, freeze: &Freeze) -> Result<(), PortError>;

    /// Releases; `false` when it was not frozen.
    async fn unfreeze(&mut self, tenant: &TenantId, target: &FreezeTarget) -> Result<bool, PortError>;

    /// Everything frozen, newest first, at most 1000.
    async fn list(&mut self, tenant: &TenantId) -> Result<Vec<Freeze>, PortError>;

    /// The first of these that is frozen, in the order given.
    async fn first_frozen(
        &mut self,
        tenant: &TenantId,
        targets: &[FreezeTarget],
    ) -> Result<Option<Freeze>, PortError>;
}
