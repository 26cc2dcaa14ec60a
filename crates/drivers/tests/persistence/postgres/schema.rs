//! The schema on PostgreSQL, and how it comes to be.

use std::fmt::Write;

use portcullis_drivers::database::{Database, DatabaseOptions, OpenError};
use portcullis_migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::engine::{Engine, TestDatabase};

/// Tables with their columns, constraints, indexes and triggers, by name.
const CATALOGUE: &str = "
    SELECT c.relname::text AS owner, 1 AS part, lpad(a.attnum::text, 3) AS place,
           a.attname::text || ' ' || format_type(a.atttypid, a.atttypmod)
           || CASE WHEN k.collname IS NULL OR k.collname = 'default' THEN '' ELSE ' COLLATE ' || k.collname END
           || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
           || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') AS text
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_collation k ON k.oid = a.attcollation
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
    UNION ALL
    SELECT conrelid::regclass::text, 2, contype::text || conname::text, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND contype IN ('p', 'u', 'f', 'c')
    UNION ALL
    SELECT tablename::text, 3, indexname::text, replace(indexdef, current_schema() || '.', '')
      FROM pg_indexes WHERE schemaname = current_schema()
       AND indexname NOT IN (SELECT conname FROM pg_constraint)
    UNION ALL
    SELECT tgrelid::regclass::text, 4, tgname::text, replace(pg_get_triggerdef(oid), current_schema() || '.', '')
      FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT '(functions)', 5, proname::text, proname || ': ' || prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
    ORDER BY owner, part, place";

async fn opened(home: &TestDatabase) -> Database {
    home.open(DatabaseOptions::default()).await
}

async fn schema<C: ConnectionTrait>(connection: &C) -> String {
    let query = Statement::from_string(DbBackend::Postgres, CATALOGUE);
    let (mut text, mut last) = (String::new(), String::new());
    for row in connection.query_all_raw(query).await.unwrap() {
        let (owner, part): (String, String) =
            (row.try_get("", "owner").unwrap(), row.try_get("", "text").unwrap());
        if owner != last {
            let _ = writeln!(text, "\n{owner}");
            last = owner;
        }
        let _ = writeln!(text, "  {}", part.trim());
    }
    text
}

#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn postgres_schema() {
    let home = TestDatabase::create(Engine::Postgres).await;
    insta::assert_snapshot!(schema(opened(&home).await.writer()).await);
}

#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn every_migration_can_be_taken_back_and_run_again() {
    let home = TestDatabase::create(Engine::Postgres).await;
    let database = opened(&home).await;
    let first = schema(database.writer()).await;
    Migrator::down(database.writer(), None).await.unwrap();
    let left = schema(database.writer()).await;
    assert!(left.trim_start().starts_with("seaql_migrations") && !left.contains("audit"), "{left}");
    Migrator::up(database.writer(), None).await.unwrap();
    assert_eq!(schema(database.writer()).await, first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn of_replicas_that_start_at_once_one_migrates() {
    let home = TestDatabase::create(Engine::Postgres).await;
    let options = DatabaseOptions { wait: std::time::Duration::from_secs(10), ..DatabaseOptions::default() };
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let url = home.url.clone();
            tokio::spawn(async move { Database::open(&url, options).await.map(drop) })
        })
        .collect();
    for start in starts {
        start.await.unwrap().unwrap();
    }
    let list = Statement::from_string(DbBackend::Postgres, "SELECT version FROM seaql_migrations");
    let applied = opened(&home).await.writer().query_all_raw(list).await.unwrap();
    assert_eq!(applied.len(), Migrator::migrations().len());
}

#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn an_older_schema_is_brought_up_to_date_and_a_later_one_is_left_alone() {
    let home = TestDatabase::create(Engine::Postgres).await;
    let database = opened(&home).await;
    let whole = schema(database.writer()).await;
    Migrator::down(database.writer(), Some(1)).await.unwrap();
    assert_ne!(schema(database.writer()).await, whole);
    let database = opened(&home).await;
    assert_eq!(schema(database.writer()).await, whole);

    let later = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)";
    database.writer().execute_unprepared(later).await.unwrap();
    let error = Database::open(&home.url, DatabaseOptions::default()).await.map(drop).unwrap_err();
    assert!(matches!(&error, OpenError::Newer { migration } if migration == "m9999_later"), "{error}");
}
