//! A database with one tenant, one server and one tool, and a ledger on it.

use std::sync::Arc;

use portcullis_drivers::database::{Database, DatabaseOptions};
use portcullis_drivers::ledger::SqlLedger;
use portcullis_drivers::uow::SqlStore;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{InstanceId, TenantId};
use portcullis_schemas::integrations::mcp::invocation::{InvocationFacts, InvocationOutcome};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::logs::ledger::{Intent, IntentReceipt, Recorded, Settlement};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::store::{Store, UnitOfWork};
use portcullis_testkit::fixtures;
use portcullis_testkit::ids::UniqueIds;
use portcullis_trail::chain::ChainVerifier;
use tokio::task::JoinHandle;

use crate::engine::{Engine, TestDatabase};

pub(crate) struct Scene {
    pub(crate) ids: UniqueIds,
    pub(crate) database: Database,
    pub(crate) store: SqlStore,
    pub(crate) ledger: Arc<SqlLedger>,
    pub(crate) instance: InstanceId,
    pub(crate) tenant: TenantId,
    pub(crate) tool: McpTool,
    pub(crate) home: Arc<TestDatabase>,
}

impl Scene {
    pub(crate) async fn on(engine: Engine) -> Self {
        Self::with(engine, DatabaseOptions::default()).await
    }

    pub(crate) async fn with(engine: Engine, options: DatabaseOptions) -> Self {
        let home = TestDatabase::create(engine).await;
        let database = home.open(options).await;
        Self::populated(home, database).await
    }

    async fn populated(home: TestDatabase, database: Database) -> Self {
        let store = SqlStore::new(database.clone());
        let ids = UniqueIds::new();
        let tenant = fixtures::seed_tenant(&store, &ids).await;
        let tool = tool_of(&store, &ids, &tenant).await;
        let (ledger, instance) = (SqlLedger::start(database.clone()), InstanceId::generate(&ids));
        Self { ids, database, store, ledger, instance, tenant, tool, home: Arc::new(home) }
    }

    /// Another replica on the same database, for the same tenant.
    pub(crate) async fn replica(&self) -> Self {
        self.replica_at(&self.home.url, DatabaseOptions::default()).await
    }

    /// As [`Scene::replica`], which reaches the database in its own way.
    pub(crate) async fn replica_at(&self, url: &str, options: DatabaseOptions) -> Self {
        let database = Database::open(url, options).await.unwrap();
        Self {
            ids: self.ids,
            store: SqlStore::new(database.clone()),
            ledger: SqlLedger::start(database.clone()),
            database,
            instance: InstanceId::generate(&self.ids),
            tenant: self.tenant.clone(),
            tool: self.tool.clone(),
            home: Arc::clone(&self.home),
        }
    }

    /// The same replica, for a tenant of its own.
    pub(crate) async fn of_another_tenant(&self) -> Self {
        let tenant = fixtures::seed_tenant(&self.store, &self.ids).await;
        let tool = tool_of(&self.store, &self.ids, &tenant).await;
        self.of_tenant(tenant, tool)
    }

    /// The same replica, for this tenant.
    pub(crate) fn of_tenant(&self, tenant: TenantId, tool: McpTool) -> Self {
        Self {
            ids: self.ids,
            database: self.database.clone(),
            store: self.store.clone(),
            ledger: Arc::clone(&self.ledger),
            instance: self.instance.clone(),
            tenant,
            tool,
            home: Arc::clone(&self.home),
        }
    }

    /// A unit of work that keeps other writers of this tenant waiting.
    pub(crate) async fn occupied(&self) -> Box<dyn UnitOfWork> {
        let mut unit = self.store.begin().await.unwrap();
        unit.kill_switch().list(&self.tenant).await.unwrap();
        unit
    }

    pub(crate) fn intent(&self) -> Intent {
        fixtures::intent(&self.ids, &self.instance, &fixtures::invocation_facts(&self.ids, &self.tool, 1))
    }

    pub(crate) async fn record(&self, intent: Intent) -> IntentReceipt {
        match self.ledger.record(&self.tenant, intent).await.unwrap() {
            Recorded::Receipt(receipt) => receipt,
            other => panic!("expected a receipt, got {other:?}"),
        }
    }

    /// Records a call of the tool.
    pub(crate) async fn recorded(&self) -> (IntentReceipt, InvocationFacts) {
        let facts = fixtures::invocation_facts(&self.ids, &self.tool, 1);
        (self.record(fixtures::intent(&self.ids, &self.instance, &facts)).await, facts)
    }

    /// How that call ended.
    pub(crate) fn settlement(
        &self,
        receipt: &IntentReceipt,
        facts: &InvocationFacts,
        outcome: InvocationOutcome,
    ) -> Settlement {
        let row = fixtures::invocation(&self.tenant, facts.clone(), outcome);
        fixtures::settlement(&self.ids, receipt.intent(), row)
    }

    /// The trail in the texts that are stored.
    pub(crate) async fn trail(&self) -> Vec<String> {
        let mut unit = self.store.read().await.unwrap();
        unit.audit_log().texts(&self.tenant, 1, u16::MAX).await.unwrap()
    }

    /// Verifies the whole chain; the number of its events.
    pub(crate) async fn verified(&self) -> u64 {
        let mut verifier = ChainVerifier::new(self.tenant.as_str());
        for event in self.trail().await {
            verifier.push_bytes(event.as_bytes()).unwrap();
        }
        verifier.finish().unwrap().records
    }
}

/// Records in a task of its own.
pub(crate) fn spawn(scene: &Arc<Scene>, intent: Intent) -> JoinHandle<Result<Recorded, PortError>> {
    let scene = Arc::clone(scene);
    tokio::spawn(async move { scene.ledger.record(&scene.tenant, intent).await })
}

async fn tool_of(store: &SqlStore, ids: &UniqueIds, tenant: &TenantId) -> McpTool {
    let server = fixtures::seed_server(store, ids, tenant).await;
    fixtures::seed_tool(store, ids, &server, "read_file").await
}
