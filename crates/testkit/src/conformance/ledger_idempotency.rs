//! Idempotency keys in the suite of the ledger.

use portcullis_schemas::ids::{InstanceId, KeyId};
use portcullis_schemas::integrations::mcp::invocation::InvocationOutcome;
use portcullis_schemas::logs::ledger::{IdempotencyClaim, Recorded, Repeated, Settlement};

use super::ledger_scene::Scene;
use super::steps::{IDS, done};
use crate::fixtures;

/// A key is claimed with the intent; a repeat learns what became of the first request, and is never run again.
pub(crate) async fn keys_are_claimed_once(scene: &Scene<'_>) {
    a_repeat_gets_the_answer(scene).await;
    without_an_answer_the_outcome_is_unknown(scene).await;
    a_key_that_is_freed_serves_once_more(scene).await;
    the_scope_is_tenant_key_and_operation(scene).await;
    old_keys_are_forgotten(scene).await;
}

async fn a_repeat_gets_the_answer(scene: &Scene<'_>) {
    let key = KeyId::generate(&IDS);
    let (claim, otherwise) =
        (fixtures::claim(&key, "once", "request"), fixtures::claim(&key, "once", "another"));
    let (facts, mut intent) = scene.call(0);
    intent.idempotency = Some(claim.clone());
    let receipt = scene.receipt(&intent).await;
    let before = scene.trail().await.len();
    assert_eq!(repeat(scene, &claim).await, Repeated::InFlight, "the first request has not ended");
    assert_eq!(repeat(scene, &otherwise).await, Repeated::Mismatch, "another request with the same key");
    assert_eq!(scene.trail().await.len(), before, "a repeat writes nothing");

    let answer = fixtures::sealed_answer("sealed \u{0} answer");
    let settlement = Settlement {
        answer: Some(answer.clone()),
        ..scene.settlement(&intent, &facts, InvocationOutcome::Success)
    };
    done("settling", scene.settle(&receipt, &settlement).await);
    assert_eq!(repeat(scene, &claim).await, Repeated::Ended(answer), "a repeat gets the sealed answer");
    assert_eq!(repeat(scene, &otherwise).await, Repeated::Mismatch, "and another request does not");
}

async fn without_an_answer_the_outcome_is_unknown(scene: &Scene<'_>) {
    let claim = fixtures::claim(&KeyId::generate(&IDS), "cut-off", "request");
    let (facts, mut intent) = scene.call(0);
    intent.idempotency = Some(claim.clone());
    let receipt = scene.receipt(&intent).await;
    let settlement = scene.settlement(&intent, &facts, InvocationOutcome::Unknown);
    done("settling", scene.settle(&receipt, &settlement).await);
    assert_eq!(
        repeat(scene, &claim).await,
        Repeated::OutcomeUnknown,
        "a call that was cut off is not run again"
    );
}

async fn a_key_that_is_freed_serves_once_more(scene: &Scene<'_>) {
    let claim = fixtures::claim(&KeyId::generate(&IDS), "freed", "request");
    for outcome in [InvocationOutcome::Failure, InvocationOutcome::Success] {
        let (facts, mut intent) = scene.call(0);
        intent.idempotency = Some(claim.clone());
        let receipt = scene.receipt(&intent).await;
        let settlement = Settlement {
            frees_key: outcome == InvocationOutcome::Failure,
            ..scene.settlement(&intent, &facts, outcome)
        };
        done("settling", scene.settle(&receipt, &settlement).await);
    }
    assert_eq!(repeat(scene, &claim).await, Repeated::OutcomeUnknown, "the second use is one as any other");
}

async fn the_scope_is_tenant_key_and_operation(scene: &Scene<'_>) {
    let key = KeyId::generate(&IDS);
    let claim = fixtures::claim(&key, "scoped", "request");
    let others = [
        fixtures::claim(&KeyId::generate(&IDS), "scoped", "request"),
        fixtures::claim(&key, "SCOPED", "request"),
        IdempotencyClaim { operation: "integrations.query.run_query".to_owned(), ..claim.clone() },
    ];
    for claim in std::iter::once(&claim).chain(&others) {
        let (_, mut intent) = scene.call(0);
        intent.idempotency = Some(claim.clone());
        scene.receipt(&intent).await;
    }
    let server = fixtures::seed_server(scene.store, &IDS, &scene.other).await;
    let mut foreign = fixtures::exchange_intent(&IDS, &InstanceId::generate(&IDS), &server.server_id, 0);
    foreign.idempotency = Some(claim);
    let recorded = done("recording for another tenant", scene.ledger.record(&scene.other, foreign).await);
    assert!(
        matches!(recorded, Recorded::Receipt(_)),
        "a key of another tenant is another key, not {recorded:?}"
    );
}

/// Long before anything else of this suite, so that no other key is old.
const LONG_AGO: i64 = -1000;

async fn old_keys_are_forgotten(scene: &Scene<'_>) {
    let key = KeyId::generate(&IDS);
    let claims = ["open", "oldest", "older", "recent"].map(|text| fixtures::claim(&key, text, "request"));
    let [open, oldest, older, recent] = &claims;
    let answer = fixtures::sealed_answer("kept");
    for (claim, seconds) in claims.iter().zip(LONG_AGO..) {
        let (facts, mut intent) = scene.call(seconds);
        intent.idempotency = Some(claim.clone());
        let receipt = scene.receipt(&intent).await;
        let settlement = Settlement {
            answer: Some(answer.clone()),
            ..scene.settlement(&intent, &facts, InvocationOutcome::Success)
        };
        if claim != open {
            done("settling", scene.settle(&receipt, &settlement).await);
        }
    }
    let forget =
        async |limit| done("forgetting", scene.ledger.forget_keys(fixtures::time(LONG_AGO + 3), limit).await);
    assert_eq!(forget(1).await, 1, "no more than asked for");
    assert_eq!(repeat(scene, older).await, Repeated::Ended(answer.clone()), "the oldest goes first");
    assert_eq!(forget(10).await, 1, "then the next, and nothing else is old");
    assert_eq!(forget(10).await, 0, "once");
    assert_eq!(repeat(scene, recent).await, Repeated::Ended(answer), "what is younger stays");
    assert_eq!(repeat(scene, open).await, Repeated::InFlight, "and so does what has not ended, however old");
    for claim in [oldest, older] {
        let (_, mut intent) = scene.call(1);
        intent.idempotency = Some(claim.clone());
        scene.receipt(&intent).await;
    }
}

async fn repeat(scene: &Scene<'_>, claim: &IdempotencyClaim) -> Repeated {
    let (_, mut intent) = scene.call(1);
    intent.idempotency = Some(claim.clone());
    match done("repeating a request", scene.record(&intent).await) {
        Recorded::Repeated(repeated) => repeated,
        other => panic!("a repeat of a request must answer Repeated, not {other:?}"),
    }
}
