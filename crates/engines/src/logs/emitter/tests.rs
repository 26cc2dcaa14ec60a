//! The shape of every event of a tool call.

use std::time::Duration;

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::invocation::PolicyDecision;
use portcullis_schemas::integrations::mcp::tool::RiskLevel;
use portcullis_schemas::integrations::toolsets::ExposedName;
use portcullis_schemas::logs::event::EventActor;
use portcullis_schemas::principal::ActorType;
use portcullis_schemas::runtime::Ulid;
use portcullis_schemas::text::RunId;
use serde_json::json;

use super::*;

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_785_196_800_000_000)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

impl IdSource for Fixed {
    fn next_ulid(&self) -> Ulid {
        Ulid(1)
    }
}

fn facts() -> InvocationFacts {
    InvocationFacts {
        method: CallMethod::CallTool,
        invocation_id: "inv_01jd0000000000000000000000".parse().unwrap(),
        server_id: "mcp_01jd0000000000000000000000".parse().unwrap(),
        tool_id: "tool_01jd0000000000000000000000".parse().unwrap(),
        tool_name: "delete_invoice".to_owned(),
        pinned_hash: Some("aa".repeat(32)),
        risk_level: RiskLevel::Critical,
        run_id: Some(RunId::new("run-7").unwrap()),
        step_index: Some(2),
        through: None,
        actor_id: "agent".to_owned(),
        actor_type: ActorType::Machine,
        request_id: "req_01jd0000000000000000000000".to_owned(),
        input_hash: "bb".repeat(32),
        input_preview: Some(r#"{"invoice":"string(8)"}"#.to_owned()),
        policy_decision: PolicyDecision::Flagged,
        policy_ids: vec!["pol_01jd0000000000000000000000#0".to_owned()],
        policy_version: 3,
        approval_id: None,
        flows: None,
        round: None,
        policy_reason: None,
        invoked_at: Timestamp::from_micros(1_785_196_799_000_000),
    }
}

fn invocation(outcome: InvocationOutcome) -> McpToolInvocation {
    McpToolInvocation {
        tenant_id: tenant(),
        facts: facts(),
        outcome,
        output_hash: Some("cc".repeat(32)),
        sanitised: None,
        asked: None,
        output_bytes: Some(150),
        error_code: None,
        error_message: Some("our words, not for the trail".to_owned()),
        duration_ms: 12,
        started_at: Some(Timestamp::from_micros(1_785_196_799_500_000)),
        completed_at: Timestamp::from_micros(1_785_196_799_512_000),
        incident_id: None,
    }
}

fn tenant() -> TenantId {
    TenantId::from_trusted("t_a").unwrap()
}

fn actor() -> EventActor {
    let key_id = Some("key_01jd0000000000000000000000".parse().unwrap());
    EventActor { name: "agent".to_owned(), key_id, actor_type: ActorType::Machine }
}

fn emitter() -> ToolAuditEmitter {
    ToolAuditEmitter::new(Arc::new(Fixed), Arc::new(Fixed))
}

/// The event as a reader of the trail sees it, before it has its place in the chain.
fn shown(draft: &AuditEventDraft) -> String {
    let subject: Map<String, Value> =
        draft.subject.iter().map(|(name, id)| ((*name).to_owned(), Value::from(id.clone()))).collect();
    let event = serde_json::json!({
        "event_id": draft.event_id,
        "event_type": draft.event_type,
        "occurred_at": draft.occurred_at,
        "actor": draft.actor,
        "request_id": draft.request_id,
        "subject": subject,
        "facts": draft.facts,
    });
    serde_json::to_string_pretty(&event).unwrap()
}

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn requested_is_a_contract() {
    let (actor, facts) = (actor(), facts());
    let call = ToolEventContext { actor: &actor, facts: &facts, traceparent: Some(TRACE) };
    insta::assert_snapshot!(shown(&emitter().emit_tool_requested(&tenant(), call).await.unwrap()));
}

#[tokio::test]
async fn allowed_is_a_contract() {
    let (actor, facts) = (actor(), facts());
    let call = ToolEventContext { actor: &actor, facts: &facts, traceparent: Some(TRACE) };
    insta::assert_snapshot!(shown(&emitter().emit_tool_allowed(&tenant(), call).await.unwrap()));
}

#[tokio::test]
async fn denied_is_a_contract() {
    let reason = "no policy permits this call";
    let facts = InvocationFacts {
        policy_decision: PolicyDecision::Blocked,
        policy_ids: Vec::new(),
        policy_reason: Some(reason.to_owned()),
        ..facts()
    };
    let failure = FailureFacts { code: codes::POLICY_DENIED, message: reason.to_owned() };
    let actor = actor();
    let call = ToolEventContext { actor: &actor, facts: &facts, traceparent: None };
    insta::assert_snapshot!(shown(&emitter().emit_tool_denied(&tenant(), call, &failure).await.unwrap()));
}

#[tokio::test]
async fn a_call_through_a_toolset_says_so() {
    let through = CalledThrough {
        toolset_id: "tset_01jd0000000000000000000000".parse().unwrap(),
        toolset_version: 7,
        name: ExposedName::new("forecast").unwrap(),
    };
    let (actor, facts) = (actor(), InvocationFacts { through: Some(through), ..facts() });
    let call = ToolEventContext { actor: &actor, facts: &facts, traceparent: None };
    let event = emitter().emit_tool_requested(&tenant(), call).await.unwrap();
    let expected =
        json!({ "toolset_id": "tset_01jd0000000000000000000000", "toolset_version": 7, "name": "forecast" });
    assert_eq!(event.facts["through"], expected);
}

#[tokio::test]
async fn a_round_says_what_was_asked_and_what_it_goes_on_from() {
    let before = "inv_01jd0000000000000000000009";
    let responses_hash = Some("7".repeat(64));
    let round = CallRound { number: 2, continues: before.parse().unwrap(), responses_hash };
    let (actor, facts) = (actor(), InvocationFacts { round: Some(round), ..facts() });
    let call = ToolEventContext { actor: &actor, facts: &facts, traceparent: None };
    let event = emitter().emit_tool_requested(&tenant(), call).await.unwrap();
    let expected = json!({ "number": 2, "continues": before, "responses_hash": "7".repeat(64) });
    assert_eq!(event.facts["round"], expected);
    let asked = Some(vec![InputKind::Elicitation, InputKind::Roots]);
    let invocation = McpToolInvocation { asked, ..invocation(InvocationOutcome::Success) };
    let event = emitter().emit_tool_completed(&tenant(), call, &invocation).await.unwrap();
    assert_eq!(event.facts["asked"], json!(["elicitation", "roots"]));
}

#[tokio::test]
async fn a_call_of_what_is_no_tool_says_so() {
    let actor = actor();
    for (method, told) in
        [(CallMethod::CallTool, Value::Null), (CallMethod::ReadResource, json!("resources/read"))]
    {
        let facts = InvocationFacts { method, ..facts() };
        let call = ToolEventContext { actor: &actor, facts: &facts, traceparent: None };
        let event = emitter().emit_tool_requested(&tenant(), call).await.unwrap();
        assert_eq!(event.facts.get("method").cloned().unwrap_or_default(), told);
    }
}

#[tokio::test]
async fn completed_is_a_contract() {
    let (actor, facts) = (actor(), facts());
    let call = ToolEventContext { actor: &actor, facts: &facts, traceparent: Some(TRACE) };
    let invocation = invocation(InvocationOutcome::Success);
    insta::assert_snapshot!(shown(
        &emitter().emit_tool_completed(&tenant(), call, &invocation).await.unwrap()
    ));
}

#[tokio::test]
async fn failed_is_a_contract() {
    let (actor, facts) = (actor(), facts());
    let call = ToolEventContext { actor: &actor, facts: &facts, traceparent: None };
    let invocation = McpToolInvocation {
        error_code: Some("upstream_timeout".to_owned()),
        output_hash: None,
        sanitised: None,
        output_bytes: None,
        incident_id: Some("inc_01jd0000000000000000000000".parse().unwrap()),
        ..invocation(InvocationOutcome::Timeout)
    };
    insta::assert_snapshot!(shown(&emitter().emit_tool_failed(&tenant(), call, &invocation).await.unwrap()));
}

#[tokio::test]
async fn unknown_is_a_contract() {
    let (actor, facts) = (actor(), facts());
    let call = ToolEventContext { actor: &actor, facts: &facts, traceparent: None };
    let invocation = McpToolInvocation {
        error_code: Some("outcome_unknown".to_owned()),
        output_hash: None,
        sanitised: None,
        output_bytes: None,
        started_at: None,
        ..invocation(InvocationOutcome::Unknown)
    };
    insta::assert_snapshot!(shown(&emitter().emit_tool_failed(&tenant(), call, &invocation).await.unwrap()));
}

#[tokio::test]
async fn what_is_not_known_is_left_out() {
    let facts =
        InvocationFacts { pinned_hash: None, run_id: None, step_index: None, input_preview: None, ..facts() };
    let actor = actor();
    let call = ToolEventContext { actor: &actor, facts: &facts, traceparent: None };
    let draft = emitter().emit_tool_requested(&tenant(), call).await.unwrap();
    let mut names: Vec<&str> = draft.facts.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["input_hash", "invoked_at", "risk_level", "tool_name"]);
    let subject: Vec<&str> = draft.subject.iter().map(|(name, _)| *name).collect();
    assert_eq!(subject, ["invocation_id", "server_id", "tool_id"]);
}

#[tokio::test]
async fn starting_makes_no_event_of_its_own() {
    let (actor, facts) = (actor(), facts());
    let call = ToolEventContext { actor: &actor, facts: &facts, traceparent: None };
    assert!(emitter().emit_tool_started(&tenant(), call, Timestamp::from_micros(1)).await.is_ok());
}
