//! The suite of [`MCPAuditEmitterPort`].

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::invocation::{InvocationFacts, InvocationOutcome};
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_schemas::logs::ledger::FailureFacts;
use portcullis_schemas::logs::ports::{MCPAuditEmitterPort, ToolEventContext};

use super::steps::{IDS, done};
use crate::fixtures::{self, time};

/// Each emit makes the event of its kind, about the call, by the actor, without the caller's values.
pub async fn audit_emitter(emitter: &dyn MCPAuditEmitterPort) {
    let tenant = fixtures::tenant(1);
    let tool = fixtures::tool(&IDS, &fixtures::server(&IDS, &tenant, "emitting", 0), "search");
    let facts = fixtures::invocation_facts(&IDS, &tool, 0);
    let actor = fixtures::actor(&IDS);
    let call = ToolEventContext { actor: &actor, facts: &facts, traceparent: Some("00-aa-bb-01") };
    let failure =
        FailureFacts { code: codes::POLICY_DENIED, message: "no policy permits this call".to_owned() };

    let mut events = vec![
        done("requested", emitter.emit_tool_requested(&tenant, call).await),
        done("allowed", emitter.emit_tool_allowed(&tenant, call).await),
        done("denied", emitter.emit_tool_denied(&tenant, call, &failure).await),
    ];
    done("started", emitter.emit_tool_started(&tenant, call, time(1)).await);
    let row = |outcome| fixtures::invocation(&tenant, facts.clone(), outcome);
    let success = row(InvocationOutcome::Success);
    events.push(done("completed", emitter.emit_tool_completed(&tenant, call, &success).await));
    let failed = [
        InvocationOutcome::Failure,
        InvocationOutcome::Timeout,
        InvocationOutcome::Cancelled,
        InvocationOutcome::Unknown,
    ];
    for outcome in failed {
        events.push(done("failed", emitter.emit_tool_failed(&tenant, call, &row(outcome)).await));
    }

    use AuditEventType as Type;
    let expected = [
        Type::ToolInvocationRequested,
        Type::ToolInvocationAllowed,
        Type::ToolInvocationDenied,
        Type::ToolInvocationCompleted,
        Type::ToolInvocationFailed,
        Type::ToolInvocationFailed,
        Type::ToolInvocationFailed,
        Type::ToolInvocationUnknown,
    ];
    let types: Vec<_> = events.iter().map(|event| event.event_type).collect();
    assert_eq!(types, expected, "each emit makes the event of its kind");
    for event in &events {
        expect_about(event, &facts);
        assert_eq!(event.actor, actor, "an event names who caused it");
    }
    let mut ids: Vec<_> = events.iter().map(|event| &event.event_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "every event has its own id");
}

fn expect_about(event: &AuditEventDraft, facts: &InvocationFacts) {
    let about = ("invocation_id", facts.invocation_id.to_string());
    assert!(event.subject.contains(&about), "{} is about its invocation", event.event_type);
    assert!(event.subject.is_sorted(), "what an event is about is sorted by name");
    assert_eq!(event.request_id.as_ref(), Some(&facts.request_id), "an event names its request");
}
