//! Leases and recovery in the suite of the ledger.

use portcullis_schemas::codes;
use portcullis_schemas::ids::{InstanceId, IntentId};
use portcullis_schemas::integrations::mcp::invocation::{InvocationFacts, InvocationOutcome};
use portcullis_schemas::logs::ledger::{AbandonedIntent, Intent, LONGEST_OPEN, Settlement};

use super::ledger_scene::Scene;
use super::steps::{IDS, done, refused};
use crate::fixtures::{self, time};

/// An intent is abandoned when its instance's lease has run out, whoever asks; it can be taken over, and ends once.
pub(crate) async fn abandoned_intents_are_recovered(scene: &Scene<'_>) {
    a_lease_keeps_an_intent(scene).await;
    nothing_stays_open_for_ever(scene).await;
    recovery_wins_over_the_late(scene).await;
    abandoned_intents_come_oldest_first(scene).await;
}

async fn a_lease_keeps_an_intent(scene: &Scene<'_>) {
    let instance = InstanceId::generate(&IDS);
    renew(scene, &instance, 10).await;
    let (facts, mut intent) = scene.call(0);
    intent.instance = instance.clone();
    let receipt = scene.receipt(&intent).await;
    assert_eq!(abandoned(scene, 5, &[&intent]).await, [], "the lease holds");
    renew(scene, &instance, 20).await;
    assert_eq!(abandoned(scene, 15, &[&intent]).await, [], "it was renewed");
    let found = abandoned(scene, 30, &[&intent]).await;
    let expected = AbandonedIntent {
        tenant: scene.tenant.clone(),
        intent_id: intent.intent_id.clone(),
        subject: intent.subject.clone(),
        recorded_at: intent.recorded_at,
    };
    assert_eq!(found, [expected], "it ran out, and the intent is kept whole");
    let settlement = scene.settlement(&intent, &facts, InvocationOutcome::Success);
    done("settling", scene.settle(&receipt, &settlement).await);
    assert_eq!(abandoned(scene, 30, &[&intent]).await, [], "a settled intent is not abandoned");
}

async fn nothing_stays_open_for_ever(scene: &Scene<'_>) {
    let instance = InstanceId::generate(&IDS);
    renew(scene, &instance, 1_000_000).await;
    let (facts, mut intent) = scene.call(0);
    intent.instance = instance;
    let receipt = scene.receipt(&intent).await;
    let longest = i64::try_from(LONGEST_OPEN.as_secs()).unwrap_or(i64::MAX);
    assert_eq!(abandoned(scene, longest, &[&intent]).await, [], "its exchange may still last");
    assert_eq!(abandoned(scene, longest + 60, &[&intent]).await.len(), 1, "no exchange lasts that long");
    let settlement = scene.settlement(&intent, &facts, InvocationOutcome::Unknown);
    done("settling", scene.settle(&receipt, &settlement).await);
}

async fn recovery_wins_over_the_late(scene: &Scene<'_>) {
    let (facts, intent, found) = abandoned_call(scene).await;
    let receipt = done("taking an intent over", scene.ledger.take_over(&scene.tenant, &found).await);
    assert_eq!(
        (receipt.tenant(), receipt.intent()),
        (&scene.tenant, &intent.intent_id),
        "the receipt names both"
    );
    let unknown = scene.settlement(&intent, &facts, InvocationOutcome::Unknown);
    done("settling what was taken over", scene.settle(&receipt, &unknown).await);
    let late = scene.settlement(&intent, &facts, InvocationOutcome::Success);
    let error = refused("a settlement after recovery", scene.settle(&receipt, &late).await);
    assert_eq!(error.code(), codes::INTENT_CLOSED, "the late instance learns that it is too late");
    let row = scene.invocation(&facts.invocation_id).await;
    assert_eq!(row, unknown.invocation, "the outcome stays unknown");

    if let Ok(receipt) = scene.ledger.take_over(&scene.tenant, &found).await {
        refused("settling a closed intent that was taken over", scene.settle(&receipt, &late).await);
    }
    if let Ok(receipt) = scene.ledger.take_over(&scene.other, &found).await {
        refused("settling what was taken over for another tenant", scene.settle(&receipt, &late).await);
    }
}

async fn abandoned_intents_come_oldest_first(scene: &Scene<'_>) {
    let instance = InstanceId::generate(&IDS);
    renew(scene, &instance, 1).await;
    let server = fixtures::seed_server(scene.store, &IDS, &scene.other).await;
    let mut intents = Vec::new();
    for seconds in [3, 1, 2] {
        let (_, mut intent) = scene.call(seconds);
        intent.instance = instance.clone();
        scene.receipt(&intent).await;
        intents.push(intent);
    }
    let exchange = fixtures::exchange_intent(&IDS, &instance, &server.server_id, 4);
    done("recording an exchange", scene.ledger.record(&scene.other, exchange.clone()).await);
    intents.push(exchange);
    let found = abandoned(scene, 50, &intents.iter().collect::<Vec<_>>()).await;
    let order: Vec<&IntentId> = found.iter().map(|intent| &intent.intent_id).collect();
    let expected: Vec<&IntentId> = [1, 2, 0, 3].iter().map(|n: &usize| &intents[*n].intent_id).collect();
    assert_eq!(order, expected, "the oldest first, of all tenants, exchanges too");
    let limited = done("abandoned intents", scene.ledger.abandoned(time(50), 2).await);
    assert_eq!(limited.len(), 2, "at most as many as asked for");
    for (intent, found) in found.iter().map(|found| (&found.intent_id, found)) {
        close(scene, intent, found).await;
    }
}

/// A call whose instance has died.
async fn abandoned_call(scene: &Scene<'_>) -> (InvocationFacts, Intent, AbandonedIntent) {
    let instance = InstanceId::generate(&IDS);
    renew(scene, &instance, 1).await;
    let (facts, mut intent) = scene.call(0);
    intent.instance = instance;
    scene.receipt(&intent).await;
    let mut found = abandoned(scene, 60, &[&intent]).await;
    let found = found.pop().unwrap_or_else(|| panic!("an intent whose lease ran out must be found"));
    (facts, intent, found)
}

/// Ends an intent, so that suites leave none behind that recovery would find.
async fn close(scene: &Scene<'_>, intent: &IntentId, found: &AbandonedIntent) {
    let receipt = done("taking an intent over", scene.ledger.take_over(&found.tenant, found).await);
    let end = Settlement {
        intent_id: intent.clone(),
        events: Vec::new(),
        invocation: None,
        incident: None,
        answer: None,
        frees_key: false,
        frees_approval: None,
    };
    done("settling without a row", scene.settle(&receipt, &end).await);
}

async fn renew(scene: &Scene<'_>, instance: &InstanceId, until: i64) {
    done("renewing a lease", scene.ledger.renew_lease(instance, time(until)).await);
}

/// Which of these intents are abandoned at this time, in the ledger's order.
async fn abandoned(scene: &Scene<'_>, now: i64, wanted: &[&Intent]) -> Vec<AbandonedIntent> {
    let all = done("abandoned intents", scene.ledger.abandoned(time(now), u16::MAX).await);
    all.into_iter().filter(|found| wanted.iter().any(|intent| intent.intent_id == found.intent_id)).collect()
}
