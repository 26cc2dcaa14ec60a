//! The port of what runs have touched, within a unit of work. The ledger writes it, with the record of each call.

use async_trait::async_trait;

use super::{RunFlows, RunKey};
use crate::PortError;
use crate::ids::TenantId;

/// What a tenant's runs have touched. Runs of other tenants answer as absent ones.
#[async_trait]
pub trait RunFlowStore: Send {
    /// What a run has touched; none if nothing is stored of it.
    async fn get(&mut self, tenant: &TenantId, run: &RunKey) -> Result<Option<RunFlows>, PortError>;
}
