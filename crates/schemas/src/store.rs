//! The unit of work: stores that are bound to one transaction.
//!
//! Consumers: drivers, portcullis, spine

use async_trait::async_trait;

use crate::PortError;
use crate::api_keys::ports::ApiKeyStore;
use crate::controls::ports::KillSwitchStore;
use crate::incidents::ports::IncidentStore;
use crate::integrations::approvals::ports::ApprovalStore;
use crate::integrations::connections::ports::ConnectionStore;
use crate::integrations::credentials::ports::CredentialStore;
use crate::integrations::flows::ports::RunFlowStore;
use crate::integrations::mcp::ports::{McpInvocationStore, McpServerStore, McpToolStore};
use crate::integrations::toolsets::ports::ToolsetStore;
use crate::logs::ports::{AuditLog, CheckpointStore};
use crate::policies::ports::ToolPolicyStore;
use crate::tenants::ports::TenantStore;

/// Opens units of work.
#[async_trait]
pub trait Store: Send + Sync {
    /// A unit of work that may write. On SQLite there is one at a time; do not hold it across the network.
    ///
    /// # Errors
    /// When no transaction can be opened within a second.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, PortError>;

    /// A unit of work that only reads, from one snapshot. Its `commit` is a no-op; writing through it fails.
    ///
    /// # Errors
    /// As `begin`.
    async fn read(&self) -> Result<Box<dyn UnitOfWork>, PortError>;
}

/// The stores of what a tenant connects.
pub trait IntegrationStores: Send {
    /// MCP servers.
    fn mcp_servers(&mut self) -> &mut dyn McpServerStore;
    /// MCP tools.
    fn mcp_tools(&mut self) -> &mut dyn McpToolStore;
    /// MCP invocations.
    fn mcp_invocations(&mut self) -> &mut dyn McpInvocationStore;
    /// Toolsets.
    fn toolsets(&mut self) -> &mut dyn ToolsetStore;
    /// Approvals of calls.
    fn approvals(&mut self) -> &mut dyn ApprovalStore;
    /// What runs have touched.
    fn run_flows(&mut self) -> &mut dyn RunFlowStore;
    /// Credentials.
    fn credentials(&mut self) -> &mut dyn CredentialStore;
    /// Connections of keys with accounts at MCP servers.
    fn connections(&mut self) -> &mut dyn ConnectionStore;
}

/// One transaction. The handler commits; dropping it rolls back. Engines and drivers never commit.
#[async_trait]
pub trait UnitOfWork: IntegrationStores {
    /// Tool policies.
    fn tool_policies(&mut self) -> &mut dyn ToolPolicyStore;
    /// Kill switch.
    fn kill_switch(&mut self) -> &mut dyn KillSwitchStore;
    /// Incidents.
    fn incidents(&mut self) -> &mut dyn IncidentStore;
    /// Trail.
    fn audit_log(&mut self) -> &mut dyn AuditLog;
    /// Checkpoints of the trail of all tenants.
    fn checkpoints(&mut self) -> &mut dyn CheckpointStore;
    /// API keys.
    fn api_keys(&mut self) -> &mut dyn ApiKeyStore;
    /// Tenants.
    fn tenants(&mut self) -> &mut dyn TenantStore;
    /// Makes everything durable, or nothing.
    ///
    /// # Errors
    /// When the store cannot; then nothing was written.
    async fn commit(self: Box<Self>) -> Result<(), PortError>;
}
