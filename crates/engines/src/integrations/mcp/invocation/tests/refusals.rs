//! Calls that are not made: what is recorded of them, and who hears of it.

use portcullis_schemas::integrations::flows::{DataFlows, FlowLevel, RunFlows, RunKey};
use portcullis_schemas::integrations::mcp::tool::RiskLevel;

use super::*;
use crate::integrations::flows::with_call;

fn denied_by_policy(mut call: GovernedCall) -> GovernedCall {
    call.facts.policy = Ok(PolicyOutcome {
        permitted: false,
        approval: ApprovalRule::None,
        policy_ids: Vec::new(),
        version: 3,
        reason: None,
    });
    call
}

#[tokio::test]
async fn a_refusal_is_recorded_and_stands_when_it_cannot_be() {
    let table = [
        (None, "policy_denied", 1),
        (Some("emit:denied"), "audit_unavailable", 0),
        (Some("ledger:refuse"), "audit_unavailable", 0),
    ];
    for (failing, code, refusals) in table {
        let bench = failing.map_or_else(Bench::new, Bench::failing_at);
        let world = World::new();
        let error = invoke(&bench, denied_by_policy(call(&world))).await.unwrap_err();
        assert_eq!(error.code().as_str(), code);
        assert_eq!(
            (bench.count("client:call"), bench.count("vault:open"), bench.count("ledger:record")),
            (0, 0, 0)
        );
        assert_eq!(bench.refusals.lock().unwrap().len(), refusals);
    }
    let (bench, world) = (Bench::new(), World::new());
    let mut critical = denied_by_policy(call(&world));
    Arc::make_mut(&mut critical.facts.tool).risk_level = RiskLevel::Critical;
    let error = invoke(&bench, critical).await.unwrap_err();
    let refusal = &bench.refusals.lock().unwrap()[0];
    let (row, incident) = (refusal.invocation.as_ref().unwrap(), refusal.incident.as_ref().unwrap());
    assert_eq!(event_types(&refusal.events), ["tool_invocation.requested", "tool_invocation.denied"]);
    assert_eq!(
        (row.outcome, row.facts.policy_decision),
        (InvocationOutcome::Blocked, PolicyDecision::Blocked)
    );
    assert_eq!(
        (incident.cause, row.incident_id.as_ref()),
        (IncidentCause::CriticalBlocked, Some(&incident.incident_id))
    );
    assert_eq!(error.reference(), Some(("invocation_id", row.facts.invocation_id.as_str())));
    assert_eq!(row.started_at, None);
}

/// Refuses a call of a tool with these flows in a run that has touched this; the incident.
async fn refused(world: &World, run: DataFlows, tool: DataFlows, risk: RiskLevel) -> Option<IncidentCause> {
    let mut call = denied_by_policy(call(world));
    let of = Arc::make_mut(&mut call.facts.tool);
    (of.flows, of.risk_level) = (tool, risk);
    let key = RunKey { key_id: world.ctx().principal.key().clone(), run_id: None };
    let stored = RunFlows { flows: run, updated_at: world.stamp(0).now };
    call.flows = Some(with_call(key, Some(stored), tool));
    let bench = Bench::new();
    invoke(&bench, call).await.unwrap_err();
    let refusals = bench.refusals.lock().unwrap();
    refusals[0].incident.as_ref().map(|one| one.cause)
}

#[tokio::test]
async fn what_would_leave_a_run_is_heard_of_when_it_is_refused() {
    let world = World::new();
    let levels = [FlowLevel::None, FlowLevel::Maybe, FlowLevel::Yes];
    let flows = |private_reads, untrusted_reads, egress| DataFlows { private_reads, untrusted_reads, egress };
    for private in levels {
        for untrusted in levels {
            for egress in levels {
                let (run, tool) = (
                    flows(private, untrusted, FlowLevel::None),
                    flows(FlowLevel::None, FlowLevel::None, egress),
                );
                let heard = refused(&world, run, tool, RiskLevel::Low).await;
                let leaks = [private, untrusted, egress] == [FlowLevel::Yes; 3];
                assert_eq!(heard, leaks.then_some(IncidentCause::FlowHeld), "{private} {untrusted} {egress}");
            }
        }
    }
    let (all, nothing) = (flows(FlowLevel::Yes, FlowLevel::Yes, FlowLevel::Yes), DataFlows::NONE);
    assert_eq!(refused(&world, all, nothing, RiskLevel::Low).await, None, "nothing leaves by this tool");
    let critical = refused(&world, all, all, RiskLevel::Critical).await;
    assert_eq!(critical, Some(IncidentCause::CriticalBlocked), "the louder one");
}

#[tokio::test]
async fn a_freeze_between_decision_and_record_refuses() {
    let (bench, world) = (Bench::new(), World::new());
    *bench.recorded.lock().unwrap() = Some(Recorded::Frozen(FreezeTarget::Tenant));
    let error = invoke(&bench, call(&world)).await.unwrap_err();
    assert_eq!((error.code(), bench.count("client:call")), (codes::FROZEN, 0));
    let refusal = &bench.refusals.lock().unwrap()[0];
    assert_eq!(event_types(&refusal.events), ["tool_invocation.requested", "tool_invocation.denied"]);
    assert_eq!(refusal.invocation.as_ref().unwrap().facts.policy_decision, PolicyDecision::Blocked);
    assert_eq!(bench.count("emit:requested"), 1, "asked for once, told once");
}

#[tokio::test]
async fn what_was_remembered_never_refuses() {
    let (bench, world) = (Bench::new(), World::new());
    let remembered = GovernedCall { attempt: Attempt::Remembered, ..denied_by_policy(call(&world)) };
    assert!(matches!(attempt(&bench, remembered).await, Ok(Invoked::Outdated(_))));
    assert_eq!(*bench.steps.lock().unwrap(), [""; 0], "nothing was told, recorded or sent");
}

#[tokio::test]
async fn what_has_changed_before_the_record_is_judged_again_and_refused_at_last() {
    for try_now in [Attempt::Remembered, Attempt::Fresh] {
        let (bench, world) = (Bench::new(), World::new());
        *bench.recorded.lock().unwrap() = Some(Recorded::Stale);
        let stale = GovernedCall { attempt: try_now, ..call(&world) };
        let Ok(Invoked::Outdated(again)) = attempt(&bench, stale).await else {
            panic!("{try_now:?}: the call is given back")
        };
        assert_eq!((bench.count("client:call"), bench.count("ledger:refuse")), (0, 0));
        let again = GovernedCall { attempt: Attempt::Fresh, ..*again };
        let Ok(Invoked::Answered(result)) = attempt(&bench, again).await else {
            panic!("{try_now:?}: it holds now")
        };
        assert_eq!(result.status, InvocationOutcome::Success);
    }
    let (bench, world) = (Bench::new(), World::new());
    *bench.recorded.lock().unwrap() = Some(Recorded::Stale);
    let error = invoke(&bench, GovernedCall { attempt: Attempt::Last, ..call(&world) }).await.unwrap_err();
    let told = (error.code(), error.kind(), bench.count("client:call"));
    assert_eq!(told, (codes::CONFIGURATION_UNSETTLED, ErrorKind::Unavailable, 0));
    let refusal = &bench.refusals.lock().unwrap()[0];
    assert_eq!(event_types(&refusal.events), ["tool_invocation.requested", "tool_invocation.denied"]);
}
