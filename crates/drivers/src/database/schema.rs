//! Bringing the schema up to date: once, whoever else starts at the same moment, and never backwards.

use portcullis_migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement, TransactionTrait};

use super::OpenError;
use crate::rows::engine_code;

/// Held by the replica that migrates: `migrate_` in ASCII. Others wait for it, then find nothing to do. How long is
/// for the operator to see; no timeout may end a migration half-way.
const MIGRATING: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                         SET LOCAL idle_in_transaction_session_timeout = 0; \
                         SELECT pg_advisory_xact_lock(7883946363647714655)";
/// SQLSTATE of a role that lacks a right.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// Applies what is missing, or refuses it where nothing may be changed.
pub(super) async fn bring_up_to_date(
    connection: &DatabaseConnection,
    may_change: bool,
) -> Result<(), OpenError> {
    match (connection.get_database_backend(), may_change) {
        (DbBackend::Postgres, true) => on_postgres(connection).await,
        (DbBackend::Postgres, false) => refuse_older(&applied(connection).await.map_err(failed)?),
        (_, true) => on_sqlite(connection).await,
        (_, false) => refuse_older(&applied_on_sqlite(connection).await?),
    }
}

fn refuse_older(applied: &[String]) -> Result<(), OpenError> {
    if is_behind(applied)? { Err(OpenError::Older) } else { Ok(()) }
}

/// Each migration runs in a transaction of its own.
async fn on_sqlite(connection: &DatabaseConnection) -> Result<(), OpenError> {
    is_behind(&applied_on_sqlite(connection).await?)?;
    Migrator::up(connection, None).await.map_err(OpenError::Migrate)
}

async fn applied_on_sqlite(connection: &DatabaseConnection) -> Result<Vec<String>, OpenError> {
    let applied = Migrator::get_migration_models(connection).await.map_err(OpenError::Migrate)?;
    Ok(applied.into_iter().map(|row| row.version).collect())
}

/// A look comes first, because a writer role may not create anything. All migrations are one transaction.
async fn on_postgres(connection: &DatabaseConnection) -> Result<(), OpenError> {
    if !is_behind(&applied(connection).await.map_err(failed)?)? {
        return Ok(());
    }
    let tx = connection.begin().await.map_err(failed)?;
    tx.execute_unprepared(MIGRATING).await.map_err(failed)?;
    if is_behind(&applied(&tx).await.map_err(failed)?)? {
        Migrator::up(&tx, None).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}

fn failed(error: DbErr) -> OpenError {
    match engine_code(&error).as_deref() {
        Some(INSUFFICIENT_PRIVILEGE) => OpenError::Rights(error),
        _ => OpenError::Migrate(error),
    }
}

/// The migrations that PostgreSQL has seen; none if their table is not there.
async fn applied<C: ConnectionTrait>(connection: &C) -> Result<Vec<String>, DbErr> {
    let query = |sql: &str| Statement::from_string(DbBackend::Postgres, sql);
    let listed = query("SELECT to_regclass('seaql_migrations') IS NOT NULL AS listed");
    let listed = connection.query_one_raw(listed).await?.map(|row| row.try_get("", "listed")).transpose()?;
    if listed != Some(true) {
        return Ok(Vec::new());
    }
    let rows =
        connection.query_all_raw(query("SELECT version FROM seaql_migrations ORDER BY version")).await?;
    rows.iter().map(|row| row.try_get("", "version")).collect()
}

/// Whether migrations are missing.
///
/// # Errors
/// [`OpenError::Newer`] when there is one that this version does not know.
fn is_behind(applied: &[String]) -> Result<bool, OpenError> {
    let known = Migrator::get_migration_files();
    let unknown = applied.iter().find(|name| known.iter().all(|migration| migration.name() != *name));
    match unknown {
        Some(migration) => Err(OpenError::Newer { migration: migration.clone() }),
        None => Ok(applied.len() < known.len()),
    }
}
