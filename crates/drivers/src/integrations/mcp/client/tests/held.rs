//! Legacy servers that ask a caller who can be asked.

use std::sync::Arc;

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::input::{InputKind, ServerInput};
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::wire::{
    AuthHeader, Conduct, McpFailure, McpTarget, ToolCall, ToolReply,
};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::secret::Secret;
use serde_json::{Value, json as value};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::super::held::lapse;
use super::{
    Bench, DONE, Received, dispatch, event, json, legacy, method, modern, response, tenant, tool_call,
};
use crate::egress::scripted::{Step, chunk, chunked, http, http_with, unfinished, until};

pub(super) const FORM: &str =
    r#"{"_meta":{"progressToken":3},"message":"Sure?","requestedSchema":{"type":"object","properties":{}}}"#;
/// What comes before the first call: `server/discover`, `initialize` and its notification, and the GET of a stream.
pub(super) const HANDSHAKE: usize = 4;

pub(super) fn asks(id: &str, method: &str, params: &str) -> String {
    event(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#))
}

/// Asks for a form and for roots, pings between, and answers the call when three more requests have come.
fn asking(received: &Received) -> Vec<Step> {
    if !["tools/call", "completion/complete"].contains(&method(received).as_str()) {
        return http(202, "text/plain", "");
    }
    let first = [asks("\"q\"", "elicitation/create", FORM), asks("1", "ping", "{}")];
    let mut steps = unfinished("text/event-stream", &first);
    steps.push(chunk(&asks("2", "roots/list", "{}")));
    // Completions are asked for without the stream beside.
    let before = if method(received) == "tools/call" { HANDSHAKE } else { HANDSHAKE - 1 };
    steps.push(Step::Until(before + 4));
    steps.push(chunk(&event(&response(received, DONE))));
    steps.push(Step::Send(b"0\r\n\r\n".to_vec()));
    steps
}

/// Asks, and then says nothing more.
fn waiting(received: &Received) -> Vec<Step> {
    let mut steps = asking(received);
    if let Some(place) = steps.iter().position(|step| matches!(step, Step::Until(_))) {
        steps.truncate(place);
        steps.push(Step::Hang);
    }
    steps
}

pub(super) fn accepting(accepts: &[InputKind]) -> ToolCall {
    ToolCall { input: ServerInput { accepts: accepts.to_vec(), ..ServerInput::default() }, ..tool_call("{}") }
}

pub(super) const BOTH: [InputKind; 2] = [InputKind::Elicitation, InputKind::Roots];

/// The call that goes on from this reply with these answers.
pub(super) fn answering(reply: &ToolReply, answers: &str) -> ToolCall {
    let state = question(reply)["requestState"].to_string();
    let raw = |text: &str| RawJson::from_text(text.to_owned()).ok();
    let input = ServerInput { accepts: BOTH.to_vec(), responses: raw(answers), state: raw(&state) };
    ToolCall { input, ..tool_call("{}") }
}

pub(super) fn question(reply: &ToolReply) -> Value {
    serde_json::from_str(reply.result.as_str()).unwrap()
}

pub(super) async fn ask(bench: &Bench, call: &ToolCall) -> Result<ToolReply, McpFailure> {
    bench.client.call_tool(&tenant("a"), &bench.target(), call, &dispatch(2000)).await
}

const ANSWERS: &str =
    r#"{"question-1":{ "action":"accept","content":{"n":1.10} },"question-2":{"roots":[]}}"#;

#[tokio::test]
async fn what_it_asks_is_the_reply_and_the_answers_lead_to_the_result() {
    let bench = Bench::new(legacy(asking)).await;
    let reply = ask(&bench, &accepting(&BOTH)).await.unwrap();
    let told = bench.upstream.seen()[1].json();
    assert_eq!(told["params"]["capabilities"], value!({ "elicitation": { "form": {} }, "roots": {} }));
    let asked = question(&reply);
    assert_eq!((&asked["resultType"], reply.is_error), (&value!("input_required"), false));
    let mut form: Value = serde_json::from_str(FORM).unwrap();
    form.as_object_mut().unwrap().remove("_meta");
    let expected = value!({
        "question-1": { "method": "elicitation/create", "params": form },
        "question-2": { "method": "roots/list", "params": {} },
    });
    assert_eq!(asked["inputRequests"], expected);
    assert_eq!(reply.conduct, Conduct::Fair, "it was told that it may ask");

    let done = ask(&bench, &answering(&reply, ANSWERS)).await.unwrap();
    assert_eq!((done.result.as_str(), done.conduct), (DONE, Conduct::Fair));
    let seen = bench.upstream.seen();
    let posted: Vec<_> = seen[HANDSHAKE + 1..].iter().map(|seen| seen.body.as_str()).collect();
    let expected = [
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":"q","result":{ "action":"accept","content":{"n":1.10} }}"#,
        r#"{"jsonrpc":"2.0","id":2,"result":{"roots":[]}}"#,
    ];
    assert_eq!(posted, expected, "byte for byte, and the call is made once");
    for request in &seen[HANDSHAKE..] {
        assert_eq!(request.header("mcp-session-id"), Some("session-1"));
        assert_eq!(request.header("authorization"), Some("Bearer sesame"));
    }
}

#[tokio::test]
async fn a_call_is_held_for_its_caller_alone() {
    let bench = Bench::new(legacy(waiting)).await;
    let reply = ask(&bench, &accepting(&BOTH)).await.unwrap();
    let answers = answering(&reply, ANSWERS);
    let own = bench.target();
    let renewed =
        AuthHeader { name: "authorization".to_owned(), value: Secret::new("Bearer other".to_owned()) };
    let others = [
        (tenant("b"), own.clone()),
        (tenant("a"), McpTarget { auth: Some(renewed), ..own.clone() }),
        (tenant("a"), McpTarget { identity: "cred_1@2".to_owned(), ..own.clone() }),
        (tenant("a"), McpTarget { url: format!("{}?", own.url), ..own.clone() }),
        (tenant("a"), McpTarget { server_id: "mcp_01arz3ndektsv4rrffq69g5faw".parse().unwrap(), ..own }),
    ];
    for (tenant, target) in others {
        let failure = bench.client.call_tool(&tenant, &target, &answers, &dispatch(2000)).await.unwrap_err();
        assert_eq!((failure.code, failure.may_have_acted), (codes::QUESTION_LAPSED, true));
    }
    let is_answer = |seen: &Received| seen.json().get("result").is_some_and(|result| *result != value!({}));
    assert!(!bench.upstream.seen().iter().any(is_answer), "nobody else answers for it");
    bench.client.call_tool(&tenant("a"), &bench.target(), &answers, &dispatch(500)).await.unwrap_err();
    assert_eq!(bench.upstream.seen().iter().filter(|seen| is_answer(seen)).count(), 2, "its caller does");
}

#[tokio::test]
async fn what_is_used_is_used() {
    let bench = Bench::new(legacy(asking)).await;
    let reply = ask(&bench, &accepting(&BOTH)).await.unwrap();
    let answers = answering(&reply, ANSWERS);
    ask(&bench, &answers).await.unwrap();
    assert_eq!(ask(&bench, &answers).await.unwrap_err().code, codes::QUESTION_LAPSED);
}

#[tokio::test]
async fn unless_all_is_answered_it_is_asked_again() {
    let bench = Bench::new(legacy(asking)).await;
    let mut reply = ask(&bench, &accepting(&BOTH)).await.unwrap();
    for too_little in ["{}", r#"{"question-1":{"action":"decline"}}"#, r#"{"question-3":{}}"#] {
        let again = ask(&bench, &answering(&reply, too_little)).await.unwrap();
        assert_eq!(question(&again)["inputRequests"], question(&reply)["inputRequests"]);
        assert_ne!(question(&again)["requestState"], question(&reply)["requestState"]);
        reply = again;
    }
    assert_eq!(bench.upstream.seen().len(), HANDSHAKE + 2, "the call, and the answer to its ping");
    assert_eq!(ask(&bench, &answering(&reply, ANSWERS)).await.unwrap().result.as_str(), DONE);
}

#[tokio::test]
async fn what_was_not_accepted_is_refused_and_the_call_goes_on() {
    for (accepts, refused) in [(&[InputKind::Roots][..], 1), (&[InputKind::Sampling], 2)] {
        let goes_on = refused == 2;
        let bench = Bench::new(legacy(asking)).await;
        let reply = ask(&bench, &accepting(accepts)).await.unwrap();
        let replies: Vec<_> = bench.upstream.seen().iter().map(Received::json).collect();
        let errors = replies.iter().filter(|reply| reply["error"]["code"] == -32601).count();
        assert_eq!((errors, reply.conduct), (refused, Conduct::Overreach), "{accepts:?}");
        assert_eq!(reply.result.as_str() == DONE, goes_on, "{accepts:?}");
    }
}

#[tokio::test]
async fn nobody_is_asked_to_complete_an_argument() {
    let bench = Bench::new(legacy(asking)).await;
    let call = ToolCall { method: CallMethod::Complete, ..accepting(&BOTH) };
    assert_eq!(ask(&bench, &call).await.unwrap_err().code, codes::UPSTREAM_PROTOCOL, "no completion");
    let refused = bench.upstream.seen().iter().filter(|seen| seen.json()["error"]["code"] == -32601).count();
    assert_eq!(refused, 2);
}

#[tokio::test]
async fn who_declares_other_things_has_another_session() {
    let bench = Bench::new(legacy(|received| json(received, DONE))).await;
    for accepts in [&BOTH[..], &[], &BOTH] {
        ask(&bench, &accepting(accepts)).await.unwrap();
    }
    let begun = bench.upstream.seen().into_iter().filter(|seen| method(seen) == "initialize");
    let told: Vec<_> = begun.map(|seen| seen.json()["params"]["capabilities"].clone()).collect();
    assert_eq!(told, [value!({ "elicitation": { "form": {} }, "roots": {} }), value!({})]);
}

/// The notifications that a call is cancelled, once there is one.
async fn cancelled(bench: &Bench) -> Vec<Received> {
    let is_one = |seen: &Received| method(seen) == "notifications/cancelled";
    until(|| bench.upstream.seen().iter().any(is_one)).await;
    bench.upstream.seen().into_iter().filter(is_one).collect()
}

fn is_told_without_credential(cancelled: &[Received]) {
    assert_eq!(cancelled.len(), 1);
    assert_eq!(cancelled[0].header("mcp-session-id"), Some("session-1"));
    assert_eq!(cancelled[0].header("authorization"), None, "none is kept while people think");
}

#[tokio::test]
async fn a_server_that_is_forgotten_hears_that_nobody_waits() {
    let bench = Bench::new(legacy(asking)).await;
    let reply = ask(&bench, &accepting(&BOTH)).await.unwrap();
    bench.client.forget(&tenant("b"), &bench.target().server_id).await;
    bench.client.forget(&tenant("a"), &bench.target().server_id).await;
    is_told_without_credential(&cancelled(&bench).await);
    let failure = ask(&bench, &answering(&reply, ANSWERS)).await.unwrap_err();
    assert_eq!(failure.code, codes::QUESTION_LAPSED);
}

#[tokio::test]
async fn a_call_lapses_when_nobody_answers() {
    let bench = Bench::new(legacy(asking)).await;
    let reply = ask(&bench, &accepting(&BOTH)).await.unwrap();
    let handle = question(&reply)["requestState"].as_str().unwrap().to_owned();
    lapse(Arc::downgrade(&bench.client.holds), handle, Instant::now()).await;
    is_told_without_credential(&cancelled(&bench).await);
}

#[tokio::test]
async fn the_oldest_makes_room() {
    let bench = Arc::new(Bench::new(legacy(waiting)).await);
    let first = ask(&bench, &accepting(&BOTH)).await.unwrap();
    let mut more = JoinSet::new();
    for _ in 0..16 {
        let bench = Arc::clone(&bench);
        more.spawn(async move { ask(&bench, &accepting(&BOTH)).await.unwrap() });
    }
    let last = more.join_all().await.pop().unwrap();
    is_told_without_credential(&cancelled(&bench).await);
    let lapsed = ask(&bench, &answering(&first, ANSWERS)).await.unwrap_err();
    assert_eq!(lapsed.code, codes::QUESTION_LAPSED);
    assert_eq!(cancelled(&bench).await.len(), 1, "one makes room for one");
    let again = ask(&bench, &answering(&last, "{}")).await.unwrap();
    assert_eq!(question(&again)["inputRequests"], question(&last)["inputRequests"]);
}

#[tokio::test]
async fn the_time_of_each_round_is_its_own() {
    let bench = Bench::new(legacy(waiting)).await;
    let reply = ask(&bench, &accepting(&BOTH)).await.unwrap();
    let answers = answering(&reply, ANSWERS);
    let late = bench.client.call_tool(&tenant("a"), &bench.target(), &answers, &dispatch(100)).await;
    let failure = late.unwrap_err();
    assert_eq!((failure.code, failure.may_have_acted), (codes::UPSTREAM_TIMEOUT, true));
    bench.upstream.hangups(1).await;
    let told = cancelled(&bench).await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0].header("authorization"),
        Some("Bearer sesame"),
        "while somebody is there it is at hand"
    );
}

#[tokio::test]
async fn a_call_with_all_the_time_there_is_may_be_answered_too() {
    let bench = Bench::new(legacy(asking)).await;
    let target = bench.target();
    let asked = bench.client.call_tool(&tenant("a"), &target, &accepting(&BOTH), &dispatch(300_000)).await;
    assert_eq!(ask(&bench, &answering(&asked.unwrap(), ANSWERS)).await.unwrap().result.as_str(), DONE);
}

#[tokio::test]
async fn the_answer_holds_whatever_its_request_accepts() {
    let bench = Bench::new(legacy(asking)).await;
    let mut answers = answering(&ask(&bench, &accepting(&BOTH)).await.unwrap(), ANSWERS);
    answers.input.accepts.clear();
    assert_eq!(ask(&bench, &answers).await.unwrap().result.as_str(), DONE);
    let late = Bench::new(legacy(waiting)).await;
    let mut answers = answering(&ask(&late, &accepting(&BOTH)).await.unwrap(), ANSWERS);
    answers.input.accepts.clear();
    let failure = late.client.call_tool(&tenant("a"), &late.target(), &answers, &dispatch(100)).await;
    assert_eq!(failure.unwrap_err().code, codes::UPSTREAM_TIMEOUT, "its own time is over all the same");
}

#[tokio::test]
async fn answers_that_are_not_taken_leave_open_what_was_done() {
    for (status, code) in
        [(400, codes::UPSTREAM_ERROR), (401, codes::UPSTREAM_UNAUTHORIZED), (404, codes::QUESTION_LAPSED)]
    {
        let bench = Bench::new(legacy(move |received| match received.json().get("result") {
            Some(result) if *result != value!({}) => http(status, "text/plain", ""),
            _ => waiting(received),
        }))
        .await;
        let reply = ask(&bench, &accepting(&BOTH)).await.unwrap();
        let failure = ask(&bench, &answering(&reply, ANSWERS)).await.unwrap_err();
        assert_eq!((failure.code, failure.may_have_acted), (code, true), "{status}");
        assert_eq!(bench.methods().iter().filter(|method| *method == "tools/call").count(), 1);
    }
}

#[tokio::test]
async fn a_stream_that_has_ended_gets_no_answers() {
    let bench = Bench::new(legacy(|received| match method(received).as_str() {
        "tools/call" => chunked("text/event-stream", &[asks("2", "roots/list", "{}")]),
        _ => http(202, "text/plain", ""),
    }))
    .await;
    let reply = ask(&bench, &accepting(&BOTH)).await.unwrap();
    let before = bench.upstream.seen().len();
    let failure = ask(&bench, &answering(&reply, r#"{"question-1":{"roots":[]}}"#)).await.unwrap_err();
    assert_eq!((failure.code, failure.may_have_acted), (codes::QUESTION_LAPSED, true));
    let sent = bench.upstream.seen().split_off(before);
    assert!(
        !sent.iter().any(|seen| seen.json().get("result").is_some()),
        "it could not be heard what comes of it"
    );
}

#[tokio::test]
async fn a_server_may_ask_again_and_end_meanwhile() {
    let bench = Bench::new(legacy(|received| {
        if method(received) != "tools/call" {
            return http(202, "text/plain", "");
        }
        let mut steps = unfinished("text/event-stream", &[asks("1", "roots/list", "{}")]);
        steps.push(Step::Until(HANDSHAKE + 2));
        steps.push(chunk(&asks("\"again\"", "elicitation/create", FORM)));
        steps.push(Step::Until(HANDSHAKE + 3));
        steps.push(chunk(&event(&response(received, DONE))));
        steps
    }))
    .await;
    let first = ask(&bench, &accepting(&BOTH)).await.unwrap();
    let second = ask(&bench, &answering(&first, r#"{"question-1":{"roots":[]}}"#)).await.unwrap();
    assert_eq!(question(&second)["inputRequests"]["question-1"]["method"], "elicitation/create");
    let done = ask(&bench, &answering(&second, r#"{"question-1":{"action":"cancel"}}"#)).await.unwrap();
    assert_eq!(done.result.as_str(), DONE);
}

#[tokio::test]
async fn a_failure_asks_nobody() {
    let bench = Bench::new(legacy(|received| match method(received).as_str() {
        "tools/call" => {
            let stream = asks("2", "roots/list", "{}");
            http_with(400, &[("content-type", "text/event-stream")], &stream)
        }
        _ => http(202, "text/plain", ""),
    }))
    .await;
    assert!(ask(&bench, &accepting(&BOTH)).await.is_err());
    assert!(bench.upstream.seen().iter().any(|seen| seen.json()["error"]["code"] == -32601));
}

#[tokio::test]
async fn a_server_that_is_forgotten_while_it_works_is_not_heard() {
    let bench = Bench::new(legacy(|received| {
        let mut steps = waiting(received);
        if method(received) == "tools/call" && received.body.contains("echo") {
            steps.insert(0, Step::Until(HANDSHAKE + 2));
        }
        steps
    }))
    .await;
    let call = accepting(&BOTH);
    let forgetting = async {
        bench.upstream.requests(HANDSHAKE + 1).await;
        bench.client.forget(&tenant("a"), &bench.target().server_id).await;
        bench.client.check_health(&tenant("b"), &bench.target(), &dispatch(2000)).await
    };
    let (asked, _) = tokio::join!(ask(&bench, &call), forgetting);
    assert_eq!(asked.unwrap_err().code, codes::QUESTION_LAPSED);
}

#[tokio::test]
async fn a_handle_is_no_state_of_a_modern_server() {
    let bench = Bench::new(modern(|received| json(received, DONE))).await;
    let raw = |text: &str| RawJson::from_text(text.to_owned()).ok();
    let input = ServerInput {
        accepts: BOTH.to_vec(),
        responses: raw("{}"),
        state: raw(&format!(r#""portcullis-held-{}""#, "0".repeat(32))),
    };
    let failure = ask(&bench, &ToolCall { input, ..tool_call("{}") }).await.unwrap_err();
    assert_eq!((failure.code, failure.may_have_acted), (codes::QUESTION_LAPSED, true));
    assert_eq!(bench.methods(), ["server/discover"], "the call is not made anew under it");
}
