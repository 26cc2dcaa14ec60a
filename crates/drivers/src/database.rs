//! The database: SQLite in a file, or PostgreSQL. Connections for the ledger, for units of work and for reading, and a
//! schema that is brought up to date at open.
//!
//! No wait on the database is without an end: whoever asks while it hangs is told so within [`DatabaseOptions::wait`].

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_schemas::PortError;
use sea_orm::sqlx;
use sea_orm::{
    ConnectOptions, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

pub use self::bounded::Bounded;
use self::direct::Direct;
pub use self::key_fingerprints::{KnownKeys, SqlKeyFingerprints};
pub(crate) use self::record::RecordTransaction;
pub use self::roles::{InvalidRole, writer_grants};
pub(crate) use self::session::{Row, Session};
pub use self::transaction::Transaction;
use self::turns::Turns;
use crate::rows::port_error;

mod bounded;
mod direct;
mod key_fingerprints;
mod postgres;
mod record;
mod roles;
mod schema;
mod session;
mod sqlite;
mod tenant_locks;
mod transaction;
mod turns;

/// How often the first connection of a pool is tried for. A disk or a server that is busy for a second, or a server that is
/// just starting, is no reason not to start.
const ATTEMPTS: u32 = 10;
/// How long closing waits for what still runs.
const CLOSING: Duration = Duration::from_secs(5);

/// How a database is opened.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseOptions {
    /// Connections that only read; 4 unless told.
    pub readers: u32,
    /// Connections for units of work that write; 4 unless told. SQLite has one, whatever this says.
    pub writers: u32,
    /// How long to wait for a connection, for another writer, or for the answer to a statement; 900 ms unless
    /// told, so that whoever is refused for it hears of it within a second. At open up to ten times that for the first
    /// connection of each pool.
    pub wait: Duration,
    /// Whether a commit waits for the disk; true unless told. False is for measuring what that costs and for tests: a
    /// power cut may then lose the newest records of the trail.
    pub durable: bool,
    /// Whether a schema of an earlier version is brought up to date; true unless told. Otherwise it is refused, and a
    /// PostgreSQL role need not have the rights of a writer.
    pub migrate: bool,
}

impl Default for DatabaseOptions {
    fn default() -> Self {
        Self { readers: 4, writers: 4, wait: Duration::from_millis(900), durable: true, migrate: true }
    }
}

/// Why a database could not be opened. None of them repeats the URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL is not one that can be used.
    #[error(
        "database url: expected `sqlite://` and the path of a file, or `postgres://user@host/database`; an in-memory database would lose the trail, and a `vfs` of its own is not supported"
    )]
    Url,
    /// The file cannot be opened or created, or the server cannot be reached.
    #[error(
        "database: it cannot be opened: check that its folder exists and can be written to, or that the server runs and lets this user in"
    )]
    Connect(#[source] DbErr),
    /// The linked SQLite is too old.
    #[error("database: SQLite {found} is linked, expected 3.51.3 or later: build with the bundled SQLite")]
    SqliteVersion {
        /// The version that is linked.
        found: String,
    },
    /// A setting of the PostgreSQL server breaks a promise.
    #[error("database server: `{setting}` is `{found}`, expected {expected}")]
    Server {
        /// The setting, by the server's name for it.
        setting: String,
        /// What it is.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The clocks differ, so leases cannot be trusted.
    #[error(
        "database server: its clock and this machine's differ by {millis} ms, expected at most 500: synchronise both, since leases compare times of several machines"
    )]
    Clock {
        /// How far they are apart.
        millis: u64,
    },
    /// The database was written by a later version.
    #[error(
        "database: it holds migration `{migration}`, which this version does not know: run the version that wrote it, or a later one"
    )]
    Newer {
        /// The first unknown migration.
        migration: String,
    },
    /// The database was written by an earlier version, and may not be brought up to date here.
    #[error(
        "database: its schema is of an earlier version, and another process has it open: stop that one and start this version, which brings it up to date"
    )]
    Older,
    /// This role lacks a right: the schema is older and it may not change it, or it was given no rights yet.
    #[error(
        "database: this role may not read the schema or bring it up to date: start this version once as the schema's owner, then give the writer role its rights"
    )]
    Rights(#[source] DbErr),
    /// This role lacks rights of a writer: it was given none since the schema was last brought up to date.
    #[error(
        "database: this role lacks rights of a writer: {lacking}. Run what `portcullis database grants` prints as the schema's owner, with this version, after each one that migrates"
    )]
    Grants {
        /// Each right and its table.
        lacking: String,
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
    ledger: LedgerConnection,
    writer: DatabaseConnection,
    reader: Arc<Bounded<DatabaseConnection>>,
    turns: Turns,
    wait: Duration,
}

/// What an engine opens.
struct Connections {
    /// The ledger's own, so that units of work never keep it waiting for a connection.
    ledger: LedgerConnection,
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    /// Shared by ledger and units of work.
    turns: Turns,
}

#[derive(Clone)]
enum LedgerConnection {
    Pooled(DatabaseConnection),
    Direct(Arc<Direct>),
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("engine", &self.writer.get_database_backend())
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the database and brings the schema up to date. A file is created if there is none; a PostgreSQL database
    /// must be there, and of several replicas that open it at once one migrates.
    ///
    /// # Errors
    /// [`OpenError`], each with what to do. A database of a later version is left as it is.
    pub async fn open(url: &str, options: DatabaseOptions) -> Result<Self, OpenError> {
        let Connections { ledger, writer, reader, turns } = if postgres::is_url(url) {
            postgres::open(url, options).await?
        } else if sqlite::is_file(url) {
            sqlite::open(url, options).await?
        } else {
            return Err(OpenError::Url);
        };
        let reader = Arc::new(Bounded::new(reader, options.wait));
        Ok(Self { ledger, writer, reader, turns, wait: options.wait })
    }

    /// The connections on which units of work write. On SQLite it is one.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Connections that only read.
    pub fn reader(&self) -> &Bounded<DatabaseConnection> {
        &self.reader
    }

    /// A transaction that may write. On SQLite it has the write lock from the start; on PostgreSQL it takes each
    /// tenant's lock before it looks at that tenant's rows. So what it has read stays true until it ends.
    ///
    /// # Errors
    /// `Unavailable` when there is no connection, or no write lock, within [`DatabaseOptions::wait`].
    pub async fn begin_write(&self) -> Result<Transaction, PortError> {
        self.begin_writing(&self.writer).await
    }

    /// As [`Database::begin_write`], on the ledger's own connection, which waits less for a tenant's lock. On SQLite the
    /// thread that asks does the work of all that is asked of the transaction: it must have nothing else to do.
    ///
    /// # Errors
    /// As [`Database::begin_write`].
    pub(crate) async fn begin_record(&self) -> Result<RecordTransaction, PortError> {
        let direct = match &self.ledger {
            LedgerConnection::Pooled(connection) => {
                return self.begin_writing(connection).await.map(RecordTransaction::Pooled);
            }
            LedgerConnection::Direct(direct) => direct,
        };
        let asked = Instant::now();
        let turn = self.in_time(self.turns.take()).await?;
        let begun = direct.begin(self.wait.saturating_sub(asked.elapsed()), turn);
        begun.map(RecordTransaction::Direct).map_err(port_error)
    }

    /// A transaction that only reads, from one snapshot.
    ///
    /// # Errors
    /// As [`Database::begin_write`].
    pub async fn begin_read(&self) -> Result<Transaction, PortError> {
        let begun = self.in_time(begin(self.reader.connection(), TransactionOptions::default())).await?;
        Ok(Transaction::reading(begun, self.wait))
    }

    /// Closes all connections, after what runs on them has ended. On SQLite this folds the log into the file.
    pub async fn close(self) {
        let Self { ledger, writer, reader, turns, .. } = self;
        let all = async {
            let _ = reader.connection().close_by_ref().await;
            turns.end().await;
            match ledger {
                LedgerConnection::Pooled(connection) => drop(connection.close_by_ref().await),
                LedgerConnection::Direct(direct) => direct.close(),
            }
            let _ = writer.close_by_ref().await;
        };
        if tokio::time::timeout(CLOSING, all).await.is_err() {
            tracing::warn!("the database's connections were left open: something on them does not end");
        }
    }

    async fn begin_writing(&self, connection: &DatabaseConnection) -> Result<Transaction, PortError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let begun = async {
            let turn = self.turns.take().await?;
            Ok((begin(connection, options).await?, turn))
        };
        let (begun, turn) = self.in_time(begun).await?;
        Ok(Transaction::writing(begun, self.wait, turn))
    }

    async fn in_time<T>(&self, begun: impl Future<Output = Result<T, DbErr>>) -> Result<T, PortError> {
        match tokio::time::timeout(self.wait, begun).await {
            Ok(begun) => begun.map_err(port_error),
            Err(_) => Err(PortError::unavailable("no database transaction could be opened in time")),
        }
    }
}

/// The first connection of a pool. Of those that come later nobody waits for a second one: a call is refused in time.
async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    for _ in 1..ATTEMPTS {
        match sea_orm::Database::connect(options.clone()).await {
            Err(error) if is_late(&error) => {
                tracing::warn!("the database refuses connections or does not answer; trying once more")
            }
            ended => return ended,
        }
    }
    sea_orm::Database::connect(options).await
}

fn is_late(error: &DbErr) -> bool {
    let DbErr::Conn(RuntimeErr::SqlxError(cause)) = error else { return false };
    matches!(**cause, sqlx::Error::PoolTimedOut)
}

async fn begin(
    connection: &DatabaseConnection,
    options: TransactionOptions,
) -> Result<DatabaseTransaction, DbErr> {
    loop {
        match connection.begin_with_options(options).await {
            // It broke while it was idle, and nothing was done on it. It goes; the next one may be fresh.
            Err(DbErr::Query(_)) if connection.get_database_backend() == DbBackend::Postgres => {
                tokio::task::yield_now().await;
            }
            begun => return begun,
        }
    }
}

#[cfg(test)]
mod tests;
