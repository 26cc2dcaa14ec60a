//! The durable trail on SQLite: what the suites ask of every ledger, and what is this one's own: triggers, batches,
//! the fence, recovery and what happens when callers give up.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use portcullis_drivers::database::{Database, DatabaseOptions};
use portcullis_drivers::ledger::SqlLedger;
use portcullis_drivers::uow::SqlStore;
use portcullis_schemas::ids::{InstanceId, TenantId};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::logs::ledger::{Intent, IntentReceipt, Recorded};
use portcullis_schemas::logs::ports::{Ledger, StoredEvent};
use portcullis_schemas::store::Store;
use portcullis_testkit::fixtures;
use portcullis_testkit::ids::UniqueIds;
use portcullis_trail::chain::ChainVerifier;
use tempfile::TempDir;

#[path = "ledger/batches.rs"]
mod batches;
#[path = "ledger/recovery.rs"]
mod recovery;
#[path = "ledger/suites.rs"]
mod suites;
#[path = "ledger/tripwire.rs"]
mod tripwire;

/// A database with one tenant, one server and one tool, and a ledger on it.
struct Scene {
    ids: UniqueIds,
    database: Database,
    store: SqlStore,
    ledger: Arc<SqlLedger>,
    instance: InstanceId,
    tenant: TenantId,
    tool: McpTool,
    _folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        Self::with(DatabaseOptions::default()).await
    }

    async fn with(options: DatabaseOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/portcullis.db", folder.path().display());
        let database = Database::open(&url, options).await.unwrap();
        let store = SqlStore::new(database.clone());
        let ids = UniqueIds::new();
        let tenant = fixtures::seed_tenant(&store, &ids).await;
        let server = fixtures::seed_server(&store, &ids, &tenant).await;
        let tool = fixtures::seed_tool(&store, &ids, &server, "read_file").await;
        let ledger = SqlLedger::start(database.clone());
        let instance = InstanceId::generate(&ids);
        Self { ids, database, store, ledger, instance, tenant, tool, _folder: folder }
    }

    fn intent(&self) -> Intent {
        fixtures::intent(&self.ids, &self.instance, &fixtures::invocation_facts(&self.ids, &self.tool, 1))
    }

    async fn record(&self, intent: Intent) -> IntentReceipt {
        match self.ledger.record(&self.tenant, intent).await.unwrap() {
            Recorded::Receipt(receipt) => receipt,
            other => panic!("expected a receipt, got {other:?}"),
        }
    }

    async fn trail(&self) -> Vec<StoredEvent> {
        let mut unit = self.store.read().await.unwrap();
        unit.audit_log().range(&self.tenant, 1, u16::MAX).await.unwrap()
    }

    /// Verifies the whole chain; the number of its events.
    async fn verified(&self) -> u64 {
        let mut verifier = ChainVerifier::new(self.tenant.as_str());
        for event in self.trail().await {
            verifier.push(&event.record).unwrap();
        }
        verifier.finish().unwrap().records
    }
}
