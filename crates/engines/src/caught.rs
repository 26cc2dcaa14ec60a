//! Work that may panic where somebody still has to be told how it ended.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll};

/// What it comes to; `None` where it panics. The panic's text may hold anything, so it goes nowhere.
pub async fn caught<T>(work: impl Future<Output = T> + Send) -> Option<T> {
    let mut work = pin!(work);
    let poll = |context: &mut Context<'_>| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    };
    poll_fn(poll).await
}
