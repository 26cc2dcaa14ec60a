//! Handshakes, sessions and calls of legacy servers.

use std::sync::atomic::{AtomicBool, Ordering};

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::wire::Conduct;

use super::{
    Bench, DONE, INITIALIZED, Received, canonical, dispatch, error, event, json, legacy, method, response,
    tenant, tool_call,
};
use crate::egress::scripted::{Step, chunked, http, http_with, unfinished};

const HANDSHAKE: [&str; 3] = ["server/discover", "initialize", "notifications/initialized"];

#[tokio::test]
async fn a_call_is_made_in_the_session_of_one_handshake() {
    let bench = Bench::new(legacy(|received| {
        // A priming event without data comes first, as servers that can resume send it.
        chunked("text/event-stream", &["id: 0\ndata:\n\n".into(), event(&response(received, DONE))])
    }))
    .await;
    bench.call().await.unwrap();
    bench.call().await.unwrap();
    assert_eq!(bench.methods()[..3], HANDSHAKE);
    assert_eq!(bench.methods()[3..], ["tools/call", "tools/call"]);
    let seen = bench.upstream.seen();
    assert_eq!((seen[1].header("mcp-session-id"), seen[1].header("mcp-protocol-version")), (None, None));
    for request in &seen[2..] {
        assert_eq!(request.header("mcp-session-id"), Some("session-1"));
        assert_eq!(request.header("mcp-protocol-version"), Some("2025-06-18"));
        assert_eq!(request.header("authorization"), Some("Bearer sesame"));
        assert_eq!(request.header("mcp-method"), None);
    }
    insta::assert_snapshot!(canonical(&seen[1].json()["params"]), @r#"{"capabilities":{},"clientInfo":{"name":"portcullis","version":"0.1.0"},"protocolVersion":"2025-11-25"}"#);
    insta::assert_snapshot!(canonical(&seen[3].json()["params"]["_meta"]), @r#"{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","tracestate":"a=b"}"#);
}

#[tokio::test]
async fn requests_of_the_server_are_answered_but_never_served() {
    let bench = Bench::new(legacy(|received| match method(received).as_str() {
        "tools/call" => {
            let ask = |id: u8, method: &str| {
                event(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#))
            };
            let answer = event(&response(received, DONE));
            chunked("text/event-stream", &[ask(7, "ping"), ask(8, "sampling/createMessage"), answer])
        }
        _ => http(202, "text/plain", ""),
    }))
    .await;
    bench.call().await.unwrap();
    let replies: Vec<_> = bench.upstream.seen()[4..].iter().map(|seen| seen.body.clone()).collect();
    insta::assert_snapshot!(replies.join("\n"), @r#"
    {"jsonrpc":"2.0","id":7,"result":{}}
    {"jsonrpc":"2.0","id":8,"error":{"code":-32601,"message":"the client does not let itself be asked for this here"}}
    "#);
}

#[tokio::test]
async fn a_lost_session_is_made_anew_and_the_call_sent_again_once() {
    let bench = Bench::new(legacy(|received| match received.header("mcp-session-id") {
        Some("session-1") => http(404, "text/plain", "gone"),
        _ => json(received, DONE),
    }))
    .await;
    bench.call().await.unwrap();
    let methods = bench.methods();
    assert_eq!(methods[3], "tools/call");
    assert_eq!(methods[4..7], HANDSHAKE);
    assert_eq!(methods[7..], ["tools/call"]);
}

#[tokio::test]
async fn a_server_that_loses_every_session_gets_the_call_twice_at_most() {
    let bench = Bench::new(legacy(|_| http(404, "text/plain", "gone"))).await;
    let failure = bench.call().await.unwrap_err();
    assert_eq!((failure.code, failure.may_have_acted), (codes::UPSTREAM_PROTOCOL, false));
    assert_eq!(bench.methods().iter().filter(|method| *method == "tools/call").count(), 2);
}

#[tokio::test]
async fn what_a_server_without_sessions_does_not_find_is_its_answer() {
    let bench = Bench::new(|_, received: &Received| match method(received).as_str() {
        "server/discover" => error(received, 400, -32000),
        "initialize" => json(received, INITIALIZED),
        "notifications/initialized" => http(202, "text/plain", ""),
        _ => error(received, 404, -32002),
    })
    .await;
    let failure = bench.call().await.unwrap_err();
    assert_eq!(failure.code, codes::UPSTREAM_ERROR);
    assert_eq!(bench.methods().iter().filter(|method| *method == "tools/call").count(), 1);
}

#[tokio::test]
async fn dropping_the_future_and_running_out_of_time_cancel_the_request() {
    for by_drop in [true, false] {
        let bench = Bench::new(legacy(|_| {
            let mut steps = unfinished("text/event-stream", &[": working\n\n".into()]);
            steps.push(Step::Hang);
            steps
        }))
        .await;
        let (tenant, target, call) = (tenant("a"), bench.target(), tool_call("{}"));
        let dispatch = dispatch(if by_drop { 5000 } else { 200 });
        tokio::select! {
            answer = bench.client.call_tool(&tenant, &target, &call, &dispatch) => {
                let failure = answer.unwrap_err();
                assert!(!by_drop && failure.may_have_acted, "{failure}");
                assert_eq!(failure.code, codes::UPSTREAM_TIMEOUT);
            }
            _ = bench.upstream.requests(4), if by_drop => {}
        }
        let seen = bench.upstream.requests(5).await;
        assert_eq!(method(&seen[4]), "notifications/cancelled");
        assert_eq!(seen[4].json()["params"]["requestId"], seen[3].json()["id"]);
        assert_eq!(seen[4].header("mcp-session-id"), Some("session-1"));
    }
}

#[tokio::test]
async fn sessions_belong_to_one_tenant_and_identity_and_end_when_forgotten() {
    let bench = Bench::new(legacy(|received| json(received, DONE))).await;
    let mut target = bench.target();
    for (who, identity) in [("a", "cred_1@1"), ("b", "cred_1@1"), ("a", "cred_1@2")] {
        target.identity = identity.to_owned();
        bench.client.call_tool(&tenant(who), &target, &tool_call("{}"), &dispatch(2000)).await.unwrap();
    }
    let calls: Vec<_> =
        bench.upstream.seen().into_iter().filter(|seen| method(seen) == "tools/call").collect();
    let sessions: Vec<_> = calls.iter().map(|call| call.header("mcp-session-id").unwrap()).collect();
    assert_eq!(sessions, ["session-1", "session-5", "session-8"], "the era is known to others of the tenant");
    bench.client.forget(&tenant("b"), &target.server_id).await;
    let seen = bench.upstream.requests(12).await;
    let deleted = &seen[11];
    assert_eq!((deleted.verb(), deleted.header("mcp-session-id")), ("DELETE", Some("session-5")));
    assert_eq!(deleted.header("authorization"), None);
}

#[tokio::test]
async fn a_session_id_that_somebody_else_has_is_an_overreach() {
    let about = |received: &Received| match method(received).as_str() {
        "initialize" => {
            let headers = [("content-type", "application/json"), ("mcp-session-id", "of-everybody")];
            http_with(200, &headers, &response(received, INITIALIZED))
        }
        _ => legacy(|received| json(received, DONE))(0, received),
    };
    let bench = Bench::new(move |_, received| about(received)).await;
    for (who, conduct) in [("a", Conduct::Fair), ("b", Conduct::Overreach), ("a", Conduct::Fair)] {
        let reply =
            bench.client.call_tool(&tenant(who), &bench.target(), &tool_call("{}"), &dispatch(2000)).await;
        assert_eq!(reply.unwrap().conduct, conduct, "{who}");
    }
}

#[tokio::test]
async fn many_first_calls_share_one_probe() {
    let bench = Bench::new(legacy(|received| json(received, DONE))).await;
    let (first, second, third) = tokio::join!(bench.call(), bench.call(), bench.call());
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    assert_eq!(bench.methods().iter().filter(|method| *method == "initialize").count(), 1);
}

#[tokio::test]
async fn health_is_a_ping_and_initialize_if_it_is_refused() {
    static REFUSES: AtomicBool = AtomicBool::new(false);
    let bench = Bench::new(legacy(|received| {
        if REFUSES.load(Ordering::SeqCst) { error(received, 200, -32601) } else { json(received, "{}") }
    }))
    .await;
    bench.discover().await.unwrap_err(); // tools/list is answered with `{}`: the handshake stands all the same
    for refuses in [false, true] {
        REFUSES.store(refuses, Ordering::SeqCst);
        let health = bench.client.check_health(&tenant("a"), &bench.target(), &dispatch(2000)).await;
        assert_eq!(health.unwrap().protocol_version, "2025-06-18");
    }
    // The session that was replaced is deleted, whenever that message gets through.
    let seen: Vec<_> = bench.methods().into_iter().filter(|method| method != "DELETE").collect();
    let expected =
        ["tools/list", "ping", "ping", "server/discover", "initialize", "notifications/initialized"];
    assert_eq!(seen[3..], expected);
}
