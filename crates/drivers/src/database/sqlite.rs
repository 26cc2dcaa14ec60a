//! SQLite in a file: one writer connection and some readers, with the settings that durability rests on.

use sea_orm::sqlx::Connection;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::{Connections, DatabaseOptions, OpenError, schema};

/// The oldest SQLite that is trusted with the trail. 3.51.3 mends a WAL reset that could lose committed pages.
const OLDEST: [u32; 3] = [3, 51, 3];

/// Most memory for pages of the writer: 16 MiB, in negative KiB as SQLite has it.
const WRITER_CACHE: &str = "-16384";
/// Pages of the log from which on it is copied into the file: 16 MiB.
const LOG_PAGES: &str = "4096";

/// Whether the URL names a file, and not memory.
pub(super) fn is_file(url: &str) -> bool {
    let Some(path) = url.strip_prefix("sqlite://") else { return false };
    let (file, query) = path.split_once('?').unwrap_or((path, ""));
    !file.is_empty() && file != ":memory:" && !query.contains("mode=memory")
}

/// Opens the file, creates it if there is none, and brings its schema up to date.
pub(super) async fn open(url: &str, options: DatabaseOptions) -> Result<Connections, OpenError> {
    let writer = sea_orm::Database::connect(pool(url, options, false)).await.map_err(OpenError::Connect)?;
    require_version(&writer).await?;
    schema::bring_up_to_date(&writer, options.migrate).await?;
    let reader = sea_orm::Database::connect(pool(url, options, true)).await.map_err(OpenError::Connect)?;
    Ok(Connections { ledger: writer.clone(), writer, reader })
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
    let sync = if options.durable { SqliteSynchronous::Full } else { SqliteSynchronous::Off };
    let sqlite = sqlite
        .create_if_missing(!read_only)
        .foreign_keys(true)
        .busy_timeout(options.wait)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(sync)
        // A destroyed secret is overwritten where that costs no further I/O.
        .pragma("secure_delete", "FAST")
        .pragma("trusted_schema", "OFF")
        // A text for each mix of values that the ledger writes together, and those of the units of work.
        .statement_cache_capacity(256);
    if read_only {
        return sqlite.pragma("query_only", "ON");
    }
    // Many commits change the same few pages: what stays in memory is not read again, and what stays in the log for
    // longer is copied out of it less often.
    sqlite
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", LOG_PAGES)
        // What undoes a statement that fails half-way; a batch has more of it than goes into memory otherwise.
        .pragma("temp_store", "MEMORY")
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
            "postgres://h/d",
            "/p.db",
        ];
        for bad in refused {
            assert!(!is_file(bad), "{bad}");
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
