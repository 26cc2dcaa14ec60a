//! The suites of the persistence ports, run on SQLite in a file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use portcullis_drivers::database::{Database, DatabaseOptions};
use portcullis_drivers::integrations::credentials::SqlSealedSecrets;
use portcullis_drivers::ledger::SqlLedger;
use portcullis_drivers::uow::SqlStore;
use portcullis_schemas::logs::ports::Ledger;
use portcullis_testkit::conformance;
use tempfile::TempDir;

struct Opened {
    store: SqlStore,
    database: Database,
    _folder: TempDir,
}

async fn open() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/portcullis.db", folder.path().display());
    let database = Database::open(&url, DatabaseOptions::default()).await.unwrap();
    Opened { store: SqlStore::new(database.clone()), database, _folder: folder }
}

fn ledger(opened: &Opened) -> Arc<dyn Ledger> {
    SqlLedger::start(opened.database.clone())
}

macro_rules! suites {
    ($($suite:ident($($more:ident),*);)+) => {
        $(#[tokio::test]
        async fn $suite() {
            let opened = open().await;
            $(let $more = $more(&opened);)*
            conformance::$suite(&opened.store, $(&*$more),*).await;
        })+
    };
}

fn sealed(opened: &Opened) -> Box<SqlSealedSecrets> {
    Box::new(SqlSealedSecrets::new(opened.database.clone()))
}

suites! {
    unit_of_work();
    tenant_store();
    api_key_store();
    mcp_server_store();
    mcp_tool_store(ledger);
    credential_store(sealed);
    tool_policy_store();
    kill_switch_store();
}
