//! The suite of [`CheckpointSink`].

use portcullis_schemas::codes;
use portcullis_schemas::logs::checkpoint::KeptCheckpoint;
use portcullis_schemas::logs::ports::CheckpointSink;

use super::steps::{conflict, done};

/// What is kept stays as it is, the newest one is told, and keeping it again is harmless. Runs on a sink that holds
/// other checkpoints, too.
pub async fn checkpoint_sink(sink: &dyn CheckpointSink) {
    let before = done("reading the newest", sink.newest().await);
    let number = before.map_or(8, |newest| newest.number + 1);
    let first = note(number, "first");
    done("keeping a checkpoint", sink.keep(&first).await);
    is_newest(sink, &first).await;
    done("keeping the same one again", sink.keep(&first).await);
    let second = note(number + 2, "second");
    done("keeping a later one", sink.keep(&second).await);
    is_newest(sink, &second).await;
    done("keeping one that was left out", sink.keep(&note(number + 1, "between")).await);
    is_newest(sink, &second).await;
    let other = sink.keep(&note(number + 2, "other")).await;
    conflict("another note under a number that is taken", other, codes::STATE_CONFLICT);
    is_newest(sink, &second).await;
}

fn note(number: u64, word: &str) -> KeptCheckpoint {
    KeptCheckpoint { number, note: format!("portcullis.example/trail\n{number}\n{word}\n\n— key sig\n") }
}

async fn is_newest(sink: &dyn CheckpointSink, expected: &KeptCheckpoint) {
    let newest = done("reading the newest", sink.newest().await);
    assert_eq!(newest.as_ref(), Some(expected), "the newest checkpoint is the one with the highest number");
}
