//! The fence, leases, and intents that nobody settles.

use std::time::Duration;

use portcullis_schemas::codes;
use portcullis_schemas::incidents::IncidentStatus;
use portcullis_schemas::integrations::mcp::invocation::InvocationOutcome;
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::logs::ledger::{AbandonedIntent, IntentSubject, LEASE};
use portcullis_schemas::logs::ports::{EventFilter, Ledger};
use portcullis_schemas::paging::PageRequest;
use portcullis_schemas::store::Store;
use portcullis_testkit::fixtures;
use sea_orm::ConnectionTrait;

use crate::engine::Engine;
use crate::scene::Scene;

on_both_engines! {
    #[tokio::test]
    of_two_settlements_one_is_written;
    #[tokio::test]
    intents_are_abandoned_when_the_lease_has_run_out_and_not_before;
    #[tokio::test]
    an_intent_that_cannot_be_read_takes_no_place;
    #[tokio::test]
    a_settlement_that_fails_leaves_its_intent_to_recovery_at_once;
    #[tokio::test]
    incidents_of_settlements_join_and_leave_one_event;
}

async fn of_two_settlements_one_is_written(engine: Engine) {
    let scene = Scene::on(engine).await;
    let (receipt, facts) = scene.recorded().await;
    let one = scene.settlement(&receipt, &facts, InvocationOutcome::Success);
    let two = scene.settlement(&receipt, &facts, InvocationOutcome::Unknown);
    let (one, two) = tokio::join!(scene.ledger.settle(&receipt, one), scene.ledger.settle(&receipt, two));
    let refused = [one.err(), two.err()].into_iter().flatten().map(|error| error.code()).collect::<Vec<_>>();
    assert_eq!(refused, [codes::INTENT_CLOSED]);
    assert_eq!(scene.verified().await, 3);
}

async fn intents_are_abandoned_when_the_lease_has_run_out_and_not_before(engine: Engine) {
    let scene = Scene::on(engine).await;
    let until = fixtures::time(10).plus(LEASE);
    scene.ledger.renew_lease(&scene.instance, until).await.unwrap();
    let (receipt, facts) = scene.recorded().await;
    assert!(scene.ledger.abandoned(fixtures::time(12), 10).await.unwrap().is_empty());
    assert!(scene.ledger.abandoned(until, 10).await.unwrap().is_empty());

    let late = until.plus(Duration::from_micros(1));
    let found = scene.ledger.abandoned(late, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].subject, IntentSubject::Invocation(Box::new(facts.clone())));
    let taken = scene.ledger.take_over(&scene.tenant, &found[0]).await.unwrap();
    scene.ledger.settle(&taken, scene.settlement(&taken, &facts, InvocationOutcome::Unknown)).await.unwrap();

    assert!(scene.ledger.abandoned(late, 10).await.unwrap().is_empty());
    let again = scene.ledger.take_over(&scene.tenant, &found[0]).await.unwrap_err();
    assert_eq!(again.code(), codes::INTENT_CLOSED);
    let late = scene.settlement(&receipt, &facts, InvocationOutcome::Success);
    assert_eq!(scene.ledger.settle(&receipt, late).await.unwrap_err().code(), codes::INTENT_CLOSED);
}

async fn an_intent_that_cannot_be_read_takes_no_place(engine: Engine) {
    let scene = Scene::on(engine).await;
    let mut recorded = Vec::new();
    for _ in 0..5 {
        recorded.push(scene.recorded().await.0.intent().clone());
    }
    recorded.sort();
    let spoilt = format!("UPDATE open_intents SET tenant_id = '?' WHERE intent_id < '{}'", recorded[3]);
    scene.database.writer().execute_unprepared(&spoilt).await.unwrap();
    let found = async |limit| scene.ledger.abandoned(fixtures::time(1_000), limit).await.unwrap();
    let ids = |found: Vec<AbandonedIntent>| found.into_iter().map(|one| one.intent_id).collect::<Vec<_>>();
    assert_eq!(ids(found(1).await), recorded[3..4]);
    assert_eq!(ids(found(2).await), recorded[3..]);
    assert_eq!(ids(found(9).await), recorded[3..]);
}

async fn a_settlement_that_fails_leaves_its_intent_to_recovery_at_once(engine: Engine) {
    let scene = Scene::on(engine).await;
    let far = fixtures::time(1_000);
    scene.ledger.renew_lease(&scene.instance, far).await.unwrap();
    let (receipt, facts) = scene.recorded().await;
    let mut bad = scene.settlement(&receipt, &facts, InvocationOutcome::Success);
    bad.events.push(bad.events[0].clone());
    assert_eq!(scene.ledger.settle(&receipt, bad).await.unwrap_err().code(), codes::AUDIT_UNAVAILABLE);
    assert_eq!(scene.verified().await, 2, "nothing of the settlement is there");

    scene.ledger.renew_lease(&scene.instance, far).await.unwrap();
    let found = scene.ledger.abandoned(fixtures::time(2), 10).await.unwrap();
    assert_eq!(found.iter().map(|intent| &intent.intent_id).collect::<Vec<_>>(), [receipt.intent()]);
}

async fn incidents_of_settlements_join_and_leave_one_event(engine: Engine) {
    let scene = Scene::on(engine).await;
    let mut stored = Vec::new();
    for _ in 0..2 {
        let (receipt, facts) = scene.recorded().await;
        let mut failed = scene.settlement(&receipt, &facts, InvocationOutcome::Failure);
        failed.incident = Some(fixtures::new_incident(&scene.ids, "invocation_failed:tool", 5));
        scene.ledger.settle(&receipt, failed).await.unwrap();
        let mut unit = scene.store.read().await.unwrap();
        let row = unit.mcp_invocations().get(&scene.tenant, &facts.invocation_id).await.unwrap().unwrap();
        stored.push(row.incident_id.unwrap());
    }
    assert_eq!(stored[0], stored[1]);
    let mut unit = scene.store.read().await.unwrap();
    let open = unit
        .incidents()
        .list(&scene.tenant, Some(IncidentStatus::Open), &PageRequest::default())
        .await
        .unwrap();
    assert_eq!(open.items.iter().map(|incident| incident.occurrences).collect::<Vec<_>>(), [2]);
    let filter =
        EventFilter { types: vec![AuditEventType::IncidentOpened], subject: Some(stored[0].to_string()) };
    let events = unit.audit_log().list(&scene.tenant, &filter, &PageRequest::default()).await.unwrap();
    assert_eq!(events.items.len(), 1);
    assert_eq!(events.items[0].actor.name, "portcullis");
}
