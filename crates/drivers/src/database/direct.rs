//! SQLite without a thread of its own: a statement runs where it is asked for. Only the ledger has such a connection, and
//! the ledger's thread has nothing else to do meanwhile.
//!
//! The pool's connections live on threads of their own, so that each statement costs two switches between threads; for
//! the small transactions of the ledger these took longer than what SQLite does.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags};
use sea_orm::{DbBackend, DbErr, Statement};

use self::failure::db_error;
use self::values::{bind, read, values};
use super::session::{Row, Session};
use super::turns::Turn;

mod failure;
mod values;

/// Texts that stay prepared: those of the ledger, in the few sizes that `bulk` makes of each.
const PREPARED: usize = 256;
/// What is said to a transaction that SQLite has taken back.
const TAKEN_BACK: &str = "the database has taken the transaction back";
/// What is said to one of which a statement failed.
const FAILED: &str = "a statement of the transaction failed, so nothing was committed";

/// The connection. Whoever begins a transaction on it has the turn of SQLite's one writer, so there is one at a time.
pub(super) struct Direct {
    file: PathBuf,
    /// Statements that give a new connection its settings.
    settings: String,
    /// None from when it broke to the next beginning, and after the end.
    connection: Mutex<Option<Connection>>,
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Direct(..)")
    }
}

impl Direct {
    /// Connects to a file that is there.
    pub(super) fn open(file: PathBuf, settings: String) -> Result<Arc<Self>, DbErr> {
        let connection = connect(&file, &settings).map_err(db_error)?;
        Ok(Arc::new(Self { file, settings, connection: Mutex::new(Some(connection)) }))
    }

    /// Begins a transaction that has the write lock; `wait` is for another process that has it.
    pub(super) fn begin(self: &Arc<Self>, wait: Duration, turn: Turn) -> Result<DirectTransaction, DbErr> {
        let mut held = self.held();
        if held.is_none() {
            *held = Some(connect(&self.file, &self.settings).map_err(db_error)?);
        }
        let begun = on(&held, |connection| {
            connection.busy_timeout(wait)?;
            run(connection, "BEGIN IMMEDIATE")
        });
        drop(held);
        begun.map(|()| DirectTransaction::new(self, 0, turn))
    }

    /// Ends the connection.
    pub(super) fn close(&self) {
        drop(self.held().take());
    }

    fn held(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A transaction, or a savepoint within one. Dropping it takes everything back.
#[derive(Debug)]
pub(crate) struct DirectTransaction {
    direct: Arc<Direct>,
    /// How many it is within.
    depth: usize,
    open: bool,
    failed: AtomicBool,
    /// Ends when it is dropped, after the rollback.
    _turn: Turn,
}

impl DirectTransaction {
    fn new(direct: &Arc<Direct>, depth: usize, turn: Turn) -> Self {
        Self { direct: Arc::clone(direct), depth, open: true, failed: AtomicBool::new(false), _turn: turn }
    }

    /// A savepoint within it.
    pub(super) fn savepoint(&self) -> Result<Self, DbErr> {
        let depth = self.depth + 1;
        self.within(|connection| run(connection, &format!("SAVEPOINT nested_{depth}")))?;
        Ok(Self::new(&self.direct, depth, None))
    }

    /// Makes it durable, or what it did a part of the transaction that it is within.
    pub(super) fn commit(mut self) -> Result<(), DbErr> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(DbErr::Custom(FAILED.to_owned()));
        }
        let sql = match self.depth {
            0 => "COMMIT".to_owned(),
            depth => format!("RELEASE nested_{depth}"),
        };
        self.within(|connection| run(connection, &sql))?;
        self.open = false;
        Ok(())
    }

    /// Takes everything back.
    pub(super) fn rollback(mut self) -> Result<(), DbErr> {
        self.open = false;
        self.take_back()
    }

    fn take_back(&self) -> Result<(), DbErr> {
        let mut held = self.direct.held();
        let taken_back = on(&held, |connection| match self.depth {
            // When the disk fails, SQLite takes a transaction back by itself.
            _ if connection.is_autocommit() => Ok(()),
            0 => run(connection, "ROLLBACK"),
            depth => connection.execute_batch(&format!("ROLLBACK TO nested_{depth}; RELEASE nested_{depth}")),
        });
        if taken_back.is_err() {
            // Nothing of it may become durable with what comes next; its end takes it back.
            *held = None;
        }
        taken_back
    }

    /// Does something within the transaction, and nothing where there is none any more: it would be durable at once.
    fn within<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, DbErr> {
        let held = self.direct.held();
        let done = match &*held {
            Some(connection) if !connection.is_autocommit() => work(connection).map_err(db_error),
            _ => Err(DbErr::Custom(TAKEN_BACK.to_owned())),
        };
        if done.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        done
    }
}

#[async_trait]
impl Session for DirectTransaction {
    fn engine(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    fn repeats(&self) -> bool {
        true
    }

    async fn execute(&self, statement: Statement) -> Result<u64, DbErr> {
        self.within(|connection| {
            let mut prepared = connection.prepare_cached(&statement.sql)?;
            let values = values(&statement);
            if values.is_empty() {
                return prepared.raw_execute().map(|changed| changed as u64);
            }
            let mut changed = 0;
            for some in values.chunks(prepared.parameter_count().max(1)) {
                bind(&mut prepared, some)?;
                changed += prepared.raw_execute()? as u64;
            }
            Ok(changed)
        })
    }

    async fn query(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        self.within(|connection| {
            let mut prepared = connection.prepare_cached(&statement.sql)?;
            bind(&mut prepared, values(&statement))?;
            prepared.raw_query().mapped(read).collect()
        })
    }
}

impl Drop for DirectTransaction {
    fn drop(&mut self) {
        if self.open
            && let Err(error) = self.take_back()
        {
            tracing::warn!(%error, "a transaction of the ledger could not be taken back");
        }
    }
}

fn on<T>(
    held: &Option<Connection>,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, DbErr> {
    let Some(connection) = held else { return Err(DbErr::Custom(TAKEN_BACK.to_owned())) };
    work(connection).map_err(db_error)
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// The file is not created: the writer has done so, and has brought its schema up to date.
fn connect(file: &Path, settings: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.execute_batch(settings)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(connection)
}

#[cfg(test)]
mod tests;
