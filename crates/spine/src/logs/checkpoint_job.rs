//! The checkpoints' place beside the dispatches.

use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, timeout};

use super::checkpoints::Checkpointer;
use crate::scene::Stage;

/// How often it is looked whether a checkpoint is due.
const LOOK: Duration = Duration::from_secs(1);
/// The longest that a look may take; the first one of an old database makes many checkpoints.
const LOOK_TIME: Duration = Duration::from_secs(300);
/// What is wrong is told again after so many looks.
const SILENT_LOOKS: u32 = 60;

/// Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct CheckpointJob {
    task: JoinHandle<()>,
}

impl Drop for CheckpointJob {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts looking, if these ports sign checkpoints.
pub(crate) fn start(stage: &Stage) -> Option<CheckpointJob> {
    let checkpointer = Checkpointer::new(&stage.ports, stage.options.checkpoints.clone())?;
    Some(CheckpointJob { task: tokio::spawn(keep_looking(checkpointer)) })
}

/// Each look is a task of its own: signer and sink may be an embedder's, and one that panics is tried again.
async fn keep_looking(checkpointer: Checkpointer) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut complaints = Complaints::default();
    let mut looks = JoinSet::new();
    loop {
        tick.tick().await;
        let fresh = checkpointer.clone();
        looks.spawn(async move { timeout(LOOK_TIME, fresh.look()).await });
        let complaint = match looks.join_next().await {
            Some(Ok(Ok(Ok(_)))) | None => None,
            Some(Ok(Ok(Err(error)))) => Some(error.to_string()),
            Some(Ok(Err(_))) => Some("making a checkpoint took too long; it is tried again".to_owned()),
            Some(Err(_)) => Some("making a checkpoint panicked; it is tried again".to_owned()),
        };
        if let Some(complaint) = complaints.hear(complaint) {
            tracing::error!(
                complaint,
                "the trail is recorded, but no checkpoint proves it: an operator is needed"
            );
        }
    }
}

/// Says what is wrong once, and again each minute for as long as it lasts.
#[derive(Debug, Default)]
struct Complaints {
    last: Option<String>,
    silent: u32,
}

impl Complaints {
    fn hear(&mut self, complaint: Option<String>) -> Option<String> {
        let is_known = complaint == self.last;
        self.silent = if is_known { self.silent + 1 } else { 0 };
        if is_known && self.silent < SILENT_LOOKS {
            return None;
        }
        self.silent = 0;
        self.last = complaint;
        self.last.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_told_once_a_minute() {
        let mut complaints = Complaints::default();
        let mut hear = |text: Option<&str>| complaints.hear(text.map(ToOwned::to_owned)).is_some();
        assert!(!hear(None));
        assert!(hear(Some("a")));
        assert!((0..59).all(|_| !hear(Some("a"))));
        assert!(hear(Some("a")));
        assert!(hear(Some("b")));
        assert!(!hear(None));
        assert!(hear(Some("b")));
    }
}
