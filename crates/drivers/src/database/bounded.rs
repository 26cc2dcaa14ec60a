//! A connection on which no statement waits for ever: a database that hangs must not hang its callers.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

/// What is said of a statement that got no answer.
const UNANSWERED: &str = "the database did not answer in time";

/// A connection, pool or transaction, and how long each statement on it may take.
#[derive(Debug)]
pub struct Bounded<C> {
    connection: C,
    wait: Duration,
    failed: AtomicBool,
}

impl<C> Bounded<C> {
    pub(super) fn new(connection: C, wait: Duration) -> Self {
        Self { connection, wait, failed: AtomicBool::new(false) }
    }

    pub(super) fn connection(&self) -> &C {
        &self.connection
    }

    pub(super) fn into_connection(self) -> C {
        self.connection
    }

    /// Whether a statement has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}

impl<C: Sync> Bounded<C> {
    async fn watch<T>(&self, answer: impl Future<Output = Result<T, DbErr>> + Send) -> Result<T, DbErr> {
        let answer = within(self.wait, answer).await;
        if answer.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        answer
    }
}

#[async_trait::async_trait]
impl<C: ConnectionTrait + Send> ConnectionTrait for Bounded<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.watch(self.connection.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.watch(self.connection.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.watch(self.connection.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.watch(self.connection.query_all_raw(statement)).await
    }
}

/// The answer, or the end of patience.
pub(super) async fn within<T>(
    wait: Duration,
    answer: impl Future<Output = Result<T, DbErr>> + Send,
) -> Result<T, DbErr> {
    match tokio::time::timeout(wait, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(DbErr::Custom(UNANSWERED.to_owned())),
    }
}
