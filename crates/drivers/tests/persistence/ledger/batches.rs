//! Many callers, one commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portcullis_drivers::database::DatabaseOptions;
use portcullis_drivers::ledger::{LedgerMeter, SqlLedger};
use portcullis_schemas::logs::ledger::Recorded;
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::{PortErrorKind, codes};
use portcullis_testkit::fixtures;
use tokio::task::JoinHandle;

use crate::engine::Engine;
use crate::scene::{Scene, spawn};

on_both_engines! {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    concurrent_records_form_one_chain;
    #[tokio::test]
    one_bad_value_of_a_batch_fails_alone;
    #[tokio::test]
    an_event_without_canonical_form_fails_alone_too;
    #[tokio::test]
    a_caller_who_gave_up_before_the_transaction_began_leaves_nothing;
    #[tokio::test]
    a_tenant_that_is_not_free_in_time_is_refused;
    #[tokio::test]
    a_full_queue_refuses_at_once;
}

/// Lets every spawned task run until it waits for the database. The tests below run on one thread.
async fn settle_down() {
    for _ in 0..2000 {
        tokio::task::yield_now().await;
    }
}

async fn concurrent_records_form_one_chain(engine: Engine) {
    let scene = Arc::new(Scene::on(engine).await);
    let tasks: Vec<_> = (0..200).map(|_| spawn(&scene, scene.intent())).collect();
    for task in tasks {
        assert!(matches!(task.await.unwrap(), Ok(Recorded::Receipt(_))));
    }
    assert_eq!(scene.verified().await, 400);
}

async fn one_bad_value_of_a_batch_fails_alone(engine: Engine) {
    let scene = Arc::new(Scene::on(engine).await);
    let busy = scene.occupied().await;
    let first = scene.intent();
    let mut poisoned = scene.intent();
    poisoned.events[1].event_id = first.events[0].event_id.clone();
    let first = spawn(&scene, first);
    settle_down().await;
    // The writer waits with the first value; these five make the next batch.
    let before: Vec<_> = (0..2).map(|_| spawn(&scene, scene.intent())).collect();
    let (poisoned, bad) = (poisoned.intent_id.clone(), spawn(&scene, poisoned));
    let after: Vec<_> = (0..2).map(|_| spawn(&scene, scene.intent())).collect();
    settle_down().await;
    drop(busy);

    for task in [first].into_iter().chain(before).chain(after) {
        assert!(matches!(task.await.unwrap(), Ok(Recorded::Receipt(_))));
    }
    let error = bad.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.code()), (PortErrorKind::Unavailable, codes::AUDIT_UNAVAILABLE));
    assert_eq!(scene.verified().await, 10, "five intents of two events; nothing of the bad one");
    let open = scene.ledger.abandoned(fixtures::time(1_000_000), 100).await.unwrap();
    assert_eq!(open.len(), 5);
    assert!(open.iter().all(|intent| intent.intent_id != poisoned));
}

async fn an_event_without_canonical_form_fails_alone_too(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let left_out = Arc::new(LeftOut::default());
    scene.ledger = SqlLedger::start_metered(scene.database.clone(), left_out.clone());
    let scene = Arc::new(scene);
    let mut bad = scene.intent();
    bad.events[0].facts.insert("nanoseconds".to_owned(), u64::MAX.into());
    let (bad, good) = (spawn(&scene, bad), spawn(&scene, scene.intent()));
    assert_eq!(bad.await.unwrap().unwrap_err().code(), codes::AUDIT_UNAVAILABLE);
    assert!(good.await.unwrap().is_ok());
    assert_eq!(scene.verified().await, 2);
    assert_eq!(left_out.0.load(Ordering::Relaxed), 1, "the operator's numbers tell of it");
}

/// Counts what was left out of batches.
#[derive(Default)]
struct LeftOut(AtomicUsize);

impl LedgerMeter for LeftOut {
    fn waiting(&self, _: usize) {}

    fn committed(&self, _: usize, _: Duration, written: bool) {
        assert!(written, "the others of the batch are committed");
    }

    fn left_out(&self, values: usize) {
        self.0.fetch_add(values, Ordering::Relaxed);
    }
}

async fn a_caller_who_gave_up_before_the_transaction_began_leaves_nothing(engine: Engine) {
    let scene = Arc::new(Scene::on(engine).await);
    let busy = scene.occupied().await;
    let gone = spawn(&scene, scene.intent());
    settle_down().await;
    gone.abort();
    settle_down().await;
    drop(busy);
    scene.record(scene.intent()).await;
    assert_eq!(scene.verified().await, 2);
}

async fn a_tenant_that_is_not_free_in_time_is_refused(engine: Engine) {
    let scene = Scene::on(engine).await;
    let busy = scene.occupied().await;
    let error = scene.ledger.record(&scene.tenant, scene.intent()).await.unwrap_err();
    assert_eq!(error.code(), codes::AUDIT_UNAVAILABLE);
    drop(busy);
    scene.ledger.ready().await.unwrap();
    assert_eq!(scene.verified().await, 0);
}

#[tokio::test]
async fn a_store_that_is_not_free_in_time_is_not_ready() {
    let options = DatabaseOptions { wait: Duration::from_millis(200), ..DatabaseOptions::default() };
    let scene = Scene::with(Engine::Sqlite, options).await;
    let busy = scene.occupied().await;
    let error = scene.ledger.ready().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (PortErrorKind::Unavailable, codes::AUDIT_UNAVAILABLE));
    drop(busy);
    scene.ledger.ready().await.unwrap();
}

async fn a_full_queue_refuses_at_once(engine: Engine) {
    let scene = Arc::new(Scene::on(engine).await);
    let busy = scene.occupied().await;
    let tasks: Vec<_> = (0..1400).map(|_| spawn(&scene, scene.intent())).collect();
    settle_down().await;
    let (refused, waiting): (Vec<_>, Vec<_>) = tasks.into_iter().partition(JoinHandle::is_finished);
    assert!(
        (1..=376).contains(&refused.len()),
        "1024 fit into the queue, at most 256 are in the writer's hand"
    );
    for task in refused {
        let error = task.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.code()), (PortErrorKind::Unavailable, codes::AUDIT_UNAVAILABLE));
    }
    waiting.iter().for_each(JoinHandle::abort);
    drop(busy);
}
