//! Several replicas on one database: two ledgers and stores, each with connections of its own.

use std::sync::Arc;
use std::time::Duration;

use portcullis_schemas::api_keys::ApiKeyStatus;
use portcullis_schemas::controls::FreezeTarget;
use portcullis_schemas::ids::KeyId;
use portcullis_schemas::integrations::mcp::invocation::InvocationOutcome;
use portcullis_schemas::logs::ledger::{IntentSubject, LEASE, Recorded, Repeated};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::store::Store;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use portcullis_testkit::fixtures::{self, time};

use tokio::task::JoinHandle;

use crate::engine::Engine;
use crate::scene::{Scene, spawn};

on_both_engines! {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    records_of_two_replicas_form_one_chain;
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    batches_of_several_tenants_keep_every_chain;
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    an_idempotency_key_runs_once_over_all_replicas;
    #[tokio::test]
    a_freeze_in_one_replica_stops_the_next_record_of_the_other;
    #[tokio::test]
    a_live_replica_keeps_its_intents_and_a_dead_one_loses_them;
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    of_two_sweepers_one_closes_an_intent;
    #[tokio::test]
    units_of_work_on_one_tenant_take_turns;
}

async fn two_replicas(engine: Engine) -> [Arc<Scene>; 2] {
    let first = Scene::on(engine).await;
    let second = first.replica().await;
    [Arc::new(first), Arc::new(second)]
}

/// How many of these were recorded. On a machine that is busy with other things a few may be refused for want of time.
async fn receipts(tasks: Vec<JoinHandle<Result<Recorded, PortError>>>) -> u64 {
    let (all, mut receipts) = (tasks.len() as u64, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(Recorded::Receipt(_)) => receipts += 1,
            Ok(other) => panic!("expected a receipt, got {other:?}"),
            Err(error) => assert_eq!(error.kind(), PortErrorKind::Timeout, "{error}"),
        }
    }
    assert!(receipts * 2 > all, "{receipts} of {all} were recorded");
    receipts
}

async fn records_of_two_replicas_form_one_chain(engine: Engine) {
    let replicas = two_replicas(engine).await;
    let tasks =
        (0..100).flat_map(|_| replicas.each_ref().map(|replica| spawn(replica, replica.intent()))).collect();
    let receipts = receipts(tasks).await;
    assert!(replicas[0].verified().await >= 2 * receipts, "every receipt has its two events");
}

async fn batches_of_several_tenants_keep_every_chain(engine: Engine) {
    let first = Scene::on(engine).await;
    let second = first.replica().await;
    let mut scenes = Vec::new();
    for _ in 0..4 {
        let one = first.of_another_tenant().await;
        let other = second.of_tenant(one.tenant.clone(), one.tool.clone());
        scenes.extend([Arc::new(one), Arc::new(other)]);
    }
    // Each replica meets the tenants in another order.
    let order = (0..20).flat_map(|n| (0..8).map(move |m| (n + m * 3) % 8));
    let receipts = receipts(order.map(|n| spawn(&scenes[n], scenes[n].intent())).collect()).await;
    let mut events = 0;
    for scene in scenes.iter().step_by(2) {
        events += scene.verified().await;
    }
    assert!(events >= 2 * receipts, "every receipt has its two events");
}

async fn an_idempotency_key_runs_once_over_all_replicas(engine: Engine) {
    let replicas = two_replicas(engine).await;
    let claim = fixtures::claim(&KeyId::generate(&replicas[0].ids), "stampede", "request");
    let tasks: Vec<_> = (0..25)
        .flat_map(|_| &replicas)
        .map(|replica| {
            let mut intent = replica.intent();
            intent.idempotency = Some(claim.clone());
            spawn(replica, intent)
        })
        .collect();
    let mut receipts = 0;
    for task in tasks {
        match task.await.unwrap().unwrap() {
            Recorded::Receipt(_) => receipts += 1,
            Recorded::Repeated(Repeated::InFlight) => {}
            other => panic!("expected one receipt and requests in flight, got {other:?}"),
        }
    }
    assert_eq!((receipts, replicas[1].verified().await), (1, 2), "one receipt, and one intent's events");
}

async fn a_freeze_in_one_replica_stops_the_next_record_of_the_other(engine: Engine) {
    let [one, other] = two_replicas(engine).await;
    let intent = || {
        let mut intent = other.intent();
        intent.freeze_targets = vec![FreezeTarget::Tenant, FreezeTarget::Tool(other.tool.tool_id.clone())];
        intent
    };
    other.record(intent()).await;
    let target = FreezeTarget::Tool(one.tool.tool_id.clone());
    let mut unit = one.store.begin().await.unwrap();
    unit.kill_switch().freeze(&one.tenant, &fixtures::freeze(&one.tenant, target.clone(), 2)).await.unwrap();
    unit.commit().await.unwrap();
    let answer = other.ledger.record(&other.tenant, intent()).await.unwrap();
    assert!(matches!(&answer, Recorded::Frozen(frozen) if *frozen == target), "{answer:?}");
}

async fn a_live_replica_keeps_its_intents_and_a_dead_one_loses_them(engine: Engine) {
    let [live, dead] = two_replicas(engine).await;
    let mut kept = Vec::new();
    for replica in [&live, &dead] {
        replica.ledger.renew_lease(&replica.instance, time(10).plus(LEASE)).await.unwrap();
        kept.push(replica.recorded().await.0.intent().clone());
    }
    // One goes on, the other has stopped.
    live.ledger.renew_lease(&live.instance, time(13).plus(LEASE)).await.unwrap();
    for (now, expected) in [(12, &kept[..0]), (14, &kept[1..]), (17, &kept[..])] {
        for replica in [&live, &dead] {
            let found = replica.ledger.abandoned(time(now), 10).await.unwrap();
            let mut found: Vec<_> = found.into_iter().map(|intent| intent.intent_id).collect();
            found.sort();
            assert_eq!(found, expected, "at {now} s");
        }
    }
}

async fn of_two_sweepers_one_closes_an_intent(engine: Engine) {
    let replicas = two_replicas(engine).await;
    let mut facts = Vec::new();
    for _ in 0..20 {
        facts.push(replicas[0].recorded().await.1);
    }
    let sweep = |replica: Arc<Scene>| async move {
        let mut closed = 0;
        for intent in replica.ledger.abandoned(time(60), 100).await.unwrap() {
            let Ok(receipt) = replica.ledger.take_over(&replica.tenant, &intent).await else { continue };
            let IntentSubject::Invocation(facts) = intent.subject else {
                panic!("an invocation was recorded")
            };
            let unknown = replica.settlement(&receipt, &facts, InvocationOutcome::Unknown);
            match replica.ledger.settle(&receipt, unknown).await {
                Ok(()) => closed += 1,
                Err(error) => assert_eq!(error.code(), codes::INTENT_CLOSED),
            }
        }
        closed
    };
    let [one, other] = replicas.clone().map(|replica| tokio::spawn(sweep(replica)));
    assert_eq!(one.await.unwrap() + other.await.unwrap(), 20);
    assert!(replicas[0].ledger.abandoned(time(60), 100).await.unwrap().is_empty());
    assert_eq!(replicas[0].verified().await, 60, "two events of each intent, one of each end");
}

/// What a unit of work has read of a tenant stays true until it ends, so that of two changes none is lost.
async fn units_of_work_on_one_tenant_take_turns(engine: Engine) {
    let [one, other] = two_replicas(engine).await;
    let key = fixtures::api_key(&one.ids, &one.tenant, "agent", 0);
    let mut unit = one.store.begin().await.unwrap();
    unit.api_keys().insert(&one.tenant, &key).await.unwrap();
    unit.commit().await.unwrap();

    let mut first = one.store.begin().await.unwrap();
    let mut revoked = first.api_keys().get(&one.tenant, &key.key.key_id).await.unwrap().unwrap();
    revoked.status = ApiKeyStatus::Revoked;
    let second = {
        let (other, id) = (Arc::clone(&other), key.key.key_id.clone());
        tokio::spawn(async move {
            let mut unit = other.store.begin().await?;
            Ok::<_, PortError>(unit.api_keys().get(&other.tenant, &id).await?.unwrap().status)
        })
    };
    tokio::task::yield_now().await;
    first.api_keys().update(&one.tenant, &revoked).await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(second.await.unwrap().unwrap(), revoked.status, "the second one sees what the first one did");
}

#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_tenant_that_is_kept_busy_holds_up_nobody_else() {
    let busy = Arc::new(Scene::on(Engine::Postgres).await);
    let free = Arc::new(busy.of_another_tenant().await);
    let unit = busy.replica().await.occupied().await;
    let stuck: Vec<_> = (0..10).map(|_| spawn(&busy, busy.intent())).collect();
    for _ in 0..5 {
        let tasks: Vec<_> = (0..10).map(|_| spawn(&free, free.intent())).collect();
        for task in tasks {
            assert!(matches!(task.await.unwrap(), Ok(Recorded::Receipt(_))));
        }
    }
    for task in stuck {
        let error = task.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.code()), (PortErrorKind::Timeout, codes::AUDIT_UNAVAILABLE));
    }
    drop(unit);
    assert_eq!((free.verified().await, busy.verified().await), (100, 0));
    let first = tokio::time::timeout(Duration::from_secs(5), busy.recorded()).await;
    assert!(first.is_ok(), "the tenant is served again");
}

/// A batch is taken apart by halves: what is wrong with one tenant, and with one value of another, costs nobody else.
#[tokio::test]
#[ignore = "needs PORTCULLIS_TEST_POSTGRES_URL; .ci/run sets it"]
async fn a_kept_tenant_and_a_bad_value_hold_up_nobody_else() {
    let busy = Arc::new(Scene::on(Engine::Postgres).await);
    let free = Arc::new(busy.of_another_tenant().await);
    let unit = busy.replica().await.occupied().await;
    // The writer waits with the first value, so the others make one batch.
    let stuck = spawn(&busy, busy.intent());
    tokio::time::sleep(Duration::from_millis(20)).await;
    let intents: Vec<_> = (0..20).map(|_| free.intent()).collect();
    let mut bad = free.intent();
    bad.events[1].event_id = intents[0].events[0].event_id.clone();
    let first: Vec<_> = intents.into_iter().map(|intent| spawn(&free, intent)).collect();
    let bad = spawn(&free, bad);
    let last: Vec<_> = (0..20).map(|_| spawn(&free, free.intent())).collect();
    for task in first.into_iter().chain(last) {
        assert!(matches!(task.await.unwrap(), Ok(Recorded::Receipt(_))));
    }
    let error = bad.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.code()), (PortErrorKind::Unavailable, codes::AUDIT_UNAVAILABLE));
    assert_eq!(stuck.await.unwrap().unwrap_err().kind(), PortErrorKind::Timeout);
    drop(unit);
    assert_eq!(free.verified().await, 80);
}
