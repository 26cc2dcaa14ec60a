//! The end of a caller's patience.
//!
//! Every wait of a call gets what is left of its time: the queue, the opening of its credential, the exchange with the
//! upstream and all within it. What has an end of its own (the database, the ledger) may end later than that, so the
//! dispatch as a whole is bounded too: its caller is told in time, while its task goes on until the outcome is on record.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use portcullis_schemas::codes;
use portcullis_schemas::{Error, ErrorKind, PortError, PortErrorKind};
use tokio::time::timeout;

use crate::scene::Scene;

/// How long after the deadline an outcome may still become durable before the caller is told without it. A commit
/// takes milliseconds; the answer that says what happened is worth them. What is left of the 250 ms that callers are
/// promised is for the way back.
const SETTLING: Duration = Duration::from_millis(100);

/// The record that tells more of a dispatch, as soon as there will be one. The one named last counts.
pub(crate) type Noted = Mutex<Option<(&'static str, String)>>;

/// For as long as a port works for one dispatch, before anything was sent to the server that it is for.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    pub(crate) scene: Scene,
    /// Of the whole dispatch.
    pub(crate) longest: Duration,
}

impl Patience {
    /// What the work gives while its caller waits; after that it is dropped, or not even begun.
    ///
    /// # Errors
    /// `deadline_exceeded`, `cancelled`.
    pub(crate) async fn outlast<T>(&self, work: impl Future<Output = T> + Send) -> Result<T, PortError> {
        let left = self.scene.left(self.longest);
        let late = || PortError::new(PortErrorKind::Timeout, codes::DEADLINE_EXCEEDED, "no time was left");
        if left.is_zero() {
            return Err(late());
        }
        tokio::select! {
            biased;
            why = self.scene.unawaited() => Err(PortError::new(PortErrorKind::Unavailable, why.code, why.detail)),
            done = timeout(left, work) => done.map_err(|_| late()),
        }
    }
}

/// The shorter of what the operation and the caller allow.
pub(crate) fn budget(operation: Option<Duration>, asked: Option<Duration>) -> Option<Duration> {
    match (operation, asked) {
        (Some(operation), Some(asked)) => Some(operation.min(asked)),
        (one, other) => one.or(other),
    }
}

/// What the work answers, or that it did not answer in time.
///
/// # Errors
/// `deadline_exceeded`, with the record to look at.
pub(crate) async fn within<T>(
    budget: Option<Duration>,
    noted: &Noted,
    work: impl Future<Output = T> + Send,
) -> Result<T, Error> {
    let Some(budget) = budget else { return Ok(work.await) };
    timeout(budget.saturating_add(SETTLING), work).await.map_err(|_| {
        let message = "the deadline passed while it was under way; it ends on record, so look there before you \
            repeat it";
        let error = Error::new(ErrorKind::Timeout, codes::DEADLINE_EXCEEDED, message);
        match &*noted.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((name, id)) => error.with_reference(name, id),
            None => error,
        }
    })
}

/// The time was over before anything was recorded or sent.
pub(crate) fn exceeded() -> Error {
    let message = "the deadline passed before it was begun; nothing was done, so it may be sent again";
    Error::new(ErrorKind::Timeout, codes::DEADLINE_EXCEEDED, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_time_counts() {
        let seconds = |count| Some(Duration::from_secs(count));
        let table = [
            (None, None, None),
            (seconds(30), None, seconds(30)),
            (None, seconds(5), seconds(5)),
            (seconds(30), seconds(5), seconds(5)),
            (seconds(30), seconds(60), seconds(30)),
        ];
        for (operation, asked, expected) in table {
            assert_eq!(budget(operation, asked), expected, "{operation:?} {asked:?}");
        }
    }

    #[tokio::test]
    async fn a_late_answer_is_replaced_by_where_to_look() {
        let noted = Noted::new(Some(("invocation_id", "inv_1".to_owned())));
        let error = within(Some(Duration::ZERO), &noted, std::future::pending::<()>()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Timeout, codes::DEADLINE_EXCEEDED));
        assert_eq!(error.reference(), Some(("invocation_id", "inv_1")));
    }
}
