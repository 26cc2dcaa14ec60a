//! No record, no call; no recorded outcome, no answer.

use std::sync::Arc;

use portcullis_schemas::controls::operations::ThrowKillSwitch;
use portcullis_schemas::integrations::credentials::operations::EncryptCredential;
use portcullis_schemas::integrations::mcp::invocation::InvocationOutcome;
use portcullis_schemas::integrations::mcp::operations::{
    DiscoverMcpTools, GetMcpInvocations, InvokeMcpTool, UpdateMcpServer,
};
use portcullis_schemas::integrations::mcp::wire::McpFailure;
use portcullis_schemas::logs::ports::DispatchRecord;
use portcullis_schemas::operation::Operation;
use portcullis_schemas::principal::Scope;
use portcullis_schemas::text::{IdempotencyKey, RunId};
use portcullis_schemas::{ErrorKind, codes};
use portcullis_spine::Input;
use portcullis_testkit::broken::BrokenEmitter;
use portcullis_testkit::fakes::FixedToolPolicy;
use serde_json::json;

use crate::house::{FAITHFUL, House, call_of, reply};
use crate::panicking::{PanickingEmitter, PanickingHasher, PanickingSeal};

#[tokio::test]
async fn an_allowed_call_is_recorded_before_and_after_and_its_result_is_untouched() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    house.client.answer_call(Ok(reply()));
    let request = json!({ "server_id": tool.server_id, "tool_id": tool.tool_id, "arguments": { "q": "x" } });
    let input = Input::from_body(request.to_string().as_bytes()).unwrap();
    let answer = house.spine.call(house.caller(Scope::Invoke), InvokeMcpTool::NAME, input).await.unwrap();
    let text = String::from_utf8(answer).unwrap();
    assert!(text.contains(&format!("\"result\":{FAITHFUL}")), "{text}");

    let calls = house.admin::<GetMcpInvocations>(json!({})).await.unwrap().items;
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].outcome, InvocationOutcome::Success);
    let story = house.story_of(calls[0].facts.invocation_id.as_str()).await;
    assert_eq!(story, ["tool_invocation.requested", "tool_invocation.allowed", "tool_invocation.completed"]);
}

#[tokio::test]
async fn without_an_intent_nothing_is_sent() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let before = house.client.exchanges().len();
    house.ledger.fail_record(true);
    let error = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!(error.code(), codes::AUDIT_UNAVAILABLE);
    assert_eq!(house.client.exchanges().len(), before);
}

#[tokio::test]
async fn without_a_recorded_outcome_there_is_no_result() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    house.client.answer_call(Ok(reply()));
    house.ledger.fail_settle(true);
    let error = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!(error.code(), codes::OUTCOME_UNRECORDED);
    assert!(error.reference().is_some_and(|(name, _)| name == "invocation_id"));
}

#[tokio::test]
async fn an_emitter_that_fails_stops_the_call() {
    let house = House::with(|ports| ports.emitter = Arc::new(BrokenEmitter)).await;
    let tool = house.approved_tool("get_it").await;
    let before = house.client.exchanges().len();
    let error = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!(error.code(), codes::AUDIT_UNAVAILABLE);
    assert_eq!(house.client.exchanges().len(), before);
}

#[tokio::test]
async fn denials_are_recorded_and_send_nothing() {
    let policies: [Arc<FixedToolPolicy>; 2] =
        [Arc::new(FixedToolPolicy::deny()), Arc::new(FixedToolPolicy::failing())];
    for policy in policies {
        let house = House::with(|ports| ports.policy = policy).await;
        let tool = house.approved_tool("get_it").await;
        let before = house.client.exchanges().len();
        let error =
            house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
        assert_eq!(error.code(), codes::POLICY_DENIED);
        assert_eq!(house.client.exchanges().len(), before);
        let (_, id) = error.reference().expect("the invocation is named");
        assert_eq!(house.story_of(id).await, ["tool_invocation.requested", "tool_invocation.denied"]);
    }
}

#[tokio::test]
async fn arguments_that_the_schema_does_not_know_are_refused() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let request = call_of(&tool, json!({ "hunter2": 1 }));
    let error = house.spine.run(house.caller(Scope::Invoke), request).await.unwrap_err();
    assert_eq!(error.code(), codes::ARGUMENTS_INVALID);
}

#[tokio::test]
async fn the_kill_switch_stops_calls_at_once() {
    for target in ["tenant", "server", "tool", "key"] {
        let house = House::open().await;
        let tool = house.approved_tool("get_it").await;
        let caller = house.caller(Scope::Invoke);
        let target = match target {
            "tenant" => json!({ "kind": "tenant" }),
            "server" => json!({ "kind": "server", "id": tool.server_id }),
            "tool" => json!({ "kind": "tool", "id": tool.tool_id }),
            _ => json!({ "kind": "key", "id": caller.principal.key() }),
        };
        house.admin::<ThrowKillSwitch>(json!({ "target": target, "reason": "drill" })).await.unwrap();
        let before = house.client.exchanges().len();
        let error = house.spine.run(caller, call_of(&tool, json!({}))).await.unwrap_err();
        assert_eq!(error.code(), codes::FROZEN, "{target}");
        assert_eq!(house.client.exchanges().len(), before);
    }
}

#[tokio::test]
async fn a_repeat_is_answered_without_a_second_call_and_another_request_is_not() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let once = |arguments| {
        let mut ctx = house.caller(Scope::Invoke);
        ctx.idempotency_key = IdempotencyKey::new("k-1").ok();
        house.spine.run(ctx, call_of(&tool, arguments))
    };
    house.client.answer_call(Ok(reply()));
    let first = once(json!({ "q": "a" })).await.unwrap();
    let sent = house.client.exchanges().len();
    let again = once(json!({ "q": "a" })).await.unwrap();
    assert_eq!((first.invocation_id, first.result), (again.invocation_id, again.result));
    assert_eq!(house.client.exchanges().len(), sent);
    assert_eq!(once(json!({ "q": "b" })).await.unwrap_err().code(), codes::IDEMPOTENCY_MISMATCH);
    // Another run has not read what this one has.
    for (run_id, step_index) in [(Some("run-2"), None), (None, None), (Some("run-1"), Some(2))] {
        let run_id = run_id.map(|run| RunId::new(run).unwrap());
        let request = InvokeMcpTool { run_id, step_index, ..call_of(&tool, json!({ "q": "a" })) };
        let mut ctx = house.caller(Scope::Invoke);
        ctx.idempotency_key = IdempotencyKey::new("k-1").ok();
        let refused = house.spine.run(ctx, request).await.unwrap_err();
        assert_eq!(refused.code(), codes::IDEMPOTENCY_MISMATCH);
    }
}

#[tokio::test]
async fn failures_keep_their_kind() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let table = [
        (codes::UPSTREAM_TIMEOUT, InvocationOutcome::Timeout),
        (codes::UPSTREAM_UNREACHABLE, InvocationOutcome::Failure),
    ];
    for (code, outcome) in table {
        let failure = McpFailure::new(code, "as scripted", true);
        house.client.answer_call(Err(failure));
        let error =
            house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
        assert_eq!(error.code(), code);
        let calls = house.admin::<GetMcpInvocations>(json!({ "limit": 1 })).await.unwrap().items;
        assert_eq!(calls[0].outcome, outcome);
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_a_cancelled_call() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    house.client.hang_call();
    let spine = house.spine.clone();
    let call = tokio::spawn({
        let (ctx, request) = (house.caller(Scope::Invoke), call_of(&tool, json!({})));
        async move { spine.run(ctx, request).await }
    });
    let sent = house.client.exchanges().len();
    while house.client.exchanges().len() == sent {
        tokio::task::yield_now().await;
    }
    call.abort();
    let settled = async {
        loop {
            let calls = house.admin::<GetMcpInvocations>(json!({})).await.unwrap().items;
            if let Some(call) = calls.into_iter().next() {
                return call;
            }
            tokio::task::yield_now().await;
        }
    };
    let call = tokio::time::timeout(std::time::Duration::from_secs(5), settled).await.expect("it is settled");
    assert_eq!(call.outcome, InvocationOutcome::Cancelled);
    assert_eq!(house.client.dropped(), 1);
    let audited = async {
        let is_it = |record: &(_, DispatchRecord)| {
            record.1.operation == InvokeMcpTool::NAME && record.1.error_code.as_deref() == Some("cancelled")
        };
        while !house.dispatches.records().iter().any(is_it) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), audited).await.expect("the dispatch is audited");
}

#[tokio::test]
async fn a_client_that_panics_leaves_a_recorded_failure() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    // The script holds no answer, so the client panics.
    let error = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), (codes::OPERATION_PANICKED, ErrorKind::Internal));
    let calls = house.admin::<GetMcpInvocations>(json!({})).await.unwrap().items;
    assert_eq!(calls[0].outcome, InvocationOutcome::Failure);
    let story = house.story_of(calls[0].facts.invocation_id.as_str()).await;
    assert_eq!(story.last().map(String::as_str), Some("tool_invocation.failed"));
}

#[tokio::test]
async fn what_panics_after_the_record_is_settled_at_once() {
    let house = House::with(|ports| ports.emitter = Arc::new(PanickingEmitter(ports.emitter.clone()))).await;
    let tool = house.approved_tool("get_it").await;
    let before = house.client.exchanges().len();
    let error = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!(error.code(), codes::OUTCOME_UNRECORDED, "whom the embedder relies on knows nothing of it");
    assert_eq!(house.client.exchanges().len(), before);
    let (_, id) = error.reference().expect("the invocation is named");
    let calls = house.admin::<GetMcpInvocations>(json!({})).await.unwrap().items;
    assert_eq!(calls[0].error_code.as_deref(), Some(codes::OPERATION_PANICKED.as_str()));
    let expected = ["tool_invocation.requested", "tool_invocation.allowed", "tool_invocation.failed"];
    assert_eq!(house.story_of(id).await[..3], expected);
}

#[tokio::test]
async fn what_panics_within_the_settlement_is_settled_at_once() {
    let house = House::with(|ports| ports.answers = Arc::new(PanickingSeal(ports.answers.clone()))).await;
    let tool = house.approved_tool("get_it").await;
    house.client.answer_call(Ok(reply()));
    let mut ctx = house.caller(Scope::Invoke);
    ctx.idempotency_key = IdempotencyKey::new("once").ok();
    let result = house.spine.run(ctx.clone(), call_of(&tool, json!({}))).await.unwrap();
    assert_eq!(
        result.status,
        InvocationOutcome::Success,
        "that it is not kept for repeats changes nothing else"
    );
    let calls = house.admin::<GetMcpInvocations>(json!({})).await.unwrap().items;
    assert_eq!(
        (calls.len(), calls[0].outcome),
        (1, InvocationOutcome::Success),
        "it is not left to recovery"
    );
    let again = house.spine.run(ctx, call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!(again.code(), codes::OUTCOME_UNKNOWN);
    assert_eq!(house.client.exchanges().len(), 2, "a list and one call");
}

#[tokio::test]
async fn a_result_whose_hash_cannot_be_made_is_withheld_and_the_call_is_over() {
    let house = House::with(|ports| ports.hasher = Arc::new(PanickingHasher(ports.hasher.clone()))).await;
    let tool = house.approved_tool("get_it").await;
    house.client.answer_call(Ok(reply()));
    let error = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!(error.code(), codes::OUTCOME_UNRECORDED);
    let calls = house.admin::<GetMcpInvocations>(json!({})).await.unwrap().items;
    let call = &calls[0];
    assert_eq!((call.outcome, &call.output_hash), (InvocationOutcome::Success, &None));
    assert!(call.started_at.is_some());
}

#[tokio::test]
async fn a_refusal_for_want_of_a_credential_is_recorded() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let body = json!({ "mcp_server": tool.server_id, "secret": "hunter2" });
    let reference = house.admin::<EncryptCredential>(body).await.unwrap().reference;
    let changes = [
        json!({ "server_id": tool.server_id, "auth_type": "bearer", "credential_ref": reference }),
        json!({ "server_id": tool.server_id, "url": "https://mcp.example/elsewhere" }),
    ];
    for change in changes {
        house.admin::<UpdateMcpServer>(change).await.unwrap();
    }
    let error = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!(error.code(), codes::SERVER_NOT_ACTIVE);
    let calls = house.admin::<GetMcpInvocations>(json!({})).await.unwrap().items;
    assert_eq!(calls[0].outcome, InvocationOutcome::Blocked);
    let error = house.admin::<DiscoverMcpTools>(json!({ "server_id": tool.server_id })).await.unwrap_err();
    assert_eq!(error.code(), codes::CREDENTIAL_REFERENCE);
}
