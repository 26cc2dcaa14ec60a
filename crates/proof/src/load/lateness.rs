//! How late this machine wakes whoever sleeps. No program on it can be quicker, so a time is read beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, eyre};

use crate::prove::suite::Figure;

/// How long the sleeper wants to sleep.
const NAP: Duration = Duration::from_millis(1);

/// A sleeper on a thread of its own, who looks at the clock when it wakes. It ends when dropped.
pub(super) struct Sleeper {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<Duration>>>,
}

impl Sleeper {
    pub(super) fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut late = Vec::new();
            while !told.load(Ordering::Relaxed) {
                let asleep = Instant::now();
                std::thread::sleep(NAP);
                late.push(asleep.elapsed().saturating_sub(NAP));
            }
            late
        });
        Self { over, thread: Some(thread) }
    }

    /// Wakes it for good, and tells how late it woke before.
    pub(super) fn stop(mut self) -> Result<Figure> {
        self.over.store(true, Ordering::Relaxed);
        let thread = self.thread.take().map(JoinHandle::join);
        let mut late = thread.and_then(Result::ok).ok_or_else(|| eyre!("the sleeper panicked"))?;
        late.sort_unstable();
        let at =
            |share: usize| late.get(late.len() * share / 100).or(late.last()).copied().unwrap_or_default();
        let found = format!("p99 {:.1?}, at most {:.1?}", at(99), at(100));
        Ok(Figure::told("how late the machine woke a sleeper meanwhile", found))
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
