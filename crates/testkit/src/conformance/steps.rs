//! The steps that suites are made of.

use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use portcullis_schemas::codes::Code;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::paging::{Cursor, PageLimit};
use portcullis_schemas::store::{Store, UnitOfWork};
use portcullis_schemas::{PortError, PortErrorKind};

use crate::fixtures;
use crate::ids::UniqueIds;

/// Ids that no run has given before.
pub(crate) static IDS: UniqueIds = UniqueIds;

/// Does one thing in a unit of work of its own, and commits it.
macro_rules! committed {
    ($store:expr, $what:literal, $unit:ident => $step:expr) => {{
        let mut $unit = $crate::conformance::steps::writing($store).await;
        let answer = $crate::conformance::steps::done($what, $step.await);
        $crate::conformance::steps::commit($unit).await;
        answer
    }};
}

/// Tries one thing in a unit of work of its own; commits it if it was let through.
macro_rules! attempted {
    ($store:expr, $unit:ident => $step:expr) => {{
        let mut $unit = $crate::conformance::steps::writing($store).await;
        let answer = $step.await;
        if answer.is_ok() {
            $crate::conformance::steps::commit($unit).await;
        }
        answer
    }};
}

/// Reads one thing from what is committed.
macro_rules! seen {
    ($store:expr, $what:literal, $unit:ident => $step:expr) => {{
        let mut $unit = $crate::conformance::steps::reading($store).await;
        $crate::conformance::steps::done($what, $step.await)
    }};
}

/// Reads all pages of a list with pages of this size, and checks that each but the last is full.
macro_rules! walked {
    ($size:literal, $request:ident => $list:expr) => {{
        let mut items = Vec::new();
        let mut cursor = None;
        loop {
            let limit = $crate::conformance::steps::page_limit($size);
            let $request = portcullis_schemas::paging::PageRequest::new(Some(limit), cursor.take());
            let page = $crate::conformance::steps::done("a page of a list", $list.await);
            assert!(page.items.len() <= $size, "a page holds more than its limit");
            let full = page.items.len() == $size;
            items.extend(page.items);
            assert!(items.len() < 100_000, "the pages of a list do not end");
            let Some(next) = page.next_cursor else { break };
            assert!(full, "a page with a next one is not full");
            cursor = Some($crate::conformance::steps::cursor(&next));
        }
        items
    }};
}

/// A unit of work that may write.
pub(crate) async fn writing(store: &dyn Store) -> Box<dyn UnitOfWork> {
    done("opening a unit of work", store.begin().await)
}

/// A unit of work that reads.
pub(crate) async fn reading(store: &dyn Store) -> Box<dyn UnitOfWork> {
    done("opening a unit of work that reads", store.read().await)
}

/// Commits.
pub(crate) async fn commit(unit: Box<dyn UnitOfWork>) {
    done("committing", unit.commit().await);
}

/// The value of a step that must work.
pub(crate) fn done<T>(what: &str, result: Result<T, PortError>) -> T {
    result.unwrap_or_else(|error| panic!("{what} must work, but: {error:?}"))
}

/// The failure of a step that must not work.
pub(crate) fn refused<T: Debug>(what: &str, result: Result<T, PortError>) -> PortError {
    match result {
        Ok(answer) => panic!("{what} must be refused, but it answered {answer:?}"),
        Err(error) => error,
    }
}

/// Checks for a conflict of this code.
pub(crate) fn conflict<T: Debug>(what: &str, result: Result<T, PortError>, code: Code) {
    let error = refused(what, result);
    assert_eq!((error.kind(), error.code()), (PortErrorKind::Conflict, code), "{what}");
}

/// A page's limit.
pub(crate) fn page_limit(size: u16) -> PageLimit {
    PageLimit::new(size).unwrap_or_default()
}

/// The cursor of a page, which must be of the grammar that requests accept.
pub(crate) fn cursor(text: &str) -> Cursor {
    Cursor::new(text)
        .unwrap_or_else(|_| panic!("a next_cursor must be 1 to 128 of letters, digits, `_`, `-`"))
}

/// Two fresh tenants: the one whose rows are written, and the one that must see nothing of them.
pub(crate) async fn two_tenants(store: &dyn Store) -> (TenantId, TenantId) {
    (fixtures::seed_tenant(store, &IDS).await, fixtures::seed_tenant(store, &IDS).await)
}

/// A future to run beside others.
pub(crate) type Running<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs futures side by side in this task, and returns their answers in order.
pub(crate) async fn concurrently<T: Send>(mut running: Vec<Running<'_, T>>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut pending = false;
        for (future, answer) in running.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_none()) {
            match future.as_mut().poll(context) {
                Poll::Ready(value) => *answer = Some(value),
                Poll::Pending => pending = true,
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    answers.into_iter().flatten().collect()
}
