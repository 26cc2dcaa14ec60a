//! Legacy servers that ask beside the call, on the stream of its session.

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::wire::Conduct;

use super::held::{BOTH, FORM, HANDSHAKE, accepting, answering, ask, asks, question};
use super::{Bench, DONE, Received, dispatch, event, json, legacy, method, response, tenant};
use crate::egress::scripted::{Step, chunk, chunked, http, unfinished};

/// Asks on the stream of the session, as servers do that do not say which call a question belongs to.
fn asking_aside(received: &Received) -> Vec<Step> {
    if received.verb() == "GET" {
        let mut steps = unfinished("text/event-stream", &[": here\n\n".to_owned()]);
        steps.push(Step::Until(HANDSHAKE + 1));
        steps.push(chunk(&asks("\"q\"", "elicitation/create", FORM)));
        steps.push(Step::Hang);
        return steps;
    }
    if method(received) != "tools/call" {
        return http(202, "text/plain", "");
    }
    let mut steps = unfinished("text/event-stream", &[]);
    steps.push(Step::Until(HANDSHAKE + 2));
    steps.push(chunk(&event(&response(received, DONE))));
    steps.push(Step::Send(b"0\r\n\r\n".to_vec()));
    steps
}

#[tokio::test]
async fn what_it_asks_beside_is_of_the_one_call_of_its_session() {
    let bench = Bench::new(legacy(asking_aside)).await;
    let reply = ask(&bench, &accepting(&BOTH)).await.unwrap();
    assert_eq!(question(&reply)["inputRequests"]["question-1"]["method"], "elicitation/create");
    let done = ask(&bench, &answering(&reply, r#"{"question-1":{"action":"decline"}}"#)).await.unwrap();
    assert_eq!((done.result.as_str(), done.conduct), (DONE, Conduct::Fair));
    let seen = bench.upstream.seen();
    let get = &seen[HANDSHAKE - 1];
    let header = |name| get.header(name);
    assert_eq!((get.verb(), header("accept")), ("GET", Some("text/event-stream")));
    assert_eq!((header("mcp-session-id"), header("last-event-id")), (Some("session-1"), None));
    assert_eq!(header("authorization"), Some("Bearer sesame"));
    bench.upstream.hangups(1).await;
}

#[tokio::test]
async fn a_session_whose_server_may_ask_serves_one_call_at_a_time() {
    let bench = Bench::new(legacy(|received| json(received, DONE))).await;
    let call = accepting(&BOTH);
    let (one, other) = tokio::join!(ask(&bench, &call), ask(&bench, &call));
    assert!(one.is_ok() && other.is_ok());
    ask(&bench, &call).await.unwrap();
    let seen = bench.upstream.seen();
    let of = |what: &str| seen.iter().filter(|seen| method(seen) == what).count();
    assert_eq!((of("initialize"), of("tools/call"), of("GET")), (2, 3, 3));
}

#[tokio::test]
async fn what_it_asks_beside_without_leave_is_told_though_it_leaves() {
    let bench = Bench::new(legacy(|received| match received.verb() {
        "GET" => chunked("text/event-stream", &[asks("1", "sampling/createMessage", "{}")]),
        _ if method(received) != "tools/call" => http(202, "text/plain", ""),
        _ => {
            let mut steps = vec![Step::Until(HANDSHAKE + 1)];
            steps.extend(unfinished("text/event-stream", &[": here\n\n".to_owned()]));
            steps.push(Step::Until(HANDSHAKE + 2));
            steps.push(chunk(&event(&response(received, DONE))));
            steps
        }
    }))
    .await;
    let reply = ask(&bench, &accepting(&BOTH)).await.unwrap();
    assert_eq!((reply.result.as_str(), reply.conduct), (DONE, Conduct::Overreach));
}

#[tokio::test]
async fn a_server_without_such_a_stream_is_called_all_the_same() {
    for status in [405, 409, 200] {
        let bench = Bench::new(legacy(move |received| match received.verb() {
            "GET" => http(status, "application/json", "{}"),
            _ => json(received, DONE),
        }))
        .await;
        assert_eq!(ask(&bench, &accepting(&BOTH)).await.unwrap().result.as_str(), DONE, "{status}");
    }
}

#[tokio::test]
async fn a_session_in_which_a_call_may_go_on_serves_no_other() {
    let bench = Bench::new(legacy(|received| match method(received).as_str() {
        "tools/call" => vec![Step::Hang],
        _ => http(202, "text/plain", ""),
    }))
    .await;
    for _ in 0..2 {
        let call = accepting(&BOTH);
        let late = bench.client.call_tool(&tenant("a"), &bench.target(), &call, &dispatch(100)).await;
        assert_eq!(late.unwrap_err().code, codes::UPSTREAM_TIMEOUT);
    }
    let begun = bench.methods().into_iter().filter(|method| method == "initialize").count();
    assert_eq!(begun, 2, "the server may still be at work, and ask");
}
