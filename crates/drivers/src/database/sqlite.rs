//! SQLite in a file: the ledger's connection, one for units of work and some that read, with the settings that
//! durability rests on.

use std::path::PathBuf;

use sea_orm::sqlx::Connection;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::direct::Direct;
use super::turns::Turns;
use super::{Connections, DatabaseOptions, LedgerConnection, OpenError, schema};

/// The oldest SQLite that is trusted with the trail. 3.51.3 mends a WAL reset that could lose committed pages.
const OLDEST: [u32; 3] = [3, 51, 3];

/// What holds for connections that only read.
const READING: &[(&str, &str)] = &[("query_only", "ON")];
/// What holds for connections that write. Many commits change the same few pages: what stays in memory is not read
/// again, and what stays in the log for longer is copied out of it less often.
const WRITING: &[(&str, &str)] = &[
    // Most memory for pages: 16 MiB, in negative KiB as SQLite has it.
    ("cache_size", "-16384"),
    // Pages of the log from which on it is copied into the file: 16 MiB.
    ("wal_autocheckpoint", "4096"),
    // What undoes a statement that fails half-way; a batch has more of it than goes into memory otherwise.
    ("temp_store", "MEMORY"),
];

/// Whether the URL names a file, and not memory; not by a VFS of its own either, whose locks others would not see.
pub(super) fn is_file(url: &str) -> bool {
    let Some(path) = url.strip_prefix("sqlite://") else { return false };
    let (file, query) = path.split_once('?').unwrap_or((path, ""));
    !file.is_empty() && file != ":memory:" && !query.contains("mode=memory") && !query.contains("vfs=")
}

/// Opens the file, creates it if there is none, and brings its schema up to date.
pub(super) async fn open(url: &str, options: DatabaseOptions) -> Result<Connections, OpenError> {
    let writer = super::connect(pool(url, options, false)).await.map_err(OpenError::Connect)?;
    require_version(&writer).await?;
    schema::bring_up_to_date(&writer, options.migrate).await?;
    let ledger = Direct::open(file(url)?, direct_settings(options)).map_err(OpenError::Connect)?;
    let ledger = LedgerConnection::Direct(ledger);
    let reader = super::connect(pool(url, options, true)).await.map_err(OpenError::Connect)?;
    Ok(Connections { ledger, writer, reader, turns: Turns::one_at_a_time() })
}

/// Where the file is, as the pool reads it from the URL.
fn file(url: &str) -> Result<PathBuf, OpenError> {
    let options: SqliteConnectOptions = url.parse().map_err(|_| OpenError::Url)?;
    Ok(options.get_filename().to_owned())
}

fn pool(url: &str, options: DatabaseOptions, read_only: bool) -> ConnectOptions {
    let mut connect = ConnectOptions::new(url);
    connect
        .max_connections(if read_only { options.readers } else { 1 })
        .min_connections(1)
        .acquire_timeout(options.wait)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // Statements hold what people have written; they do not belong in logs.
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_pool_opts(keep_what_is_sound)
        .map_sqlx_sqlite_opts(move |sqlite| pragmas(sqlite, options, read_only));
    connect
}

/// When the disk fails, SQLite takes a transaction back by itself, and the rollback that follows fails. The pool still
/// counts a transaction then: the next one would be a savepoint within none, or within one that nobody commits, and
/// what it acknowledges would be lost. Such a connection is closed.
fn keep_what_is_sound(pool: SqlitePoolOptions) -> SqlitePoolOptions {
    pool.after_release(|connection, _| {
        Box::pin(async move {
            // A beginning that is still queued and that nobody waits for is taken back by the driver itself.
            if !connection.is_in_transaction() {
                return Ok(true);
            }
            // Comes after a rollback that is still queued.
            connection.ping().await?;
            Ok(!connection.is_in_transaction())
        })
    })
}

fn pragmas(sqlite: SqliteConnectOptions, options: DatabaseOptions, read_only: bool) -> SqliteConnectOptions {
    let sqlite = sqlite
        .create_if_missing(!read_only)
        .busy_timeout(options.wait)
        // The texts of the units of work and of what reads.
        .statement_cache_capacity(256);
    let settings = if read_only { READING } else { WRITING };
    let settings = both(options).into_iter().chain(settings.iter().copied());
    settings.fold(sqlite, |sqlite, (name, value)| sqlite.pragma(name, value))
}

/// The settings of a writer, as statements.
fn direct_settings(options: DatabaseOptions) -> String {
    let wait = format!("PRAGMA busy_timeout = {};", options.wait.as_millis());
    let settings = both(options).into_iter().chain(WRITING.iter().copied());
    settings.fold(wait, |text, (name, value)| text + &format!("PRAGMA {name} = {value};"))
}

/// What holds for all connections.
fn both(options: DatabaseOptions) -> [(&'static str, &'static str); 7] {
    let full = if options.durable { "ON" } else { "OFF" };
    [
        ("journal_mode", "WAL"),
        ("foreign_keys", "ON"),
        ("synchronous", if options.durable { "FULL" } else { "OFF" }),
        // On macOS a plain fsync ends in the drive's cache; elsewhere these change nothing.
        ("fullfsync", full),
        ("checkpoint_fullfsync", full),
        // A destroyed secret is overwritten where that costs no further I/O.
        ("secure_delete", "FAST"),
        ("trusted_schema", "OFF"),
    ]
}

async fn require_version(connection: &DatabaseConnection) -> Result<(), OpenError> {
    let query = Statement::from_string(DbBackend::Sqlite, "SELECT sqlite_version() AS version");
    let row = connection.query_one_raw(query).await.map_err(OpenError::Connect)?;
    let found = row.and_then(|row| row.try_get::<String>("", "version").ok()).unwrap_or_default();
    if is_recent_enough(&found) { Ok(()) } else { Err(OpenError::SqliteVersion { found }) }
}

fn is_recent_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found: [u32; 3] = std::array::from_fn(|_| parts.next().unwrap_or(0));
    found >= OLDEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_are_databases() {
        for good in ["sqlite:///var/lib/portcullis/portcullis.db", "sqlite://data/p.db?mode=rwc"] {
            assert!(is_file(good), "{good}");
        }
        let refused = [
            "",
            "sqlite://",
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite://x?mode=memory",
            "sqlite://x?vfs=unix-none",
            "postgres://h/d",
            "/p.db",
        ];
        for bad in refused {
            assert!(!is_file(bad), "{bad}");
        }
    }

    /// By their names, since what they do shows on macOS alone.
    #[test]
    fn a_durable_commit_goes_through_the_cache_of_the_drive() {
        for (durable, expected) in [(true, "ON"), (false, "OFF")] {
            let options = DatabaseOptions { durable, ..DatabaseOptions::default() };
            for name in ["fullfsync", "checkpoint_fullfsync"] {
                assert!(both(options).contains(&(name, expected)), "{name} {durable}");
                let statement = format!("PRAGMA {name} = {expected};");
                assert!(direct_settings(options).contains(&statement), "{statement}");
            }
        }
    }

    #[test]
    fn versions_compare_by_number() {
        for (version, expected) in [
            ("3.51.3", true),
            ("3.52.0", true),
            ("4.0.0", true),
            ("3.51.2", false),
            ("3.9.9", false),
            ("", false),
        ] {
            assert_eq!(is_recent_enough(version), expected, "{version}");
        }
    }
}
