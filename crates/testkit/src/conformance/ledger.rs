//! The suite of [`Ledger`].

use portcullis_schemas::codes;
use portcullis_schemas::controls::FreezeTarget;
use portcullis_schemas::ids::KeyId;
use portcullis_schemas::incidents::NewIncident;
use portcullis_schemas::integrations::mcp::invocation::{InvocationOutcome, McpToolInvocation};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_schemas::logs::ledger::{IntentReceipt, Recorded, Refusal, Settlement};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::store::Store;

use super::ledger_approvals::approvals_are_used_once;
use super::ledger_idempotency::keys_are_claimed_once;
use super::ledger_recovery::abandoned_intents_are_recovered;
use super::ledger_scene::Scene;
use super::ledger_stale::stale_decisions_are_not_recorded;
use super::steps::{IDS, done, refused};
use crate::fixtures;

/// What is recorded is there, what is refused leaves nothing, an intent ends once, and none is lost.
pub async fn ledger(store: &dyn Store, ledger: &dyn Ledger) {
    done("a ledger that works", ledger.ready().await);
    an_intent_is_recorded_whole(&Scene::set(store, ledger).await).await;
    a_freeze_is_looked_at_again(&Scene::set(store, ledger).await).await;
    stale_decisions_are_not_recorded(&Scene::set(store, ledger).await).await;
    a_settlement_is_written_whole(&Scene::set(store, ledger).await).await;
    counters_follow_the_outcome(&Scene::set(store, ledger).await).await;
    incidents_are_joined(&Scene::set(store, ledger).await).await;
    an_intent_ends_once(&Scene::set(store, ledger).await).await;
    receipts_are_bound(&Scene::set(store, ledger).await).await;
    a_settlement_is_atomic(&Scene::set(store, ledger).await).await;
    a_refusal_is_written_whole(&Scene::set(store, ledger).await).await;
    a_refusal_is_atomic(&Scene::set(store, ledger).await).await;
    keys_are_claimed_once(&Scene::set(store, ledger).await).await;
    approvals_are_used_once(&Scene::set(store, ledger).await).await;
    abandoned_intents_are_recovered(&Scene::set(store, ledger).await).await;
}

async fn an_intent_is_recorded_whole(scene: &Scene<'_>) {
    let (facts, intent) = scene.call(0);
    let receipt = scene.receipt(&intent).await;
    assert_eq!(
        (receipt.tenant(), receipt.intent()),
        (&scene.tenant, &intent.intent_id),
        "the receipt names both"
    );
    expect_trail(
        scene,
        &[&intent.events],
        "the events of an intent are in the trail once its receipt is issued",
    )
    .await;
    assert_eq!(scene.invocation(&facts.invocation_id).await, None, "an intent is no invocation yet");
    refused("recording the same intent again", scene.record(&intent).await);
    expect_trail(scene, &[&intent.events], "and it leaves nothing").await;
}

async fn a_freeze_is_looked_at_again(scene: &Scene<'_>) {
    let key = KeyId::generate(&IDS);
    let server = FreezeTarget::Server(scene.tool.server_id.clone());
    let (_, mut intent) = scene.call(0);
    intent.freeze_targets = vec![FreezeTarget::Tenant, FreezeTarget::Key(key.clone()), server.clone()];
    intent.idempotency = Some(fixtures::claim(&key, "frozen", "request"));
    let (other, tenant) = (&scene.other, &scene.tenant);
    let foreign = fixtures::freeze(other, FreezeTarget::Tenant, 0);
    committed!(scene.store, "freezing the other tenant", unit => unit.kill_switch().freeze(other, &foreign));
    let own = fixtures::freeze(tenant, server.clone(), 0);
    committed!(scene.store, "freezing a server", unit => unit.kill_switch().freeze(tenant, &own));
    match done("recording while frozen", scene.record(&intent).await) {
        Recorded::Frozen(target) => assert_eq!(target, server, "the frozen target is named"),
        other => panic!("a call to a frozen server must answer Frozen, not {other:?}"),
    }
    expect_trail(scene, &[], "a frozen intent leaves nothing").await;
    committed!(scene.store, "releasing", unit => unit.kill_switch().unfreeze(tenant, &server));
    // The same id and the same idempotency key: a frozen intent has claimed neither.
    scene.receipt(&intent).await;
}

async fn a_settlement_is_written_whole(scene: &Scene<'_>) {
    let (facts, intent) = scene.call(0);
    let receipt = scene.receipt(&intent).await;
    let settlement = scene.settlement(&intent, &facts, InvocationOutcome::Success);
    done("settling", scene.settle(&receipt, &settlement).await);
    let row = scene.invocation(&facts.invocation_id).await;
    assert_eq!(row, settlement.invocation, "the invocation's row is there when settle returns");
    expect_trail(scene, &[&intent.events, &settlement.events], "events stand in the order they were given")
        .await;

    let server = &scene.tool.server_id;
    let exchange = fixtures::exchange_intent(&IDS, &scene.instance, server, 9);
    let receipt = scene.receipt(&exchange).await;
    let end = Settlement {
        intent_id: exchange.intent_id.clone(),
        events: Vec::new(),
        invocation: None,
        incident: None,
        answer: None,
        frees_key: false,
        frees_approval: None,
    };
    done("settling an exchange without a row", scene.settle(&receipt, &end).await);
}

async fn counters_follow_the_outcome(scene: &Scene<'_>) {
    use InvocationOutcome::{Failure, Success, Timeout, Unknown};
    let mut expected = (0, 0);
    for (seconds, outcome) in (0..).zip([Success, Failure, Success, Timeout, Unknown]) {
        let (facts, intent) = scene.call(seconds);
        let receipt = scene.receipt(&intent).await;
        done("settling", scene.settle(&receipt, &scene.settlement(&intent, &facts, outcome)).await);
        expected = (expected.0 + 1, expected.1 + u64::from(outcome != Success));
        let tool = scene.tool_now().await;
        assert_eq!(
            (tool.invocation_count, tool.failure_count),
            expected,
            "calls and failures after {outcome}"
        );
        assert!(tool.last_invoked_at.is_some(), "the time of the last call is kept");
        let without = McpTool { invocation_count: 0, failure_count: 0, last_invoked_at: None, ..tool };
        assert_eq!(without, scene.tool, "counting changes nothing else of a tool, its version neither");
    }
}

async fn incidents_are_joined(scene: &Scene<'_>) {
    let dedup_key = format!("invocation_failed:{}", scene.tool.tool_id);
    let mut first: Option<NewIncident> = None;
    for seconds in 0..3 {
        let (facts, intent) = scene.call(seconds);
        let receipt = scene.receipt(&intent).await;
        let incident = fixtures::new_incident(&IDS, &dedup_key, seconds);
        let settlement = Settlement {
            incident: Some(incident.clone()),
            ..scene.settlement(&intent, &facts, InvocationOutcome::Failure)
        };
        done("settling with an incident", scene.settle(&receipt, &settlement).await);
        let first = first.get_or_insert(incident);
        let row = scene.invocation(&facts.invocation_id).await;
        let named = row.and_then(|row| row.incident_id);
        assert_eq!(
            named.as_ref(),
            Some(&first.incident_id),
            "the row names the incident that it opened or joined"
        );
    }
    let id = first.map(|incident| incident.incident_id).unwrap_or_else(|| panic!("three calls were made"));
    let (tenant, other) = (&scene.tenant, &scene.other);
    let opened = seen!(scene.store, "reading an incident", unit => unit.incidents().get(tenant, &id));
    assert_eq!(opened.map(|incident| incident.occurrences), Some(3), "one incident, counted three times");
    let foreign = seen!(scene.store, "reading an incident", unit => unit.incidents().get(other, &id));
    assert_eq!(foreign, None, "an incident is its tenant's");
}

async fn an_intent_ends_once(scene: &Scene<'_>) {
    let (facts, intent) = scene.call(0);
    let receipt = scene.receipt(&intent).await;
    let settlement = scene.settlement(&intent, &facts, InvocationOutcome::Success);
    done("settling", scene.settle(&receipt, &settlement).await);
    let (before, tool) = (scene.trail().await, scene.tool_now().await);
    let late = scene.settlement(&intent, &scene.call(1).0, InvocationOutcome::Unknown);
    for again in [&settlement, &late] {
        let error = refused("settling an intent again", scene.settle(&receipt, again).await);
        assert_eq!(error.code(), codes::INTENT_CLOSED, "a second settlement is refused by its code");
    }
    assert_eq!(scene.trail().await, before, "and leaves no event");
    assert_eq!(scene.tool_now().await, tool, "nor a count");
    let row = scene.invocation(&facts.invocation_id).await;
    assert_eq!(row, settlement.invocation, "nor a change of the row");
}

async fn receipts_are_bound(scene: &Scene<'_>) {
    let (facts, intent) = scene.call(0);
    let receipt = scene.receipt(&intent).await;
    let settlement = scene.settlement(&intent, &facts, InvocationOutcome::Success);
    let foreign = IntentReceipt::issued_by_ledger(scene.other.clone(), intent.intent_id.clone());
    let invocation =
        settlement.invocation.clone().map(|row| McpToolInvocation { tenant_id: scene.other.clone(), ..row });
    let as_foreign = Settlement { invocation, ..settlement.clone() };
    refused("settling with a receipt of another tenant", scene.settle(&foreign, &as_foreign).await);
    let (_, another) = scene.call(1);
    let mismatch = Settlement { intent_id: another.intent_id.clone(), ..settlement.clone() };
    refused("settling another intent than the receipt's", scene.settle(&receipt, &mismatch).await);
    let unrecorded = IntentReceipt::issued_by_ledger(scene.tenant.clone(), another.intent_id);
    refused("settling an intent that was never recorded", scene.settle(&unrecorded, &mismatch).await);
    expect_trail(scene, &[&intent.events], "refused settlements leave nothing").await;
    done("settling after all", scene.settle(&receipt, &settlement).await);
}

async fn a_settlement_is_atomic(scene: &Scene<'_>) {
    let (facts, intent) = scene.call(0);
    let receipt = scene.receipt(&intent).await;
    let settlement = scene.settlement(&intent, &facts, InvocationOutcome::Success);
    done("settling", scene.settle(&receipt, &settlement).await);
    let (tool, before) = (scene.tool_now().await, scene.trail().await);

    let (second_facts, second) = scene.call(1);
    let receipt = scene.receipt(&second).await;
    let incident = fixtures::new_incident(&IDS, &format!("atomic:{}", second.intent_id), 1);
    let twice = Settlement {
        incident: Some(incident.clone()),
        ..scene.settlement(&second, &facts, InvocationOutcome::Failure)
    };
    refused("settling with an invocation that exists already", scene.settle(&receipt, &twice).await);
    let added = scene.trail().await.len() - before.len();
    assert_eq!(added, second.events.len(), "only the intent's events were added");
    let (tenant, id) = (&scene.tenant, &incident.incident_id);
    let opened = seen!(scene.store, "reading an incident", unit => unit.incidents().get(tenant, id));
    assert_eq!(opened, None, "a failed settlement opens no incident");
    assert_eq!(scene.tool_now().await, tool, "and counts nothing");
    let right = scene.settlement(&second, &second_facts, InvocationOutcome::Success);
    done("settling rightly after a failed settlement", scene.settle(&receipt, &right).await);
}

async fn a_refusal_is_written_whole(scene: &Scene<'_>) {
    let (facts, _) = scene.call(0);
    let row = fixtures::invocation(&scene.tenant, facts.clone(), InvocationOutcome::Blocked);
    let incident = fixtures::new_incident(&IDS, &format!("critical_blocked:{}", scene.tool.tool_id), 0);
    let refusal = Refusal { incident: Some(incident.clone()), ..fixtures::refusal(&IDS, row.clone()) };
    done("refusing", scene.ledger.refuse(&scene.tenant, refusal.clone()).await);
    let expected = McpToolInvocation { incident_id: Some(incident.incident_id), ..row };
    assert_eq!(scene.invocation(&facts.invocation_id).await, Some(expected), "a refused call has its row");
    expect_trail(scene, &[&refusal.events], "and its events").await;
    assert_eq!(scene.tool_now().await, scene.tool, "and counts nothing: nothing was sent");
}

async fn a_refusal_is_atomic(scene: &Scene<'_>) {
    let (facts, _) = scene.call(0);
    let row = fixtures::invocation(&scene.tenant, facts, InvocationOutcome::Blocked);
    let first = fixtures::refusal(&IDS, row.clone());
    done("refusing", scene.ledger.refuse(&scene.tenant, first.clone()).await);
    let second = fixtures::refusal(&IDS, row);
    refused("refusing a call whose row exists", scene.ledger.refuse(&scene.tenant, second).await);
    expect_trail(scene, &[&first.events], "a failed refusal leaves nothing").await;
}

/// Checks that the tenant's trail holds exactly these events, in this order. A store may add the event of an incident
/// that it has opened: only the store knows whether one was opened or joined.
async fn expect_trail(scene: &Scene<'_>, events: &[&Vec<AuditEventDraft>], why: &str) {
    let expected: Vec<_> =
        events.iter().flat_map(|events| events.iter().map(|event| &event.event_id)).collect();
    let trail = scene.trail().await;
    let trail = trail.iter().filter(|event| event.event_type != AuditEventType::IncidentOpened);
    assert_eq!(trail.map(|event| &event.event_id).collect::<Vec<_>>(), expected, "{why}");
}
