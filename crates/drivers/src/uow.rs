//! Units of work: every store bound to one transaction.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::api_keys::ports::ApiKeyStore;
use portcullis_schemas::controls::ports::KillSwitchStore;
use portcullis_schemas::incidents::ports::IncidentStore;
use portcullis_schemas::integrations::approvals::ports::ApprovalStore;
use portcullis_schemas::integrations::connections::ports::ConnectionStore;
use portcullis_schemas::integrations::credentials::ports::CredentialStore;
use portcullis_schemas::integrations::flows::ports::RunFlowStore;
use portcullis_schemas::integrations::mcp::ports::{McpInvocationStore, McpServerStore, McpToolStore};
use portcullis_schemas::integrations::toolsets::ports::ToolsetStore;
use portcullis_schemas::logs::ports::{AuditLog, CheckpointStore};
use portcullis_schemas::policies::ports::ToolPolicyStore;
use portcullis_schemas::store::{IntegrationStores, Store, UnitOfWork};
use portcullis_schemas::tenants::ports::TenantStore;

use crate::api_keys::SqlApiKeys;
use crate::controls::SqlKillSwitch;
use crate::database::{Database, Transaction};
use crate::incidents::SqlIncidents;
use crate::integrations::approvals::SqlApprovals;
use crate::integrations::connections::SqlConnections;
use crate::integrations::credentials::SqlCredentials;
use crate::integrations::flows::SqlRunFlows;
use crate::integrations::mcp::invocations::SqlMcpInvocations;
use crate::integrations::mcp::servers::SqlMcpServers;
use crate::integrations::mcp::tools::SqlMcpTools;
use crate::integrations::toolsets::SqlToolsets;
use crate::logs::{SqlAuditLog, SqlCheckpoints};
use crate::policies::SqlToolPolicies;
use crate::tenants::{SqlTenants, raise_versions};

/// One transaction, as its stores hold it. A store that reads or writes a tenant's rows asks for
/// [`Transaction::of`] that tenant, which is where units of work on one tenant take turns; the commit gives the
/// configuration of each such tenant a new version.
pub(crate) type SharedTransaction = Arc<Transaction>;

/// Opens units of work on a database.
#[derive(Clone, Debug)]
pub struct SqlStore {
    database: Database,
}

impl SqlStore {
    /// On this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        let transaction = self.database.begin_write().await?;
        Ok(Box::new(SqlUnitOfWork::new(transaction, Access::ReadWrite)))
    }

    async fn read(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        let transaction = self.database.begin_read().await?;
        Ok(Box::new(SqlUnitOfWork::new(transaction, Access::ReadOnly)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    ReadOnly,
    ReadWrite,
}

/// One transaction with its stores. Dropping it rolls back.
pub struct SqlUnitOfWork {
    transaction: SharedTransaction,
    access: Access,
    stores: Stores,
}

struct Stores {
    servers: SqlMcpServers,
    tools: SqlMcpTools,
    invocations: SqlMcpInvocations,
    toolsets: SqlToolsets,
    approvals: SqlApprovals,
    run_flows: SqlRunFlows,
    credentials: SqlCredentials,
    connections: SqlConnections,
    policies: SqlToolPolicies,
    kill_switch: SqlKillSwitch,
    incidents: SqlIncidents,
    audit_log: SqlAuditLog,
    checkpoints: SqlCheckpoints,
    api_keys: SqlApiKeys,
    tenants: SqlTenants,
}

impl SqlUnitOfWork {
    fn new(transaction: Transaction, access: Access) -> Self {
        let transaction = Arc::new(transaction);
        Self { stores: Stores::on(&transaction), transaction, access }
    }
}

impl Stores {
    fn on(transaction: &SharedTransaction) -> Self {
        let shared = || Arc::clone(transaction);
        Self {
            servers: SqlMcpServers::new(shared()),
            tools: SqlMcpTools::new(shared()),
            invocations: SqlMcpInvocations::new(shared()),
            toolsets: SqlToolsets::new(shared()),
            approvals: SqlApprovals::new(shared()),
            run_flows: SqlRunFlows::new(shared()),
            credentials: SqlCredentials::new(shared()),
            connections: SqlConnections::new(shared()),
            policies: SqlToolPolicies::new(shared()),
            kill_switch: SqlKillSwitch::new(shared()),
            incidents: SqlIncidents::new(shared(), Box::new(SqlAuditLog::new(shared()))),
            audit_log: SqlAuditLog::new(shared()),
            checkpoints: SqlCheckpoints::new(shared()),
            api_keys: SqlApiKeys::new(shared()),
            tenants: SqlTenants::new(shared()),
        }
    }
}

impl fmt::Debug for SqlUnitOfWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlUnitOfWork").field("access", &self.access).finish_non_exhaustive()
    }
}

impl IntegrationStores for SqlUnitOfWork {
    fn mcp_servers(&mut self) -> &mut dyn McpServerStore {
        &mut self.stores.servers
    }

    fn mcp_tools(&mut self) -> &mut dyn McpToolStore {
        &mut self.stores.tools
    }

    fn mcp_invocations(&mut self) -> &mut dyn McpInvocationStore {
        &mut self.stores.invocations
    }

    fn toolsets(&mut self) -> &mut dyn ToolsetStore {
        &mut self.stores.toolsets
    }

    fn approvals(&mut self) -> &mut dyn ApprovalStore {
        &mut self.stores.approvals
    }

    fn run_flows(&mut self) -> &mut dyn RunFlowStore {
        &mut self.stores.run_flows
    }

    fn credentials(&mut self) -> &mut dyn CredentialStore {
        &mut self.stores.credentials
    }

    fn connections(&mut self) -> &mut dyn ConnectionStore {
        &mut self.stores.connections
    }
}

#[async_trait]
impl UnitOfWork for SqlUnitOfWork {
    fn tool_policies(&mut self) -> &mut dyn ToolPolicyStore {
        &mut self.stores.policies
    }

    fn kill_switch(&mut self) -> &mut dyn KillSwitchStore {
        &mut self.stores.kill_switch
    }

    fn incidents(&mut self) -> &mut dyn IncidentStore {
        &mut self.stores.incidents
    }

    fn audit_log(&mut self) -> &mut dyn AuditLog {
        &mut self.stores.audit_log
    }

    fn checkpoints(&mut self) -> &mut dyn CheckpointStore {
        &mut self.stores.checkpoints
    }

    fn api_keys(&mut self) -> &mut dyn ApiKeyStore {
        &mut self.stores.api_keys
    }

    fn tenants(&mut self) -> &mut dyn TenantStore {
        &mut self.stores.tenants
    }

    async fn commit(self: Box<Self>) -> Result<(), PortError> {
        let Self { transaction, access, stores } = *self;
        drop(stores);
        if access == Access::ReadOnly {
            return Ok(());
        }
        raise_versions(transaction.connection(), &transaction.configured()).await?;
        let transaction = Arc::try_unwrap(transaction).map_err(|_| {
            PortError::unavailable("a store outlived its unit of work, so nothing was committed")
        })?;
        transaction.commit().await
    }
}
