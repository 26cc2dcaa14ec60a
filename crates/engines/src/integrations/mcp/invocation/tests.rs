//! The flow of the governed call, with every step made to fail once.

use portcullis_schemas::controls::FreezeTarget;
use portcullis_schemas::incidents::{IncidentCause, IncidentSeverity};
use portcullis_schemas::integrations::approvals::ApprovalRule;
use portcullis_schemas::integrations::mcp::invocation::{CallMethod, PolicyDecision};
use portcullis_schemas::integrations::mcp::server::McpAuthType;
use portcullis_schemas::integrations::mcp::wire::{Conduct, McpFailure, ToolReply};
use portcullis_schemas::logs::ledger::AbandonedIntent;
use portcullis_schemas::policies::PolicyOutcome;
use portcullis_schemas::tenants::ConfigVersion;
use portcullis_schemas::text::{CredentialRefText, IdempotencyKey};
use portcullis_testkit::fixtures;
use serde_json::json;

use super::*;
use crate::integrations::approvals::ApprovalStanding;
use crate::integrations::mcp::decision::CredentialVerdict;
use crate::integrations::mcp::samples::{World, event_types};
use bench::{Bench, SECRET, reply};

mod bench;
mod refusals;
mod repeats;
mod rounds;
mod waits;

const WAY_OF_A_CALL: [&str; 8] = [
    "emit:requested",
    "emit:allowed",
    "ledger:record",
    "vault:open",
    "emit:started",
    "client:call",
    "emit:completed",
    "ledger:settle",
];

fn call(world: &World) -> GovernedCall {
    let server = McpServer {
        auth_type: McpAuthType::Bearer,
        credential_ref: Some(CredentialRefText::new("cus-vault://t_0001/key-1").unwrap()),
        ..world.server.clone()
    };
    let policy = PolicyOutcome {
        permitted: true,
        approval: ApprovalRule::None,
        policy_ids: vec!["pol_a#0".to_owned()],
        version: 3,
        reason: None,
    };
    GovernedCall {
        method: CallMethod::CallTool,
        received: Received {
            invocation_id: InvocationId::generate(&world.ids),
            invoked_at: fixtures::time(100),
            begun: Duration::ZERO,
        },
        attempt: Attempt::Fresh,
        facts: CallFacts {
            decided_on: ConfigVersion(5),
            server: Arc::new(server),
            tool: Arc::new(world.tool("get_weather")),
            list_is_stale: false,
            frozen: None,
            policy: Ok(policy),
            arguments: Ok(()),
            credential: CredentialVerdict::Granted,
            round: Ok(()),
            approval: ApprovalStanding::NotAsked,
        },
        arguments: PreparedArguments::new(json!({ "city": "Graz" }).as_object().unwrap().clone()).unwrap(),
        run_id: Some(RunId::new("run-1").unwrap()),
        step_index: Some(2),
        through: None,
        secret_version: Some(1),
        idempotency: None,
        flows: None,
        asks: None,
        rounds: Rounds::default(),
        deadline: Duration::from_secs(60),
        is_callers_deadline: false,
    }
}

fn claimed(mut call: GovernedCall, world: &World) -> GovernedCall {
    call.idempotency = Some(IdempotencyClaim {
        key_id: world.ctx().principal.key().clone(),
        operation: "integrations.mcp_servers.invoke_tool".to_owned(),
        idempotency_key: IdempotencyKey::new("once").unwrap(),
        request_hash: "0".repeat(64),
    });
    call
}

async fn invoke(bench: &Arc<Bench>, call: GovernedCall) -> Result<InvokeToolResult, Error> {
    match attempt(bench, call).await? {
        Invoked::Answered(result) => Ok(*result),
        Invoked::Outdated(_) | Invoked::Unapproved(_) => panic!("the facts hold"),
    }
}

async fn attempt(bench: &Arc<Bench>, call: GovernedCall) -> Result<Invoked, Error> {
    let engine = bench.engine();
    let received = engine.receive();
    engine.invoke(&World::new().ctx(), GovernedCall { received, ..call }).await
}

#[tokio::test]
async fn a_call_is_recorded_made_recorded_and_answered_in_this_order() {
    let (bench, world) = (Bench::new(), World::new());
    let result = invoke(&bench, call(&world)).await.unwrap();
    assert_eq!(*bench.steps.lock().unwrap(), WAY_OF_A_CALL);
    assert_eq!(
        (result.status, result.policy_decision),
        (InvocationOutcome::Success, PolicyDecision::Allowed)
    );
    assert_eq!(result.result.as_str(), r#"{"content":[], "n":1.10}"#, "byte for byte");
    assert_eq!(
        (result.duration_ms, result.policy_ids.clone(), result.policy_version),
        (40, vec!["pol_a#0".to_owned()], 3)
    );

    let intent = &bench.intents.lock().unwrap()[0];
    let expected = ["tool_invocation.requested", "tool_invocation.allowed", "credential.accessed"];
    assert_eq!(event_types(&intent.events), expected);
    assert_eq!(
        intent.freeze_targets.iter().map(FreezeTarget::kind).collect::<Vec<_>>(),
        ["tenant", "key", "server", "tool"]
    );
    assert_eq!(intent.decided_on, Some(ConfigVersion(5)));

    let settlement = &bench.settlements.lock().unwrap()[0];
    let row = settlement.invocation.as_ref().unwrap();
    assert_eq!(
        (&settlement.intent_id, event_types(&settlement.events)),
        (&intent.intent_id, vec!["tool_invocation.completed"])
    );
    assert_eq!((row.output_bytes, row.duration_ms, row.started_at.is_some()), (Some(24), 40, true));
    assert_eq!(
        (row.facts.input_preview.as_deref(), row.facts.step_index),
        (Some(r#"{"city":"string(4)"}"#), Some(2))
    );
    assert_eq!(row.facts.invocation_id, result.invocation_id);
    assert!(settlement.incident.is_none() && settlement.answer.is_none());

    let target = &bench.targets.lock().unwrap()[0];
    assert_eq!(target.auth.as_ref().unwrap().value.expose(), format!("Bearer {SECRET}"));
    assert_eq!(
        bench.dispatches.lock().unwrap()[0].deadline,
        Duration::from_secs(30),
        "the caller's own is shorter"
    );
}

#[tokio::test]
async fn whatever_fails_no_record_no_call_and_no_recorded_outcome_no_answer() {
    // the step that fails, the code, calls, settlements tried
    let table = [
        ("emit:requested", "audit_unavailable", 0, 0),
        ("emit:allowed", "audit_unavailable", 0, 0),
        ("ledger:record", "audit_unavailable", 0, 0),
        ("vault:open", "store_unavailable", 0, 1),
        ("emit:started", "audit_unavailable", 0, 1),
        ("client:call", "upstream_unreachable", 1, 1),
        ("emit:completed", "outcome_unrecorded", 1, 1),
        ("ledger:settle", "outcome_unrecorded", 1, 1),
    ];
    assert_eq!(table.map(|(step, ..)| step), WAY_OF_A_CALL, "every step is made to fail");
    for (step, code, calls, settlements) in table {
        let (bench, world) = (Bench::failing_at(step), World::new());
        let error = invoke(&bench, call(&world)).await.unwrap_err();
        assert_eq!(error.code().as_str(), code, "{step}");
        assert_eq!(error.reference().map(|(name, _)| name), Some("invocation_id"), "{step}");
        assert!(!format!("{error:?} {error}").contains(SECRET));
        assert_eq!(
            (bench.count("client:call"), bench.count("ledger:settle")),
            (calls, settlements),
            "{step}"
        );
        let recorded = bench.intents.lock().unwrap().len();
        assert_eq!(bench.count("ledger:settle"), recorded, "{step}: an intent, a settlement");
    }
}

#[tokio::test]
async fn what_the_emitter_cannot_close_is_closed_all_the_same() {
    for (failing, expected) in
        [("emit:completed", "tool_invocation.completed"), ("emit:failed", "tool_invocation.failed")]
    {
        let (bench, world) = (Bench::failing_at(failing), World::new());
        if failing == "emit:failed" {
            bench.failing.lock().unwrap().insert("client:call");
        }
        let error = invoke(&bench, call(&world)).await.unwrap_err();
        assert_eq!(error.code(), codes::OUTCOME_UNRECORDED);
        let settlement = &bench.settlements.lock().unwrap()[0];
        assert_eq!(event_types(&settlement.events), [expected]);
        assert_eq!(settlement.events[0].facts["emitter_failed"], true);
    }
}

#[tokio::test]
async fn outcomes_and_their_incidents() {
    let fails = |code, may_have_acted| Err(McpFailure::new(code, "our words", may_have_acted));
    let behaved = |reply: ToolReply, conduct| Ok(ToolReply { conduct, ..reply });
    let fine = || reply(r#"{"content":[]}"#, false);
    let hiding = || reply("{\"content\":[{\"type\":\"text\",\"text\":\"a\\u202eb\"}]}", false);
    let drawing = r#"{"content":[{"type":"image","mimeType":"image/svg+xml","data":"PHN2Zz4="}]}"#;
    use IncidentCause::{
        CredentialEchoed, InvocationFailed, OutcomeUnknown, ResultSanitised, UpstreamConduct,
    };
    use IncidentSeverity::{High, Low, Medium};
    use InvocationOutcome::{Cancelled, Failure, Success, Timeout, Unknown};
    let breach =
        McpFailure { conduct: Conduct::Breach, ..McpFailure::new(codes::UPSTREAM_PROTOCOL, "x", true) };
    let overreach = McpFailure { conduct: Conduct::Overreach, ..breach.clone() };
    let table = [
        (Ok(fine()), Success, None, None),
        (Ok(reply("{}", true)), Failure, Some("tool_error"), None),
        (behaved(fine(), Conduct::Breach), Success, None, Some((UpstreamConduct, Low))),
        (behaved(fine(), Conduct::Overreach), Success, None, Some((UpstreamConduct, High))),
        (behaved(hiding(), Conduct::Fair), Success, None, Some((ResultSanitised, Low))),
        (behaved(hiding(), Conduct::Overreach), Success, None, Some((UpstreamConduct, High))),
        (Ok(ToolReply { redacted: true, ..fine() }), Success, None, Some((CredentialEchoed, High))),
        (Ok(reply(drawing, false)), Failure, Some("content_refused"), Some((ResultSanitised, Low))),
        (fails(codes::UPSTREAM_TIMEOUT, true), Timeout, Some("upstream_timeout"), None),
        (fails(codes::UPSTREAM_TIMEOUT, false), Failure, Some("upstream_timeout"), None),
        (fails(codes::CANCELLED, true), Cancelled, Some("cancelled"), None),
        (fails(codes::UPSTREAM_PROTOCOL, true), Failure, Some("upstream_protocol"), None),
        (Err(breach), Failure, Some("upstream_protocol"), Some((UpstreamConduct, Low))),
        (Err(overreach), Failure, Some("upstream_protocol"), Some((UpstreamConduct, High))),
        (fails(codes::UPSTREAM_TLS, false), Failure, Some("upstream_tls"), Some((UpstreamConduct, Low))),
        (
            fails(codes::UPSTREAM_REDIRECT, false),
            Failure,
            Some("upstream_redirect"),
            Some((UpstreamConduct, High)),
        ),
        (fails(codes::ID_MISMATCH, true), Failure, Some("id_mismatch"), Some((UpstreamConduct, High))),
        (fails(codes::JSON_NODES, true), Failure, Some("json_nodes"), Some((UpstreamConduct, Low))),
        (fails(codes::JSON_TEXT, true), Failure, Some("json_text"), None),
        (fails(codes::INPUT_REFUSED, true), Failure, Some("input_refused"), Some((UpstreamConduct, High))),
        (fails(codes::OUTCOME_UNKNOWN, true), Unknown, Some("outcome_unknown"), Some((OutcomeUnknown, Low))),
        (
            fails(codes::UPSTREAM_ERROR, true),
            Failure,
            Some("upstream_error"),
            Some((InvocationFailed, Medium)),
        ),
    ];
    for (answer, outcome, code, cause) in table {
        let (bench, world) = (Bench::new(), World::new());
        let is_answer = answer.is_ok() && code != Some("content_refused");
        *bench.reply.lock().unwrap() = Some(answer);
        let result = invoke(&bench, call(&world)).await;
        assert_eq!(result.is_ok(), is_answer, "an error of the tool is an answer, {code:?}");
        let settlement = &bench.settlements.lock().unwrap()[0];
        let row = settlement.invocation.as_ref().unwrap();
        assert_eq!((row.outcome, row.error_code.as_deref()), (outcome, code));
        let incident = settlement.incident.as_ref().map(|incident| (incident.cause, incident.severity));
        assert_eq!(incident, cause, "{code:?}");
        let expected = match outcome {
            Unknown => "tool_invocation.unknown",
            _ if is_answer => "tool_invocation.completed",
            _ => "tool_invocation.failed",
        };
        assert_eq!(event_types(&settlement.events), [expected]);
    }
}

#[tokio::test]
async fn a_sanitised_result_is_told_to_its_caller_and_recorded_with_the_hash_of_what_came() {
    let (bench, world) = (Bench::new(), World::new());
    *bench.reply.lock().unwrap() =
        Some(Ok(reply("{\"content\":[{\"type\":\"text\",\"text\":\"a\\u202eb\"}]}", false)));
    let result = invoke(&bench, call(&world)).await.unwrap();
    assert_eq!(result.result.as_str(), r#"{"content":[{"type":"text","text":"ab"}]}"#);
    let told = result.sanitised.unwrap();
    assert_eq!((told.hidden_characters, told.credential), (1, false));
    let settlement = &bench.settlements.lock().unwrap()[0];
    let row = settlement.invocation.as_ref().unwrap();
    assert_eq!(row.sanitised.as_ref(), Some(&told));
    assert_ne!(
        row.output_hash.as_ref(),
        Some(&told.received_hash),
        "one is of what came, one of what was given"
    );
}

/// The gate must not put together what nobody would have found in pieces.
#[tokio::test]
async fn a_credential_that_is_whole_without_hidden_characters_is_taken_out() {
    let (bench, world) = (Bench::new(), World::new());
    let echo = format!("{}\\u200b{}", &SECRET[..4], &SECRET[4..]);
    let text = format!("{{\"content\":[{{\"type\":\"text\",\"text\":\"it is {echo}\"}}]}}");
    *bench.reply.lock().unwrap() = Some(Ok(reply(&text, false)));
    let result = invoke(&bench, call(&world)).await.unwrap();
    assert!(!result.result.as_str().contains(SECRET), "{}", result.result.as_str());
    let told = result.sanitised.unwrap();
    assert_eq!((told.hidden_characters, told.credential), (1, true));
}

#[tokio::test]
async fn time_that_the_caller_did_not_give_is_the_callers_deadline() {
    for (is_callers_deadline, expected) in
        [(true, codes::DEADLINE_EXCEEDED), (false, codes::UPSTREAM_TIMEOUT)]
    {
        let (bench, world) = (Bench::new(), World::new());
        *bench.reply.lock().unwrap() = Some(Err(McpFailure::new(codes::UPSTREAM_TIMEOUT, "late", true)));
        let error = invoke(&bench, GovernedCall { is_callers_deadline, ..call(&world) }).await.unwrap_err();
        assert_eq!((error.code(), error.kind()), (expected, ErrorKind::Timeout));
        let settlement = &bench.settlements.lock().unwrap()[0];
        assert_eq!(settlement.invocation.as_ref().unwrap().outcome, InvocationOutcome::Timeout);
    }
}

#[tokio::test]
async fn abandoned_calls_are_closed_as_unknown_and_never_run() {
    for failing in [None, Some("emit:failed")] {
        let bench = failing.map_or_else(Bench::new, Bench::failing_at);
        let world = World::new();
        let facts = fixtures::invocation_facts(&world.ids, &world.tool("get_weather"), 90);
        let abandoned = AbandonedIntent {
            tenant: world.tenant.clone(),
            intent_id: IntentId::generate(&world.ids),
            subject: IntentSubject::Invocation(Box::new(facts.clone())),
            recorded_at: fixtures::time(90),
        };
        let settlement = bench.engine().recover(&abandoned).await;
        let row = settlement.invocation.unwrap();
        assert_eq!((row.outcome, row.facts, row.duration_ms), (InvocationOutcome::Unknown, facts, 10_000));
        assert_eq!(event_types(&settlement.events), ["tool_invocation.unknown"]);
        assert_eq!(settlement.events[0].actor.name, "portcullis");
        assert_eq!(settlement.incident.unwrap().cause, IncidentCause::OutcomeUnknown);
        assert_eq!((settlement.intent_id, settlement.answer), (abandoned.intent_id, None));
        assert_eq!(bench.count("client:call"), 0);
    }
}

#[tokio::test]
async fn abandoned_exchanges_are_closed_as_unknown() {
    let (bench, world) = (Bench::new(), World::new());
    let abandoned = AbandonedIntent {
        tenant: world.tenant.clone(),
        intent_id: IntentId::generate(&world.ids),
        subject: IntentSubject::Exchange {
            purpose: IntentKind::DiscoverTools,
            server_id: world.server.server_id.clone(),
            request_id: None,
        },
        recorded_at: fixtures::time(90),
    };
    let settlement = bench.engine().recover(&abandoned).await;
    assert_eq!(event_types(&settlement.events), ["mcp_exchange.unknown"]);
    assert!(settlement.invocation.is_none() && settlement.incident.is_some());
}
