//! Answers to a call that are none, each with its code and whether the tool may have run.

use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::wire::Conduct;

use super::{Bench, DONE, Received, dispatch, error, event, http, json, modern, response, tenant, tool_call};
use crate::egress::scripted::{Step, chunked, http_with, unfinished};

type Script = Box<dyn Fn(&Received) -> Vec<Step> + Send + Sync>;

fn rows() -> Vec<(&'static str, Script, Code, bool)> {
    let row = |what, script: fn(&Received) -> Vec<Step>, code, acted| -> (_, Script, _, _) {
        (what, Box::new(script), code, acted)
    };
    vec![
        row("accepted", |_| http(202, "application/json", ""), codes::UPSTREAM_PROTOCOL, true),
        row("no content", |_| http(204, "text/plain", ""), codes::UPSTREAM_PROTOCOL, true),
        row("empty", |_| http(200, "application/json", ""), codes::UPSTREAM_PROTOCOL, true),
        row("page", |_| http(200, "text/html", "UPSTREAM-TEXT"), codes::UPSTREAM_PROTOCOL, true),
        row("not json", |_| http(200, "application/json", "UPSTREAM-TEXT"), codes::UPSTREAM_PROTOCOL, true),
        row(
            "redirect",
            |_| http_with(302, &[("location", "http://169.254.169.254/")], ""),
            codes::UPSTREAM_REDIRECT,
            false,
        ),
        row(
            "unauthorized",
            |_| http(401, "text/plain", "UPSTREAM-TEXT"),
            codes::UPSTREAM_UNAUTHORIZED,
            false,
        ),
        row(
            "too few scopes",
            |_| {
                let challenge = "Bearer error=\"insufficient_scope\", scope=\"write\"";
                http_with(403, &[("www-authenticate", challenge)], "UPSTREAM-TEXT")
            },
            codes::SCOPE_REQUIRED,
            false,
        ),
        row("forbidden", |_| http(403, "application/json", "{}"), codes::UPSTREAM_UNAUTHORIZED, false),
        row("overloaded", |_| http(429, "text/plain", ""), codes::UPSTREAM_ERROR, false),
        row("broken", |_| http(502, "text/html", "UPSTREAM-TEXT"), codes::UPSTREAM_ERROR, true),
        row("refused", |received| error(received, 200, -32602), codes::UPSTREAM_ERROR, false),
        row("failed", |received| error(received, 200, -32603), codes::UPSTREAM_ERROR, true),
        row("headers refused", |received| error(received, 400, -32020), codes::HEADERS_REFUSED, false),
        row(
            "another id",
            |_| http(200, "application/json", r#"{"jsonrpc":"2.0","id":"x","result":{}}"#),
            codes::ID_MISMATCH,
            true,
        ),
        row(
            "batch",
            |received| http(200, "application/json", &format!("[{}]", response(received, DONE))),
            codes::UPSTREAM_PROTOCOL,
            true,
        ),
        row(
            "duplicate member",
            |received| json(received, r#"{"content":[],"a":1,"a":2}"#),
            codes::UPSTREAM_PROTOCOL,
            true,
        ),
        row(
            "deep",
            |received| json(received, &format!(r#"{{"content":[{}{}]}}"#, "[".repeat(70), "]".repeat(70))),
            codes::JSON_DEPTH,
            true,
        ),
        row(
            "no result",
            |received| json(received, r#"{"content":"UPSTREAM-TEXT"}"#),
            codes::UPSTREAM_PROTOCOL,
            true,
        ),
        row(
            "task",
            |received| json(received, r#"{"resultType":"task","content":[]}"#),
            codes::UPSTREAM_PROTOCOL,
            true,
        ),
        row(
            "asks for input",
            |received| json(received, r#"{"resultType":"input_required","requestState":"s"}"#),
            codes::STATE_REFUSED,
            true,
        ),
        row(
            "asks its caller",
            |received| json(received, r#"{"resultType":"input_required","inputRequests":{"a":{}}}"#),
            codes::INPUT_REFUSED,
            true,
        ),
        row("wants a URL opened", |received| error(received, 200, -32042), codes::INPUT_REFUSED, true),
        row("hangs up", |_| vec![Step::Close], codes::OUTCOME_UNKNOWN, true),
        row(
            "hangs up in its head",
            |_| vec![Step::Send(b"HTTP/1.1 2".to_vec()), Step::Close],
            codes::UPSTREAM_PROTOCOL,
            true,
        ),
        row(
            "wide",
            |received| json(received, &format!(r#"{{"content":[{}1]}}"#, "1,".repeat(200_000))),
            codes::JSON_NODES,
            true,
        ),
        row("half a pair", |received| json(received, r#"{"content":["\ud800"]}"#), codes::JSON_TEXT, true),
        row(
            "large state",
            |received| {
                let state = "s".repeat(17 << 10);
                json(received, &format!(r#"{{"resultType":"input_required","requestState":"{state}"}}"#))
            },
            codes::STATE_REFUSED,
            true,
        ),
        row(
            "asks us",
            |_| chunked("text/event-stream", &[event(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)]),
            codes::UPSTREAM_PROTOCOL,
            true,
        ),
        row(
            "stream without answer",
            |_| chunked("text/event-stream", &[": \n\n".into()]),
            codes::UPSTREAM_PROTOCOL,
            true,
        ),
        row(
            "cut stream",
            |_| {
                let mut steps = unfinished("text/event-stream", &["data: {".into()]);
                steps.push(Step::Close);
                steps
            },
            codes::UPSTREAM_PROTOCOL,
            true,
        ),
        row(
            "large event",
            |_| chunked("text/event-stream", &[format!("data: {}\n\n", "x".repeat(4 << 20))]),
            codes::UPSTREAM_TOO_LARGE,
            true,
        ),
        row(
            "chatter",
            |_| chunked("text/event-stream", &vec![event(r#"{"jsonrpc":"2.0","method":"n"}"#); 1001]),
            codes::UPSTREAM_TOO_LARGE,
            true,
        ),
        row(
            "large body",
            |_| chunked("application/json", &vec![" ".repeat(1 << 20); 5]),
            codes::UPSTREAM_TOO_LARGE,
            true,
        ),
        row("silence", |_| vec![Step::Hang], codes::UPSTREAM_TIMEOUT, true),
        row(
            "slow head",
            |_| vec![Step::Trickle(b"HTTP/1.1 200 OK\r\na: b".to_vec())],
            codes::UPSTREAM_TIMEOUT,
            true,
        ),
    ]
}

/// A refusal of our token, with where the metadata are.
fn refused(metadata: &str) -> Vec<Step> {
    http_with(401, &[("www-authenticate", &format!("Bearer resource_metadata=\"{metadata}\""))], "")
}

#[tokio::test]
async fn every_fault_has_its_code_and_no_word_of_the_upstream() {
    for (what, script, code, acted) in rows() {
        let bench = Bench::new(modern(script)).await;
        let limit = if code == codes::UPSTREAM_TIMEOUT { 200 } else { 5000 };
        let answer =
            bench.client.call_tool(&tenant("a"), &bench.target(), &tool_call("{}"), &dispatch(limit)).await;
        let failure = answer.unwrap_err();
        assert_eq!((failure.code, failure.may_have_acted), (code, acted), "{what}: {failure}");
        assert!(!failure.to_string().contains("UPSTREAM-TEXT"), "{what}: {failure}");
        // State alone is carried back, for as long as that may go on.
        let sent = if what == "asks for input" { 4 } else { 1 };
        assert_eq!(bench.methods().iter().filter(|method| *method == "tools/call").count(), sent, "{what}");
    }
}

#[tokio::test]
async fn a_task_that_nobody_asked_for_is_overreach() {
    let tasks = [r#"{"resultType":"task","taskId":"t"}"#, r#"{"task":{"taskId":"t","status":"working"}}"#];
    for result in tasks {
        let failure =
            Bench::new(modern(move |received| json(received, result))).await.call().await.unwrap_err();
        assert_eq!(
            (failure.code, failure.conduct),
            (codes::UPSTREAM_PROTOCOL, Conduct::Overreach),
            "{result}"
        );
    }
}

#[tokio::test]
async fn json_rpc_errors_are_told_by_their_number() {
    let bench = Bench::new(modern(|received| error(received, 200, -32602))).await;
    assert_eq!(bench.call().await.unwrap_err().detail, "json-rpc error -32602");
}

#[tokio::test]
async fn what_was_not_sent_has_not_acted() {
    let bench = Bench::new(modern(|received| json(received, DONE))).await;
    let mut target = bench.target();
    target.url = "https://127.0.0.1/mcp".to_owned();
    let failure =
        bench.client.call_tool(&tenant("a"), &target, &tool_call("{}"), &dispatch(2000)).await.unwrap_err();
    assert_eq!((failure.code, failure.may_have_acted), (codes::EGRESS_REFUSED, false));
    assert_eq!(failure.detail, "ip_literal");
    let late = bench
        .client
        .call_tool(&tenant("a"), &bench.target(), &tool_call("{}"), &dispatch(0))
        .await
        .unwrap_err();
    assert_eq!((late.code, late.may_have_acted), (codes::UPSTREAM_TIMEOUT, false));
    assert_eq!(bench.upstream.connections(), 0);
}

#[tokio::test]
async fn a_breach_and_a_reach_for_more_are_told_from_a_mistake() {
    let other = |id: &str| event(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{DONE}}}"#));
    let rows: Vec<(&str, Script, Conduct)> = vec![
        ("page", Box::new(|_| http(200, "text/html", "")), Conduct::Fair),
        ("refused", Box::new(|_| refused("http://127.0.0.1:1/metadata")), Conduct::Fair),
        ("refused, and sent elsewhere", Box::new(|_| refused("https://evil.example/")), Conduct::Overreach),
        (
            "batch",
            Box::new(|received| http(200, "application/json", &format!("[{}]", response(received, DONE)))),
            Conduct::Breach,
        ),
        ("twice", Box::new(|received| json(received, r#"{"content":[],"a":1,"a":2}"#)), Conduct::Breach),
        ("bare line feeds", Box::new(|_| vec![Step::Send(b"HTTP/1.1 200 OK\n\n".to_vec())]), Conduct::Breach),
        (
            "asks us",
            Box::new(|_| {
                chunked("text/event-stream", &[event(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)])
            }),
            Conduct::Overreach,
        ),
        ("another id", Box::new(move |_| chunked("text/event-stream", &[other("1")])), Conduct::Overreach),
    ];
    for (what, script, conduct) in rows {
        let bench = Bench::new(modern(script)).await;
        assert_eq!(bench.call().await.unwrap_err().conduct, conduct, "{what}");
    }
}

#[tokio::test]
async fn what_is_odd_beside_an_answer_is_told_and_changes_nothing() {
    let second = |received: &Received| {
        let other = response(received, r#"{"content":[{"type":"text","text":"another"}]}"#);
        chunked("text/event-stream", &[[event(&response(received, DONE)), event(&other)].concat()])
    };
    let reply = Bench::new(modern(second)).await.call().await.unwrap();
    assert_eq!((reply.result.as_str(), reply.conduct), (DONE, Conduct::Breach));
    let other = |received: &Received| {
        let stranger = event(&format!(r#"{{"jsonrpc":"2.0","id":"x","result":{DONE}}}"#));
        chunked("text/event-stream", &[[stranger, event(&response(received, DONE))].concat()])
    };
    let reply = Bench::new(modern(other)).await.call().await.unwrap();
    assert_eq!((reply.result.as_str(), reply.conduct), (DONE, Conduct::Overreach));
}
