//! The database: one writer connection, some readers, and a schema that is brought up to date at open.

use std::fmt;
use std::time::Duration;

use portcullis_migrations::{Migrator, MigratorTrait};
use portcullis_schemas::PortError;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use crate::rows::port_error;

/// The oldest SQLite that is trusted with the trail. 3.51.3 mends a WAL reset that could lose committed pages.
const OLDEST_SQLITE: [u32; 3] = [3, 51, 3];

/// How a database is opened.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseOptions {
    /// Connections that only read; 4 unless told.
    pub readers: u32,
    /// How long to wait for a connection or for another process's write lock; 1 s unless told.
    pub wait: Duration,
    /// Whether a commit waits for the disk; true unless told. False is for measuring what that costs and for tests: a
    /// power cut may then lose the newest records of the trail.
    pub durable: bool,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self { readers: 4, wait: Duration::from_secs(1), durable: true }
    }
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL is not one that can be used.
    #[error(
        "database url: expected `sqlite://` and the path of a file; an in-memory database would lose the trail"
    )]
    Url,
    /// The file cannot be opened or created.
    #[error(
        "database: the file cannot be opened or created: check that its folder exists and can be written to"
    )]
    Connect(#[source] DbErr),
    /// The linked SQLite is too old.
    #[error("database: SQLite {found} is linked, expected 3.51.3 or later: build with the bundled SQLite")]
    SqliteVersion {
        /// The version that is linked.
        found: String,
    },
    /// The database was written by a later version.
    #[error(
        "database: it holds migration `{migration}`, which this version does not know: run the version that wrote it, or a later one"
    )]
    Newer {
        /// The first unknown migration.
        migration: String,
    },
    /// A migration failed; it was rolled back.
    #[error(
        "database: bringing the schema up to date failed and was rolled back; restore a backup or report this"
    )]
    Migrate(#[source] DbErr),
}

/// An open database. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Database {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    wait: Duration,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("engine", &self.writer.get_database_backend())
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the database, creates its file if there is none, and brings the schema up to date.
    ///
    /// # Errors
    /// [`OpenError`], each with what to do. A database of a later version is left as it is.
    pub async fn open(url: &str, options: DatabaseOptions) -> Result<Self, OpenError> {
        if !is_sqlite_file(url) {
            return Err(OpenError::Url);
        }
        let writer =
            sea_orm::Database::connect(sqlite(url, options, false)).await.map_err(OpenError::Connect)?;
        require_sqlite_version(&writer).await?;
        migrate(&writer).await?;
        let reader =
            sea_orm::Database::connect(sqlite(url, options, true)).await.map_err(OpenError::Connect)?;
        Ok(Self { writer, reader, wait: options.wait })
    }

    /// The one connection that writes. Whoever holds a transaction on it keeps all other writers waiting.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Connections that only read.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// A transaction that may write. It holds the write lock from the start, so it never fails half-way for want of it.
    ///
    /// # Errors
    /// `Unavailable` when the writer does not become free within [`DatabaseOptions::wait`].
    pub async fn begin_write(&self) -> Result<DatabaseTransaction, PortError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.begin(&self.writer, options).await
    }

    /// A transaction that only reads, from one snapshot.
    ///
    /// # Errors
    /// As [`Database::begin_write`].
    pub async fn begin_read(&self) -> Result<DatabaseTransaction, PortError> {
        self.begin(&self.reader, TransactionOptions::default()).await
    }

    /// Closes all connections, after what runs on them has ended. On SQLite this folds the log into the file.
    pub async fn close(self) {
        let _ = self.reader.close().await;
        let _ = self.writer.close().await;
    }

    async fn begin(
        &self,
        connection: &DatabaseConnection,
        options: TransactionOptions,
    ) -> Result<DatabaseTransaction, PortError> {
        match tokio::time::timeout(self.wait, connection.begin_with_options(options)).await {
            Ok(begun) => begun.map_err(port_error),
            Err(_) => Err(PortError::unavailable("no database transaction could be opened in time")),
        }
    }
}

fn is_sqlite_file(url: &str) -> bool {
    let Some(path) = url.strip_prefix("sqlite://") else { return false };
    let (file, query) = path.split_once('?').unwrap_or((path, ""));
    !file.is_empty() && file != ":memory:" && !query.contains("mode=memory")
}

fn sqlite(url: &str, options: DatabaseOptions, read_only: bool) -> ConnectOptions {
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
        .map_sqlx_sqlite_opts(move |sqlite| pragmas(sqlite, options, read_only));
    connect
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
        .pragma("trusted_schema", "OFF");
    if read_only { sqlite.pragma("query_only", "ON") } else { sqlite }
}

async fn require_sqlite_version(connection: &DatabaseConnection) -> Result<(), OpenError> {
    let query = Statement::from_string(DbBackend::Sqlite, "SELECT sqlite_version() AS version");
    let row = connection.query_one_raw(query).await.map_err(OpenError::Connect)?;
    let found = row.and_then(|row| row.try_get::<String>("", "version").ok()).unwrap_or_default();
    if is_recent_enough(&found) { Ok(()) } else { Err(OpenError::SqliteVersion { found }) }
}

fn is_recent_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found: [u32; 3] = std::array::from_fn(|_| parts.next().unwrap_or(0));
    found >= OLDEST_SQLITE
}

/// Each migration runs in a transaction of its own, also on SQLite.
async fn migrate(connection: &DatabaseConnection) -> Result<(), OpenError> {
    let applied = Migrator::get_migration_models(connection).await.map_err(OpenError::Migrate)?;
    let known = Migrator::get_migration_files();
    let unknown =
        applied.into_iter().find(|row| known.iter().all(|migration| migration.name() != row.version));
    if let Some(row) = unknown {
        return Err(OpenError::Newer { migration: row.version });
    }
    Migrator::up(connection, None).await.map_err(OpenError::Migrate)
}

#[cfg(test)]
mod tests;
