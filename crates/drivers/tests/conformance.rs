//! The suites of the persistence ports, on both engines.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use portcullis_drivers::database::{Database, DatabaseOptions};
use portcullis_drivers::integrations::credentials::SqlSealedSecrets;
use portcullis_drivers::ledger::SqlLedger;
use portcullis_drivers::uow::SqlStore;
use portcullis_schemas::logs::ports::Ledger;
use portcullis_testkit::conformance;

use self::engine::{Engine, TestDatabase};

mod engine;

struct Opened {
    store: SqlStore,
    database: Database,
    _home: TestDatabase,
}

async fn open() -> Opened {
    open_on(Engine::Sqlite).await
}

async fn open_on(engine: Engine) -> Opened {
    let home = TestDatabase::create(engine).await;
    let database = home.open(DatabaseOptions::default()).await;
    Opened { store: SqlStore::new(database.clone()), database, _home: home }
}

fn ledger(opened: &Opened) -> Arc<dyn Ledger> {
    SqlLedger::start(opened.database.clone())
}

fn sealed(opened: &Opened) -> Box<SqlSealedSecrets> {
    Box::new(SqlSealedSecrets::new(opened.database.clone()))
}

macro_rules! suites {
    ($($suite:ident($($more:ident),*);)+) => {
        $(async fn $suite(opened: Opened) {
            $(let $more = $more(&opened);)*
            conformance::$suite(&opened.store, $(&*$more),*).await;
        })+

        mod sqlite {
            $(#[tokio::test]
            async fn $suite() {
                super::$suite(super::open().await).await;
            })+
        }

        mod postgres {
            $(#[tokio::test]
            #[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
            async fn $suite() {
                super::$suite(super::open_on(super::Engine::Postgres).await).await;
            })+
        }
    };
}

suites! {
    unit_of_work();
    tenant_store();
    api_key_store();
    mcp_server_store();
    mcp_tool_store(ledger);
    toolset_store();
    approval_store(ledger);
    run_flow_store(ledger);
    connection_store();
    credential_store(sealed);
    tool_policy_store();
    kill_switch_store();
}
