//! Calls that wait for a person, and calls that are made on an approval.

use portcullis_schemas::ids::ApprovalId;
use portcullis_schemas::integrations::approvals::ApprovalStatus;

use super::*;
use crate::integrations::approvals::ApprovalStanding;

fn asking(world: &World, standing: ApprovalStanding) -> GovernedCall {
    let mut call = call(world);
    Arc::make_mut(&mut call.facts.tool).approval = ApprovalRule::FourEyes;
    call.facts.approval = standing;
    call.asks = Some(ApprovalTerms { binding: "b".repeat(64), lifetime: Duration::from_secs(600) });
    call
}

#[tokio::test]
async fn a_call_that_waits_is_recorded_with_what_it_asks_for_and_sends_nothing() {
    let (bench, world) = (Bench::new(), World::new());
    let error = invoke(&bench, asking(&world, ApprovalStanding::NotAsked)).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::AwaitsApproval, codes::APPROVAL_REQUIRED));
    assert_eq!(
        (bench.count("client:call"), bench.count("vault:open"), bench.count("ledger:record")),
        (0, 0, 0)
    );
    let refusal = &bench.refusals.lock().unwrap()[0];
    let expected = ["tool_invocation.requested", "tool_invocation.denied", "approval.requested"];
    assert_eq!(event_types(&refusal.events), expected);
    let (row, asked) = (refusal.invocation.as_ref().unwrap(), refusal.approval.as_ref().unwrap());
    assert_eq!(
        (row.outcome, row.facts.policy_decision),
        (InvocationOutcome::Blocked, PolicyDecision::Pending)
    );
    let approval = &asked.approval;
    assert_eq!(error.reference(), Some(("approval_id", approval.approval_id.as_str())));
    assert_eq!(row.facts.approval_id.as_ref(), Some(&approval.approval_id));
    assert_eq!(
        (approval.status, approval.rule, approval.invocation_id.clone()),
        (ApprovalStatus::Pending, ApprovalRule::FourEyes, row.facts.invocation_id.clone())
    );
    assert_eq!(approval.expires_at, approval.requested_at.plus(Duration::from_secs(600)));
    assert_eq!(asked.binding, "b".repeat(64));
    assert_eq!(refusal.incident, None, "to ask is no incident");
}

#[tokio::test]
async fn asked_again_it_waits_for_the_same_and_what_cannot_be_recorded_is_not_asked() {
    let (bench, world) = (Bench::new(), World::new());
    let id = ApprovalId::generate(&world.ids);
    let pending = ApprovalStanding::Pending { id: id.clone(), expires_at: fixtures::time(900) };
    let error = invoke(&bench, asking(&world, pending)).await.unwrap_err();
    assert_eq!(error.reference(), Some(("approval_id", id.as_str())));
    let refusal = bench.refusals.lock().unwrap().remove(0);
    assert!(refusal.approval.is_none());
    assert_eq!(event_types(&refusal.events), ["tool_invocation.requested", "tool_invocation.denied"]);
    for failing in ["emit:denied", "ledger:refuse"] {
        let bench = Bench::failing_at(failing);
        let error = invoke(&bench, asking(&world, ApprovalStanding::NotAsked)).await.unwrap_err();
        assert_eq!(error.code(), codes::AUDIT_UNAVAILABLE, "{failing}");
    }
}

#[tokio::test]
async fn a_granted_call_names_its_approval_in_the_intent() {
    let (bench, world) = (Bench::new(), World::new());
    let id = ApprovalId::generate(&world.ids);
    invoke(&bench, asking(&world, ApprovalStanding::Granted(id.clone()))).await.unwrap();
    assert_eq!(bench.intents.lock().unwrap()[0].approval.as_ref(), Some(&id));
    let settlement = &bench.settlements.lock().unwrap()[0];
    assert_eq!(settlement.invocation.as_ref().unwrap().facts.approval_id, Some(id));
}

#[tokio::test]
async fn an_approval_that_was_used_meanwhile_gives_the_call_back() {
    let (bench, world) = (Bench::new(), World::new());
    let granted = || asking(&world, ApprovalStanding::Granted(ApprovalId::generate(&world.ids)));
    *bench.recorded.lock().unwrap() = Some(Recorded::NotApproved);
    assert!(matches!(attempt(&bench, granted()).await, Ok(Invoked::Unapproved(_))));
    assert_eq!((bench.count("client:call"), bench.count("ledger:refuse")), (0, 0));
    *bench.recorded.lock().unwrap() = Some(Recorded::NotApproved);
    let last = GovernedCall { attempt: Attempt::Last, ..granted() };
    assert_eq!(invoke(&bench, last).await.unwrap_err().code(), codes::CONFIGURATION_UNSETTLED);
    assert_eq!(bench.count("client:call"), 0);
}

#[tokio::test]
async fn what_was_remembered_asks_nobody() {
    let (bench, world) = (Bench::new(), World::new());
    let remembered =
        GovernedCall { attempt: Attempt::Remembered, ..asking(&world, ApprovalStanding::NotAsked) };
    assert!(matches!(attempt(&bench, remembered).await, Ok(Invoked::Outdated(_))));
    assert_eq!(*bench.steps.lock().unwrap(), [""; 0]);
}
