//! Approvals in the suite of the ledger.

use portcullis_schemas::ids::{ApprovalId, KeyId};
use portcullis_schemas::integrations::approvals::{ApprovalStatus, CallApproval};
use portcullis_schemas::integrations::mcp::invocation::InvocationOutcome;
use portcullis_schemas::logs::ledger::{Intent, Recorded, Settlement};

use super::approval_store::{asked, decided, granted};
use super::ledger_scene::Scene;
use super::steps::{IDS, Running, concurrently, done};
use crate::fixtures;

/// An approval is used with the intent of one call, while it is granted and not run out; otherwise nothing is recorded.
pub(crate) async fn approvals_are_used_once(scene: &Scene<'_>) {
    a_granted_one_serves_one_call(scene).await;
    what_is_not_granted_serves_none(scene).await;
    one_call_of_many_gets_it(scene).await;
    a_repeat_needs_none(scene).await;
    one_that_is_freed_serves_once_more(scene).await;
}

async fn a_granted_one_serves_one_call(scene: &Scene<'_>) {
    let asked = asked(scene, 0, "once").await;
    let granted = granted(scene, &asked, 1).await;
    let intent = on(scene, &granted.approval_id, 2);
    scene.receipt(&intent).await;
    let expected = CallApproval {
        status: ApprovalStatus::Used,
        used_by: Some(intent.intent_id.clone()),
        version: granted.version + 1,
        ..granted.clone()
    };
    assert_eq!(stored(scene, &granted.approval_id).await, Some(expected.clone()), "its use is on record");
    not_approved(scene, &on(scene, &granted.approval_id, 3), "a second call on one approval").await;
    assert_eq!(stored(scene, &granted.approval_id).await, Some(expected), "the first use stays");
}

async fn what_is_not_granted_serves_none(scene: &Scene<'_>) {
    let pending = asked(scene, 0, "pending").await.approval;
    not_approved(scene, &on(scene, &pending.approval_id, 1), "a call that waits still").await;
    let refused = asked(scene, 0, "denied").await.approval;
    let denied = decided(&refused, ApprovalStatus::Denied, 1);
    committed!(scene.store, "denying", unit => unit.approvals().decide(&scene.tenant, &denied));
    not_approved(scene, &on(scene, &refused.approval_id, 2), "a call that was denied").await;
    let late = granted(scene, &asked(scene, 0, "late").await, 1).await;
    not_approved(scene, &on(scene, &late.approval_id, 600), "a call when the time is over").await;
    scene.receipt(&on(scene, &late.approval_id, 599)).await;
    not_approved(scene, &on(scene, &ApprovalId::generate(&IDS), 1), "an approval that is not there").await;
    let own = granted(scene, &asked(scene, 0, "foreign").await, 1).await;
    let foreign = Intent { freeze_targets: Vec::new(), ..on(scene, &own.approval_id, 2) };
    let answer = done("recording for another tenant", scene.ledger.record(&scene.other, foreign).await);
    assert!(matches!(answer, Recorded::NotApproved), "a foreign approval is used by nobody, not {answer:?}");
}

async fn one_call_of_many_gets_it(scene: &Scene<'_>) {
    let granted = granted(scene, &asked(scene, 0, "raced").await, 1).await;
    let intents: Vec<Intent> = (0..16).map(|_| on(scene, &granted.approval_id, 2)).collect();
    let racing = intents.iter().map(|intent| Box::pin(scene.record(intent)) as Running<'_, _>);
    let answers = concurrently(racing.collect()).await;
    let receipts = answers.iter().filter(|answer| matches!(answer, Ok(Recorded::Receipt(_)))).count();
    let refused = answers.iter().filter(|answer| matches!(answer, Ok(Recorded::NotApproved))).count();
    assert_eq!((receipts, refused), (1, 15), "one call of those at once is made on one approval");
}

async fn a_repeat_needs_none(scene: &Scene<'_>) {
    let granted = granted(scene, &asked(scene, 0, "repeated").await, 1).await;
    let claim = fixtures::claim(&KeyId::generate(&IDS), "approved", "request");
    let claimed =
        |seconds| Intent { idempotency: Some(claim.clone()), ..on(scene, &granted.approval_id, seconds) };
    scene.receipt(&claimed(2)).await;
    let answer = done("repeating", scene.record(&claimed(3)).await);
    assert!(
        matches!(answer, Recorded::Repeated(_)),
        "a repeat is told so before its approval is, not {answer:?}"
    );
    let other = fixtures::claim(&KeyId::generate(&IDS), "approved", "request");
    let unclaimed = Intent { idempotency: Some(other.clone()), ..on(scene, &granted.approval_id, 4) };
    not_approved(scene, &unclaimed, "another request on the same approval").await;
    let (_, fresh) = scene.call(5);
    scene.receipt(&Intent { idempotency: Some(other), ..fresh }).await;
}

async fn one_that_is_freed_serves_once_more(scene: &Scene<'_>) {
    let granted = granted(scene, &asked(scene, 0, "freed").await, 1).await;
    let id = &granted.approval_id;
    let (facts, intent) = scene.call(2);
    let intent = Intent { approval: Some(id.clone()), ..intent };
    let receipt = scene.receipt(&intent).await;
    let settlement = Settlement {
        frees_approval: Some(id.clone()),
        ..scene.settlement(&intent, &facts, InvocationOutcome::Failure)
    };
    done("settling", scene.settle(&receipt, &settlement).await);
    let expected = CallApproval { version: granted.version + 2, ..granted.clone() };
    assert_eq!(stored(scene, id).await, Some(expected), "it is granted as before");
    let second = on(scene, id, 3);
    scene.receipt(&second).await;
    not_approved(scene, &on(scene, id, 4), "a third call on one approval").await;
    let used_by = stored(scene, id).await.and_then(|stored| stored.used_by);
    assert_eq!(used_by, Some(second.intent_id), "the second use is one as any other");
}

fn on(scene: &Scene<'_>, approval: &ApprovalId, seconds: i64) -> Intent {
    let (_, intent) = scene.call(seconds);
    Intent { approval: Some(approval.clone()), ..intent }
}

async fn not_approved(scene: &Scene<'_>, intent: &Intent, what: &str) {
    let before = scene.trail().await.len();
    let answer = done("recording", scene.record(intent).await);
    assert!(matches!(answer, Recorded::NotApproved), "{what} must not be recorded, not {answer:?}");
    assert_eq!(scene.trail().await.len(), before, "{what} writes nothing");
}

async fn stored(scene: &Scene<'_>, id: &ApprovalId) -> Option<CallApproval> {
    let found = seen!(scene.store, "reading", unit => unit.approvals().get(&scene.tenant, id));
    found.map(|stored| stored.approval)
}
