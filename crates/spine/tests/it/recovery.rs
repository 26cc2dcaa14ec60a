//! Intents of a dead instance are closed as unknown, once, and never run again; old idempotency keys are forgotten.

use std::time::Duration;

use portcullis_schemas::ids::InstanceId;
use portcullis_schemas::incidents::IncidentCause;
use portcullis_schemas::incidents::operations::ListIncidents;
use portcullis_schemas::integrations::mcp::invocation::{
    InvocationFacts, InvocationOutcome, McpToolInvocation,
};
use portcullis_schemas::integrations::mcp::operations::GetMcpInvocations;
use portcullis_schemas::logs::event::{AuditEvent, AuditEventType};
use portcullis_schemas::logs::ledger::{IntentKind, IntentSubject, LEASE, LEASE_RENEWAL, Recorded};
use portcullis_schemas::principal::Scope;
use portcullis_schemas::text::IdempotencyKey;
use portcullis_testkit::fixtures;
use serde_json::json;

use crate::house::{House, call_of, catalogue, definition, reply};

/// Lets this much time go by, in steps in which leases are renewed; the background work has its turn after each.
pub(crate) async fn pass(house: &House, time: Duration) {
    let mut left = time;
    while !left.is_zero() {
        let step = left.min(LEASE_RENEWAL);
        house.clock.advance(step);
        tokio::time::sleep(step).await;
        left -= step;
    }
    // Timers of the same moment fire in any order.
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// An open intent of an instance whose lease lasts from now on.
async fn open_intent(house: &House) -> InvocationFacts {
    let tool = house.approved_tool("get_it").await;
    let dead = InstanceId::generate(house.ids());
    let lease = house.spine.ports().clock.now().plus(LEASE);
    house.ledger().renew_lease(&dead, lease).await.unwrap();
    let facts = fixtures::invocation_facts(house.ids(), &tool, 0);
    let intent = fixtures::intent(house.ids(), &dead, &facts);
    let recorded = house.ledger().record(&house.tenant, intent).await.unwrap();
    assert!(matches!(recorded, Recorded::Receipt(_)));
    facts
}

async fn closed(house: &House) -> Vec<McpToolInvocation> {
    house.admin::<GetMcpInvocations>(json!({})).await.unwrap().items
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_call_is_closed_as_unknown() {
    let house = House::open().await;
    let facts = open_intent(&house).await;
    let sent = house.client.exchanges().len();
    let _background = house.spine.start_background().await.unwrap();
    pass(&house, LEASE - LEASE_RENEWAL).await;
    assert!(closed(&house).await.is_empty(), "its lease still holds");
    pass(&house, LEASE_RENEWAL * 2).await;

    let calls = closed(&house).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].outcome, InvocationOutcome::Unknown);
    assert_eq!(house.client.exchanges().len(), sent, "it is never run again");
    let story = house.story_of(facts.invocation_id.as_str()).await;
    assert_eq!(story.last().map(String::as_str), Some("tool_invocation.unknown"));
    let incidents = house.admin::<ListIncidents>(json!({})).await.unwrap().items;
    assert!(incidents.iter().any(|incident| incident.cause == IncidentCause::OutcomeUnknown));
}

/// Who listened is owed nothing: whoever uses the server next listens again.
#[tokio::test(start_paused = true)]
async fn an_abandoned_exchange_is_an_incident_unless_it_only_listened() {
    let house = House::open().await;
    let server = house.approved_tool("get_it").await.server_id;
    let dead = InstanceId::generate(house.ids());
    for (purpose, incidents) in [(IntentKind::ListenForChanges, 0), (IntentKind::DiscoverTools, 1)] {
        let mut intent = fixtures::exchange_intent(house.ids(), &dead, &server, 0);
        intent.subject = IntentSubject::Exchange { purpose, server_id: server.clone(), request_id: None };
        assert!(matches!(house.ledger().record(&house.tenant, intent).await, Ok(Recorded::Receipt(_))));
        let _background = house.spine.start_background().await.unwrap();
        pass(&house, LEASE * 2).await;
        let events = house.trail().await;
        let is_unknown = |event: &&AuditEvent| {
            event.event_type == AuditEventType::McpExchangeUnknown && event.facts["purpose"] == json!(purpose)
        };
        assert_eq!(events.iter().filter(is_unknown).count(), 1, "{purpose}");
        let opened = house.admin::<ListIncidents>(json!({})).await.unwrap().items;
        assert_eq!(opened.len(), incidents, "{purpose}");
    }
}

/// After an outage of the ledger every lease has run out, also those of the living.
#[tokio::test(start_paused = true)]
async fn the_first_one_back_leaves_the_calls_of_the_living_alone() {
    let house = House::open().await;
    let background = house.spine.start_background().await.unwrap();
    pass(&house, LEASE * 2).await;
    open_intent(&house).await;
    house.ledger.fail_leases(true);
    pass(&house, LEASE * 5).await;
    house.ledger.fail_leases(false);
    pass(&house, LEASE).await;
    assert!(closed(&house).await.is_empty(), "its instance may be about to renew");
    pass(&house, LEASE_RENEWAL * 2).await;
    assert_eq!(closed(&house).await.len(), 1, "by now it would have");
    drop(background);
}

/// Whoever lives must not lose its lease to a storage that stood still at the moment of one renewal.
#[tokio::test(start_paused = true)]
async fn a_lease_that_could_not_be_renewed_is_renewed_as_soon_as_it_can() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let _background = house.spine.start_background().await.unwrap();
    house.client.answer_call(Ok(reply()));
    house.ledger.fail_settle(true);
    house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    house.ledger.fail_leases(true);
    pass(&house, LEASE_RENEWAL * 2).await;
    house.ledger.fail_leases(false);
    pass(&house, LEASE_RENEWAL / 2).await;
    house.ledger.fail_leases(true);
    pass(&house, LEASE_RENEWAL * 2).await;
    let now = house.spine.ports().clock.now();
    assert_eq!(house.ledger().abandoned(now, 10).await.unwrap().len(), 0, "its call is left to it");
    pass(&house, LEASE).await;
    let now = house.spine.ports().clock.now();
    assert_eq!(house.ledger().abandoned(now, 10).await.unwrap().len(), 1, "a lease that is not renewed ends");
}

/// More than are read at once, and none of them can be closed.
#[tokio::test(start_paused = true)]
async fn intents_that_cannot_be_closed_hide_none_that_came_after_them() {
    let house = House::open().await;
    let server = house.approved_tool("get_it").await.server_id;
    let dead = InstanceId::generate(house.ids());
    for number in 0..=250 {
        let intent = fixtures::exchange_intent(house.ids(), &dead, &server, 0);
        if number < 250 {
            house.ledger.never_settle(intent.intent_id.clone());
        }
        assert!(matches!(house.ledger().record(&house.tenant, intent).await, Ok(Recorded::Receipt(_))));
    }
    let _background = house.spine.start_background().await.unwrap();
    pass(&house, LEASE * 2).await;
    let now = house.spine.ports().clock.now();
    assert_eq!(house.ledger().abandoned(now, 1000).await.unwrap().len(), 250, "the last one is closed");
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_background_does_not_end_it() {
    let house = House::open().await;
    open_intent(&house).await;
    house.ledger.panic_in_abandoned();
    let _background = house.spine.start_background().await.unwrap();
    pass(&house, LEASE + LEASE_RENEWAL).await;
    assert!(!house.ledger.will_panic(), "it did panic");
    pass(&house, LEASE_RENEWAL * 2).await;
    assert_eq!(closed(&house).await.len(), 1, "a later turn closes it");
}

#[tokio::test(start_paused = true)]
async fn an_idempotency_key_is_kept_for_a_day() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let call = async |key| {
        let mut ctx = house.caller(Scope::Invoke);
        ctx.idempotency_key = Some(IdempotencyKey::new(key).unwrap());
        house.client.answer_call(Ok(reply()));
        house.spine.run(ctx, call_of(&tool, json!({}))).await.unwrap().invocation_id
    };
    let old = call("old").await;
    house.clock.advance(Duration::from_secs(24 * 60 * 60 - 10));
    // The list of tools is due by then.
    house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it")])));
    let young = call("young").await;
    let _background = house.spine.start_background().await.unwrap();
    pass(&house, Duration::from_secs(5)).await;
    assert_eq!(call("old").await, old, "not yet");
    pass(&house, Duration::from_secs(10)).await;
    assert_ne!(call("old").await, old, "a new request");
    assert_eq!(call("young").await, young);
}

/// More than one sweep takes at once: none waits for the sweep after it.
#[tokio::test(start_paused = true)]
async fn however_many_keys_are_old_one_sweep_forgets_them() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let call = async |number: usize| {
        let mut ctx = house.caller(Scope::Invoke);
        ctx.idempotency_key = Some(IdempotencyKey::new(format!("key{number}")).unwrap());
        house.client.answer_call(Ok(reply()));
        house.spine.run(ctx, call_of(&tool, json!({}))).await.unwrap().invocation_id
    };
    let mut first = Vec::new();
    for number in 0..1200 {
        first.push(call(number).await);
    }
    house.clock.advance(Duration::from_secs(24 * 60 * 60));
    house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it")])));
    let _background = house.spine.start_background().await.unwrap();
    pass(&house, LEASE + LEASE_RENEWAL).await;
    for number in [0, 499, 500, 1199] {
        assert_ne!(call(number).await, first[number], "a new request");
    }
}
