//! Whose turn it is to write. SQLite has one writer, and its lock is no queue: whoever finds it taken asks again after
//! a while, and may find it taken by one who came later. PostgreSQL has writers enough.

use std::sync::Arc;

use sea_orm::DbErr;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A queue in front of the write lock, or none.
#[derive(Clone)]
pub(super) struct Turns(Option<Arc<Semaphore>>);

/// Ends when it is dropped, which must be after the transaction's end.
pub(super) type Turn = Option<OwnedSemaphorePermit>;

impl Turns {
    /// One after the other, in the order of asking.
    pub(super) fn one_at_a_time() -> Self {
        Self(Some(Arc::new(Semaphore::new(1))))
    }

    /// Nobody waits here.
    pub(super) fn all_at_once() -> Self {
        Self(None)
    }

    /// Waits for one's turn.
    pub(super) async fn take(&self) -> Result<Turn, DbErr> {
        let Some(queue) = &self.0 else { return Ok(None) };
        let turn = Arc::clone(queue).acquire_owned().await;
        turn.map(Some).map_err(|_| DbErr::Custom("the database was closed".to_owned()))
    }

    /// Waits for the transaction that runs. Nobody gets a turn after it.
    pub(super) async fn end(&self) {
        let last = self.take().await;
        if let Some(queue) = &self.0 {
            queue.close();
        }
        drop(last);
    }
}
