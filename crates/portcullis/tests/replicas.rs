//! Who only looks at a database, alone or where replicas share it, leaves its schema as it is; and who serves on one has the
//! master keys that were used on it.
//!
//! PORTCULLIS_TEST_POSTGRES_URL names a database to connect to, and a role that may create databases there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis::Secret;
use portcullis::embedded::{self, EmbeddedOptions, OpenError, OpenErrorKind};
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

/// A line of the master key file.
fn master_key(id: u8, byte: u8) -> String {
    format!("portcullis-key-v1 {id} {}\n", STANDARD.encode([byte; 32]))
}

async fn opened(options: EmbeddedOptions) -> Result<(), OpenError> {
    embedded::open(options).await?.close().await;
    Ok(())
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

/// It would let nobody in and open no secret.
#[tokio::test]
async fn a_directory_is_opened_with_the_master_keys_that_were_used_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let serve = || opened(EmbeddedOptions::new(folder.path()));
    serve().await.unwrap();
    let file = folder.path().join("master.key");
    let first = fs::read_to_string(&file).unwrap();

    fs::write(&file, master_key(1, 7)).unwrap();
    let error = serve().await.unwrap_err();
    assert_eq!(error.kind(), OpenErrorKind::KeyFile);
    let said = error.to_string();
    assert!(said.contains("its key 1 is not the one that was used on this database"), "{said}");

    fs::write(&file, format!("{}{first}", master_key(2, 8))).unwrap();
    serve().await.unwrap();
    fs::write(&file, format!("{}{first}", master_key(2, 9))).unwrap();
    serve().await.expect("key 2 has sealed nothing yet");
    fs::write(&file, format!("{first}{}", master_key(2, 9))).unwrap();
    serve().await.unwrap();
    fs::write(&file, &first).unwrap();
    let said = serve().await.unwrap_err().to_string();
    assert!(said.contains("key 2 was used on this database and is missing"), "{said}");
    fs::write(&file, format!("{first}{}", master_key(2, 8))).unwrap();
    let said = serve().await.unwrap_err().to_string();
    assert!(said.contains("its key 2 is not the one"), "{said}");
}

#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_replica_with_another_master_key_does_not_serve() {
    let server = std::env::var(SERVER).unwrap_or_else(|_| panic!("{SERVER} names no server"));
    let [keys, others, first, second] = std::array::from_fn(|_| tempfile::tempdir().unwrap());
    for keys in [&keys, &others] {
        opened(EmbeddedOptions::new(keys.path())).await.unwrap();
    }
    let name = format!("pcl_keys_{}", std::process::id());
    run(&server, &format!("CREATE DATABASE {name}")).await;
    let (before, _) = server.rsplit_once('/').unwrap();
    let url = format!("{before}/{name}");

    // Of two that start at once with other keys one is refused, whichever, and leaves no key of its own behind.
    fs::write(keys.path().join("master.key"), format!("{}{}", master_key(1, 1), master_key(2, 2))).unwrap();
    fs::write(others.path().join("master.key"), format!("{}{}", master_key(1, 3), master_key(3, 4))).unwrap();
    let started = tokio::join!(
        opened(options(first.path(), keys.path(), &url)),
        opened(options(second.path(), others.path(), &url)),
    );
    let [known, strange] = if started.0.is_ok() { [&keys, &others] } else { [&others, &keys] };
    let again = opened(options(first.path(), known.path(), &url)).await;
    let refused = opened(options(second.path(), strange.path(), &url)).await;
    run(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;

    assert_eq!([started.0.is_ok(), started.1.is_ok()].iter().filter(|ok| **ok).count(), 1, "{started:?}");
    again.unwrap();
    assert_eq!(refused.unwrap_err().kind(), OpenErrorKind::KeyFile);
}
