//! The orderly end: nothing new is dispatched, what runs ends, and what does not end in time is cut off on record.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_schemas::codes;
use portcullis_schemas::{Error, ErrorKind};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::spine::Spine;

/// How long outcomes may take to be recorded once their exchanges are cut off. The ledger gives up within 1 s.
const CUT: Duration = Duration::from_secs(2);
/// When a caller who is refused at the end may try again: the next process, or another replica, answers.
const RETRY: Duration = Duration::from_secs(1);

/// Counts what runs, and says when the end has come.
pub(crate) struct Doors {
    phase: watch::Sender<Phase>,
    running: Counter,
}

/// Counts what runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<watch::Sender<usize>>);

impl Counter {
    /// One more, until it is dropped. Also of what a dispatch has begun and does not wait for any more.
    pub(crate) fn running(&self) -> Running {
        self.0.send_modify(|count| *count += 1);
        Running { count: Arc::clone(&self.0) }
    }
}

/// In this order, and never back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    Closing,
    Cut,
}

/// One that runs.
pub(crate) struct Running {
    count: Arc<watch::Sender<usize>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.count.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// Hears when the end comes, and when exchanges are cut off.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    phase: watch::Receiver<Phase>,
}

impl Cut {
    /// Ends when nothing new is let in any more.
    pub(crate) async fn announced(&self) {
        let mut phase = self.phase.clone();
        if phase.wait_for(|phase| *phase > Phase::Open).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends when exchanges are cut off; never, if the process ends before.
    pub(crate) async fn fallen(&self) {
        let mut phase = self.phase.clone();
        if phase.wait_for(|phase| *phase == Phase::Cut).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Doors {
    pub(crate) fn open() -> Self {
        Self { phase: watch::Sender::new(Phase::Open), running: Counter::default() }
    }

    /// # Errors
    /// `shutting_down`.
    pub(crate) fn enter(&self) -> Result<Running, Error> {
        // Counted before the phase is looked at, so that whoever waits for the last one does not miss this one.
        let running = self.running.running();
        if self.is_closing() { Err(shutting_down()) } else { Ok(running) }
    }

    pub(crate) fn counter(&self) -> Counter {
        self.running.clone()
    }

    pub(crate) fn cut(&self) -> Cut {
        Cut { phase: self.phase.subscribe() }
    }

    fn is_closing(&self) -> bool {
        *self.phase.borrow() > Phase::Open
    }

    fn go_on_to(&self, next: Phase) {
        self.phase.send_if_modified(|phase| {
            let before = std::mem::replace(phase, next.max(*phase));
            before != *phase
        });
    }

    async fn empty(&self, longest: Duration) -> bool {
        let mut running = self.running.0.subscribe();
        timeout(longest, running.wait_for(|count| *count == 0)).await.is_ok()
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doors").field("phase", &*self.phase.borrow()).finish_non_exhaustive()
    }
}

impl Spine {
    /// Refuses new dispatches from now on, with `shutting_down`; what runs goes on. There is no way back.
    pub fn close(&self) {
        self.stage().doors.go_on_to(Phase::Closing);
    }

    /// Whether [`Spine::close`] was called. A closing spine is not ready.
    pub fn is_closing(&self) -> bool {
        self.stage().doors.is_closing()
    }

    /// Closes, and waits until nothing runs. After `grace` the exchanges with upstreams are cut off; their calls end as
    /// `cancelled` and are recorded, which gets 2 s more. True when everything has ended, and so is on record; what has
    /// not is closed as `unknown` by the next instance.
    pub async fn drain(&self, grace: Duration) -> bool {
        self.close();
        let doors = &self.stage().doors;
        if doors.empty(grace).await {
            return true;
        }
        tracing::warn!("calls were still under way at the end of the grace: they are cut off, on record");
        doors.go_on_to(Phase::Cut);
        doors.empty(CUT).await
    }

    /// Ends this instance's lease, so that no other instance waits until it runs out. After the last dispatch, and
    /// after the background work, which renews it.
    ///
    /// # Errors
    /// When it cannot be written; it runs out by itself then.
    pub async fn release_lease(&self) -> Result<(), Error> {
        let stage = self.stage();
        Ok(stage.ports.ledger.renew_lease(&stage.instance, stage.ports.clock.now()).await?)
    }
}

fn shutting_down() -> Error {
    let message = "this process is about to end; nothing was done, so send it again, to another replica if there is one";
    Error::new(ErrorKind::Unavailable, codes::SHUTTING_DOWN, message).with_retry_after(RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn closed_doors_let_nobody_in_and_wait_for_the_last() {
        let doors = Doors::open();
        let running = doors.enter().unwrap();
        doors.go_on_to(Phase::Closing);
        assert_eq!(doors.enter().err().map(|error| error.code()), Some(codes::SHUTTING_DOWN));
        assert!(!doors.empty(Duration::ZERO).await, "one is inside");
        drop(running);
        assert!(doors.empty(Duration::ZERO).await);
    }

    #[tokio::test]
    async fn the_phases_go_one_way() {
        let doors = Doors::open();
        let cut = doors.cut();
        doors.go_on_to(Phase::Cut);
        doors.go_on_to(Phase::Closing);
        cut.fallen().await;
        assert!(doors.is_closing());
    }
}
