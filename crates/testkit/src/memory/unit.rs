//! A unit of work: a copy of the rows, swapped in at the commit, forgotten when dropped.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::api_keys::ports::ApiKeyStore;
use portcullis_schemas::controls::ports::KillSwitchStore;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::incidents::ports::IncidentStore;
use portcullis_schemas::integrations::approvals::ports::ApprovalStore;
use portcullis_schemas::integrations::connections::ports::ConnectionStore;
use portcullis_schemas::integrations::credentials::ports::CredentialStore;
use portcullis_schemas::integrations::flows::ports::RunFlowStore;
use portcullis_schemas::integrations::mcp::ports::{McpInvocationStore, McpServerStore, McpToolStore};
use portcullis_schemas::integrations::toolsets::ports::ToolsetStore;
use portcullis_schemas::logs::ports::{AuditLog, CheckpointStore};
use portcullis_schemas::policies::ports::ToolPolicyStore;
use portcullis_schemas::store::{IntegrationStores, UnitOfWork};
use portcullis_schemas::tenants::ports::TenantStore;
use tokio::sync::OwnedMutexGuard;

use super::MemoryStore;
use super::rules::read_only;
use super::state::State;

/// One transaction over the rows; it is every store at once.
pub(crate) struct MemoryUnit {
    store: MemoryStore,
    rows: Arc<State>,
    turn: Option<OwnedMutexGuard<()>>,
}

impl MemoryUnit {
    pub(crate) fn writing(store: MemoryStore, rows: Arc<State>, turn: OwnedMutexGuard<()>) -> Self {
        Self { store, rows, turn: Some(turn) }
    }

    pub(crate) fn reading(store: MemoryStore, rows: Arc<State>) -> Self {
        Self { store, rows, turn: None }
    }

    /// The rows, to look at.
    pub(crate) fn rows(&self) -> &State {
        &self.rows
    }

    /// The rows, to change; copied at the first change.
    pub(crate) fn change(&mut self) -> Result<&mut State, PortError> {
        if self.turn.is_none() {
            return Err(read_only());
        }
        Ok(Arc::make_mut(&mut self.rows))
    }

    /// The rows, to change this tenant's configuration: what a decision rests on. The version changes with it.
    pub(crate) fn configure(&mut self, tenant: &TenantId) -> Result<&mut State, PortError> {
        let rows = self.change()?;
        if !rows.stuck {
            *rows.config_versions.entry(tenant.clone()).or_default() += 1;
        }
        Ok(rows)
    }

    /// Makes the rows the committed ones.
    pub(crate) fn publish(self) {
        if self.turn.is_some() {
            self.store.publish(Arc::unwrap_or_clone(self.rows));
        }
    }
}

impl IntegrationStores for MemoryUnit {
    fn mcp_servers(&mut self) -> &mut dyn McpServerStore {
        self
    }

    fn mcp_tools(&mut self) -> &mut dyn McpToolStore {
        self
    }

    fn mcp_invocations(&mut self) -> &mut dyn McpInvocationStore {
        self
    }

    fn toolsets(&mut self) -> &mut dyn ToolsetStore {
        self
    }

    fn approvals(&mut self) -> &mut dyn ApprovalStore {
        self
    }

    fn run_flows(&mut self) -> &mut dyn RunFlowStore {
        self
    }

    fn credentials(&mut self) -> &mut dyn CredentialStore {
        self
    }

    fn connections(&mut self) -> &mut dyn ConnectionStore {
        self
    }
}

#[async_trait]
impl UnitOfWork for MemoryUnit {
    fn tool_policies(&mut self) -> &mut dyn ToolPolicyStore {
        self
    }

    fn kill_switch(&mut self) -> &mut dyn KillSwitchStore {
        self
    }

    fn incidents(&mut self) -> &mut dyn IncidentStore {
        self
    }

    fn audit_log(&mut self) -> &mut dyn AuditLog {
        self
    }

    fn checkpoints(&mut self) -> &mut dyn CheckpointStore {
        self
    }

    fn api_keys(&mut self) -> &mut dyn ApiKeyStore {
        self
    }

    fn tenants(&mut self) -> &mut dyn TenantStore {
        self
    }

    async fn commit(self: Box<Self>) -> Result<(), PortError> {
        self.publish();
        Ok(())
    }
}
