//! Every session has the settings that the promises rest on.

use portcullis_drivers::database::{DatabaseOptions, OpenError};
use portcullis_schemas::PortErrorKind;
use portcullis_schemas::store::Store;
use portcullis_testkit::fixtures;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::engine::{Engine, TestDatabase};
use crate::scene::Scene;

async fn shown<C: ConnectionTrait>(connection: &C, setting: &str) -> String {
    let query = format!("SELECT current_setting('{setting}') AS value");
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, query)).await;
    row.unwrap().unwrap().try_get("", "value").unwrap()
}

#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn commits_wait_for_the_disk_and_reads_have_one_snapshot() {
    let scene = Scene::on(Engine::Postgres).await;
    let write = scene.database.begin_write().await.unwrap();
    let read = scene.database.begin_read().await.unwrap();
    for (setting, writing, reading) in [
        ("synchronous_commit", "on", "on"),
        ("transaction_isolation", "read committed", "repeatable read"),
        ("transaction_read_only", "off", "on"),
        ("statement_timeout", "810ms", "810ms"),
        ("lock_timeout", "450ms", "0"),
        ("idle_in_transaction_session_timeout", "4500ms", "0"),
    ] {
        assert_eq!(shown(write.connection(), setting).await, writing, "{setting}");
        assert_eq!(shown(read.connection(), setting).await, reading, "{setting}");
    }
    let options = DatabaseOptions { durable: false, ..DatabaseOptions::default() };
    let fast = scene.home.open(options).await;
    assert_eq!(shown(fast.writer(), "synchronous_commit").await, "off");
}

#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn readers_cannot_write() {
    let scene = Scene::on(Engine::Postgres).await;
    let error = scene.database.reader().execute_unprepared("DELETE FROM mcp_servers").await.unwrap_err();
    assert!(error.to_string().contains("read-only transaction"), "{error}");
}

/// PostgreSQL answers a commit of a broken transaction with a rollback and calls it success.
#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_unit_of_work_that_failed_does_not_commit() {
    let scene = Scene::on(Engine::Postgres).await;
    let key = fixtures::api_key(&scene.ids, &scene.tenant, "agent", 0);
    let mut unit = scene.store.begin().await.unwrap();
    unit.api_keys().insert(&scene.tenant, &key).await.unwrap();
    unit.api_keys().insert(&scene.tenant, &key).await.unwrap_err();
    assert_eq!(unit.commit().await.unwrap_err().kind(), PortErrorKind::Unavailable);
}

#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn another_encoding_is_refused() {
    let home = TestDatabase::create(Engine::Postgres).await;
    let (before, name) = home.url.rsplit_once('/').unwrap();
    let name = name.split('?').next().unwrap();
    let latin = format!("{name}_latin");
    let admin = sea_orm::Database::connect(home.url.as_str()).await.unwrap();
    let create = format!("CREATE DATABASE {latin} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    admin.execute_unprepared(&create).await.unwrap();
    let url = format!("{before}/{}", home.url.rsplit_once('/').unwrap().1.replace(name, &latin));
    let opened = portcullis_drivers::database::Database::open(&url, DatabaseOptions::default()).await;
    admin.execute_unprepared(&format!("DROP DATABASE {latin} WITH (FORCE)")).await.unwrap();
    let error = opened.map(drop).unwrap_err();
    assert!(matches!(&error, OpenError::Server { setting, .. } if setting == "server_encoding"), "{error}");
}
