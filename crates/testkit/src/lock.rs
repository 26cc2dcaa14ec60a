//! Locks that go on after a test has panicked while holding them.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whatever happened to the holder before: suites panic on purpose.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
