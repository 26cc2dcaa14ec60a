//! Who only looks at a database, alone or where replicas share it, leaves its schema as it is.
//!
//! PORTCULLIS_TEST_POSTGRES_URL names a database to connect to, and a role that may create databases there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use portcullis::Secret;
use portcullis::embedded::{self, EmbeddedOptions, OpenErrorKind};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};

const SERVER: &str = "PORTCULLIS_TEST_POSTGRES_URL";
/// What makes a schema one of an earlier version.
const WITHOUT_NEWEST: &str =
    "DELETE FROM seaql_migrations WHERE version = (SELECT MAX(version) FROM seaql_migrations)";

async fn run(url: &str, statement: &str) {
    let connection = Database::connect(url).await.unwrap();
    connection.execute_unprepared(statement).await.unwrap();
    connection.close().await.unwrap();
}

async fn tables(url: &str) -> usize {
    let connection = Database::connect(url).await.unwrap();
    let list = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";
    let rows = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, list)).await.unwrap();
    connection.close().await.unwrap();
    rows.len()
}

/// A directory of the caller's own beside the database, with the keys of the replicas.
fn options(directory: &Path, keys: &Path, url: &str) -> EmbeddedOptions {
    let mut options = EmbeddedOptions::new(directory);
    options.database_url = Some(Secret::new(url.to_owned()));
    options.master_key_file = Some(keys.join("master.key"));
    options.signing_key_file = Some(keys.join("signing.key"));
    options
}

/// An export by a later version would else keep the version that serves from starting again.
#[tokio::test]
async fn who_attaches_leaves_an_older_schema_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    embedded::open(EmbeddedOptions::new(folder.path())).await.unwrap().close().await;
    embedded::attach(EmbeddedOptions::new(folder.path())).await.unwrap().close().await;
    let url = format!("sqlite://{}/portcullis.db", folder.path().display());
    run(&url, WITHOUT_NEWEST).await;

    let error = embedded::attach(EmbeddedOptions::new(folder.path())).await.unwrap_err();
    assert_eq!(error.kind(), OpenErrorKind::Database);
    assert!(error.to_string().contains("leaves it as it is: use the version that serves on it"), "{error}");
    let again = embedded::attach(EmbeddedOptions::new(folder.path())).await;
    assert!(again.is_err(), "it is still behind");
}

#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn who_attaches_never_migrates_what_replicas_share() {
    let server = std::env::var(SERVER).unwrap_or_else(|_| panic!("{SERVER} names no server"));
    let [keys, replica, auditor] = std::array::from_fn(|_| tempfile::tempdir().unwrap());
    embedded::open(EmbeddedOptions::new(keys.path())).await.unwrap().close().await;
    let name = format!("pcl_attach_{}", std::process::id());
    run(&server, &format!("CREATE DATABASE {name}")).await;
    let (before, _) = server.rsplit_once('/').unwrap();
    let url = format!("{before}/{name}");

    let refused = embedded::attach(options(auditor.path(), keys.path(), &url)).await.map(drop);
    let tables_before = tables(&url).await;
    embedded::open(options(replica.path(), keys.path(), &url)).await.unwrap().close().await;
    embedded::attach(options(auditor.path(), keys.path(), &url)).await.unwrap().close().await;
    run(&url, WITHOUT_NEWEST).await;
    let refused_again = embedded::attach(options(auditor.path(), keys.path(), &url)).await.map(drop);
    run(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;

    assert_eq!(tables_before, 0, "a database without a schema gets none");
    for error in [refused.unwrap_err(), refused_again.unwrap_err()] {
        assert_eq!(error.kind(), OpenErrorKind::Database);
        assert!(error.to_string().contains("`portcullis database migrate`"), "{error}");
    }
}
