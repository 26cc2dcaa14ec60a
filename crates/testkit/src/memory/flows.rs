//! What runs have touched, in memory.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::flows::ports::RunFlowStore;
use portcullis_schemas::integrations::flows::{FlowChange, RunFlows, RunKey};
use portcullis_schemas::timestamp::Timestamp;

use super::state::State;
use super::unit::MemoryUnit;

#[async_trait]
impl RunFlowStore for MemoryUnit {
    async fn get(&mut self, tenant: &TenantId, run: &RunKey) -> Result<Option<RunFlows>, PortError> {
        let rows = self.rows();
        let mut own = rows.runs.iter().filter(|((owner, _), _)| rows.sees(tenant, owner));
        Ok(own.find(|((_, key), _)| key == run).map(|(_, flows)| *flows))
    }
}

impl State {
    /// Whether a run stands as a call was judged; for the ledger.
    pub(crate) fn stands(&self, tenant: &TenantId, change: &FlowChange) -> bool {
        let stored = self.runs.get(&(tenant.clone(), change.run.clone()));
        stored.map(|stored| stored.flows) == change.seen
    }

    /// Writes what a call makes of its run; for the ledger.
    pub(crate) fn touch(&mut self, tenant: &TenantId, change: &FlowChange, at: Timestamp) {
        let flows = RunFlows { flows: change.becomes, updated_at: at };
        self.runs.insert((tenant.clone(), change.run.clone()), flows);
    }
}
