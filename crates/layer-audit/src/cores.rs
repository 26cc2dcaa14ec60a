//! Work on all cores, with the results in the order of what was worked on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What `work` makes of each item. An error is the panic of a worker.
pub(crate) fn on_all_cores<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> thread::Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let take = || {
        let at = next.fetch_add(1, Ordering::Relaxed);
        items.get(at).map(|item| (at, work(item)))
    };
    let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get).min(items.len());
    let parts: Vec<Vec<(usize, R)>> = thread::scope(|scope| {
        let handles: Vec<_> =
            (0..workers).map(|_| scope.spawn(|| std::iter::from_fn(take).collect())).collect();
        handles.into_iter().map(thread::ScopedJoinHandle::join).collect::<thread::Result<_>>()
    })?;
    let mut done: Vec<(usize, R)> = parts.into_iter().flatten().collect();
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..500).collect();
        let squares = on_all_cores(&items, |item| item * item).expect("nobody panics");
        assert_eq!(squares, items.iter().map(|item| item * item).collect::<Vec<_>>());
        assert_eq!(on_all_cores(&[], |item: &u64| *item).expect("nothing to do"), Vec::<u64>::new());
    }

    #[test]
    fn a_panic_is_an_error() {
        assert!(on_all_cores(&[1, 2], |item| assert_ne!(*item, 2)).is_err());
    }
}
