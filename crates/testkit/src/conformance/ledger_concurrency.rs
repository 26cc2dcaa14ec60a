//! The suite of [`Ledger`] under many callers at once.

use portcullis_schemas::ids::KeyId;
use portcullis_schemas::integrations::mcp::invocation::InvocationOutcome;
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::logs::ledger::{Recorded, Repeated};
use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::store::Store;

use super::ledger_scene::Scene;
use super::steps::{IDS, Running, concurrently, done};
use crate::fixtures;

const SAME_KEY: usize = 50;
const CALLS: i64 = 40;
const SAME_RECEIPT: usize = 10;

/// Of many requests with one idempotency key one runs; of many settlements of one intent one counts; the chain of a
/// tenant has no gap and no fork, whoever writes to it.
pub async fn ledger_concurrency(store: &dyn Store, ledger: &dyn Ledger) {
    one_key_runs_once(&Scene::set(store, ledger).await).await;
    one_intent_ends_once(&Scene::set(store, ledger).await).await;
    the_chain_has_no_gap(&Scene::set(store, ledger).await).await;
}

async fn one_key_runs_once(scene: &Scene<'_>) {
    let claim = fixtures::claim(&KeyId::generate(&IDS), "stampede", "request");
    let record = |_| -> Running<'_, _> {
        let (_, mut intent) = scene.call(0);
        intent.idempotency = Some(claim.clone());
        Box::pin(async move { done("recording", scene.record(&intent).await) })
    };
    let answers = concurrently((0..SAME_KEY).map(record).collect()).await;
    let receipts = answers.iter().filter(|answer| matches!(answer, Recorded::Receipt(_))).count();
    let in_flight =
        answers.iter().filter(|answer| matches!(answer, Recorded::Repeated(Repeated::InFlight))).count();
    assert_eq!(
        (receipts, in_flight),
        (1, SAME_KEY - 1),
        "one receipt; all others learn that it is in flight"
    );
    assert_eq!(scene.trail().await.len(), 2, "and one intent's events");
}

async fn one_intent_ends_once(scene: &Scene<'_>) {
    let (facts, intent) = scene.call(0);
    let receipt = scene.receipt(&intent).await;
    let settle = |_| -> Running<'_, _> {
        let settlement = scene.settlement(&intent, &facts, InvocationOutcome::Success);
        let receipt = &receipt;
        Box::pin(async move { scene.settle(receipt, &settlement).await.is_ok() })
    };
    let settled = concurrently((0..SAME_RECEIPT).map(settle).collect()).await;
    assert_eq!(settled.iter().filter(|settled| **settled).count(), 1, "one settlement counts");
    assert_eq!(scene.tool_now().await.invocation_count, 1, "and is counted once");
}

async fn the_chain_has_no_gap(scene: &Scene<'_>) {
    let call = |seconds| -> Running<'_, _> {
        Box::pin(async move {
            let (facts, intent) = scene.call(seconds);
            let receipt = scene.receipt(&intent).await;
            let settlement = scene.settlement(&intent, &facts, InvocationOutcome::Success);
            done("settling", scene.settle(&receipt, &settlement).await);
        })
    };
    let mut running: Vec<Running<'_, ()>> = (0..CALLS).map(call).collect();
    running.push(Box::pin(async move {
        for seconds in 0..5 {
            let event = fixtures::event(&IDS, AuditEventType::McpServerUpdated, seconds);
            let tenant = &scene.tenant;
            committed!(scene.store, "appending beside the ledger", unit => unit.audit_log().append(tenant, &[event]));
        }
    }));
    concurrently(running).await;
    let trail = scene.trail().await;
    assert_eq!(trail.len(), usize::try_from(CALLS).unwrap_or(0) * 3 + 5, "every event is there");
    for (event, sequence) in trail.iter().zip(1..) {
        assert_eq!(event.sequence, sequence, "sequence numbers have no gap");
    }
    for pair in trail.windows(2) {
        assert_eq!(pair[1].previous_hash, pair[0].hash, "every event follows the one before it");
    }
    assert_eq!(scene.tool_now().await.invocation_count, CALLS.unsigned_abs(), "no count is lost");
}
