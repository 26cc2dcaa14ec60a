//! Hearing from servers that their lists have changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::integrations::mcp::listening::{ChangeSink, ListWatch};
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::{Conduct, McpFailure};

use super::{Bench, DONE, Received, dispatch, error, event, json, legacy, method, modern, response, tenant};
use crate::egress::scripted::{Step, chunked, http, unfinished};

const CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
const ACKNOWLEDGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":{"toolsListChanged":true}}}"#;
const ASKS: &str = r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}"#;
const PING: &str = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;

/// How often the watch was told within so long, and how it ended.
async fn hear(bench: &Bench, millis: u64) -> (usize, Result<(), McpFailure>) {
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let sink = ChangeSink::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let watch = ListWatch { lists: vec![ItemKind::Tool, ItemKind::Resource], sink };
    let ended = bench.client.listen(&tenant("a"), &bench.target(), &watch, &dispatch(millis)).await;
    (told.load(Ordering::SeqCst), ended)
}

/// Says this on the stream on which it tells of its lists, and leaves it open.
fn telling(events: &'static [&'static str]) -> Vec<Step> {
    let events: Vec<String> = events.iter().map(|data| event(data)).collect();
    [unfinished("text/event-stream", &events), vec![Step::Hang]].concat()
}

fn is_stream(received: &Received) -> bool {
    received.verb() == "GET" || method(received) == "subscriptions/listen"
}

#[tokio::test]
async fn a_modern_server_is_asked_for_a_stream_and_tells_on_it() {
    let bench = Bench::new(modern(|_| telling(&[ACKNOWLEDGED, CHANGED, CHANGED]))).await;
    assert_eq!(hear(&bench, 500).await, (3, Ok(())), "at the beginning, and twice");
    let seen = bench.upstream.seen();
    let asked = seen.last().unwrap();
    let body = asked.json();
    let wanted = serde_json::json!({ "toolsListChanged": true, "resourcesListChanged": true });
    assert_eq!(body["params"]["notifications"], wanted);
    assert_eq!(asked.header("mcp-method"), Some("subscriptions/listen"));
    assert_eq!(asked.header("authorization"), Some("Bearer sesame"));
    bench.upstream.hangups(1).await;
}

#[tokio::test]
async fn a_legacy_server_is_heard_on_the_stream_of_its_session_which_calls_share() {
    let bench = Bench::new(legacy(|received| match is_stream(received) {
        true => telling(&[PING, CHANGED]),
        false if method(received) == "tools/call" => json(received, DONE),
        false => http(202, "text/plain", ""),
    }))
    .await;
    assert_eq!(hear(&bench, 500).await, (2, Ok(())));
    bench.call().await.unwrap();
    let seen = bench.upstream.seen();
    let of = |what: &str| seen.iter().filter(|seen| method(seen) == what).count();
    assert_eq!((of("initialize"), of("GET")), (1, 1));
    let pong = seen.iter().find(|seen| seen.json()["id"] == 2).unwrap();
    assert_eq!(pong.json()["result"].to_string(), "{}");
    let header = |of: &Received, name: &str| of.header(name).map(str::to_owned);
    let sessions: Vec<_> = ["GET", "tools/call"]
        .iter()
        .map(|what| header(seen.iter().find(|seen| method(seen) == *what).unwrap(), "mcp-session-id"))
        .collect();
    assert_eq!(sessions[0], sessions[1]);
}

#[tokio::test]
async fn an_end_in_good_order_is_no_failure() {
    let orderly = Bench::new(modern(|received| {
        let end = response(received, r#"{"resultType":"complete"}"#);
        chunked("text/event-stream", &[event(ACKNOWLEDGED), event(&end)])
    }))
    .await;
    assert_eq!(hear(&orderly, 2000).await, (1, Ok(())));
    let cut = Bench::new(modern(|_| {
        [unfinished("text/event-stream", &[event(ACKNOWLEDGED)]), vec![Step::Close]].concat()
    }));
    assert_eq!(hear(&cut.await, 2000).await, (1, Ok(())), "as proxies do");
    let gone = Bench::new(modern(|_| chunked("text/event-stream", &[event(ACKNOWLEDGED)]))).await;
    assert_eq!(hear(&gone, 2000).await, (1, Ok(())));
}

async fn failure(bench: Bench) -> (Code, Conduct) {
    let (_, ended) = hear(&bench, 2000).await;
    let failure = ended.unwrap_err();
    assert!(!failure.detail.contains("UPSTREAM"), "{failure}");
    (failure.code, failure.conduct)
}

#[tokio::test]
async fn who_tells_nothing_is_not_heard() {
    let modern_without = Bench::new(modern(|received| error(received, 404, -32601))).await;
    assert_eq!(failure(modern_without).await, (codes::UPSTREAM_ERROR, Conduct::Fair));
    let legacy_without = Bench::new(legacy(|_| http(405, "text/plain", ""))).await;
    assert_eq!(hear(&legacy_without, 2000).await.0, 0);
    assert_eq!(failure(legacy_without).await, (codes::UPSTREAM_ERROR, Conduct::Fair));
    let refusing = Bench::new(modern(|_| http(401, "text/plain", "UPSTREAM"))).await;
    assert_eq!(failure(refusing).await.0, codes::UPSTREAM_UNAUTHORIZED);
    let refusing = Bench::new(legacy(|_| http(401, "text/plain", "UPSTREAM"))).await;
    assert_eq!(failure(refusing).await.0, codes::UPSTREAM_UNAUTHORIZED);
}

/// Many servers have no route for it.
#[tokio::test]
async fn a_stream_that_is_not_found_costs_nobody_the_session() {
    let bench = Bench::new(legacy(|received| match method(received).as_str() {
        "tools/call" => json(received, DONE),
        "ping" => json(received, "{}"),
        _ => http(404, "text/plain", ""),
    }))
    .await;
    bench.call().await.unwrap();
    assert!(hear(&bench, 2000).await.1.is_err());
    bench.call().await.unwrap();
    let begun = bench.methods().into_iter().filter(|method| method == "initialize").count();
    assert_eq!(begun, 1);
}

/// A session whose server has said so once is not asked again, by nobody.
#[tokio::test]
async fn a_session_without_a_stream_is_asked_for_it_once() {
    let bench = Bench::new(legacy(|_| http(405, "text/plain", ""))).await;
    for _ in 0..3 {
        assert!(hear(&bench, 2000).await.1.is_err());
    }
    assert_eq!(bench.methods().into_iter().filter(|method| method == "GET").count(), 1);
}

#[tokio::test]
async fn who_asks_or_answers_there_is_heard_of_and_not_listened_to() {
    let asking = Bench::new(legacy(|received| match is_stream(received) {
        true => telling(&[ASKS, CHANGED]),
        false => http(202, "text/plain", ""),
    }))
    .await;
    assert_eq!(failure(asking).await, (codes::UPSTREAM_PROTOCOL, Conduct::Overreach));
    let answering = Bench::new(legacy(|received| match is_stream(received) {
        true => telling(&[r#"{"jsonrpc":"2.0","id":"another","result":{}}"#]),
        false => http(202, "text/plain", ""),
    }))
    .await;
    assert_eq!(failure(answering).await, (codes::UPSTREAM_PROTOCOL, Conduct::Overreach));
    let modern_asking = Bench::new(modern(|_| telling(&[ASKS]))).await;
    assert_eq!(failure(modern_asking).await.0, codes::UPSTREAM_PROTOCOL);
}

#[tokio::test]
async fn who_tells_without_end_is_not_listened_to() {
    let flood: &'static [&'static str] = Box::leak(vec![CHANGED; 1100].into_boxed_slice());
    let bench = Bench::new(modern(move |_| telling(flood))).await;
    let (told, ended) = hear(&bench, 2000).await;
    assert!(told <= 1101, "{told}");
    assert_eq!(ended.unwrap_err().code, codes::UPSTREAM_TOO_LARGE);
}

#[tokio::test]
async fn a_server_may_ask_whether_anybody_is_there_as_often_as_it_likes() {
    let pings: &'static [&'static str] = Box::leak([&[PING; 40][..], &[CHANGED]].concat().into_boxed_slice());
    let bench = Bench::new(legacy(move |received| match is_stream(received) {
        true => telling(pings),
        false => http(202, "text/plain", ""),
    }))
    .await;
    assert_eq!(hear(&bench, 2000).await, (2, Ok(())));
}

/// Nobody else may come by it who would find out.
#[tokio::test]
async fn a_session_that_is_gone_is_not_listened_in_again() {
    let bench = Bench::new(legacy(|_| http(404, "text/plain", ""))).await;
    for _ in 0..2 {
        assert!(hear(&bench, 2000).await.1.is_err());
    }
    let begun = bench.methods().into_iter().filter(|method| method == "initialize").count();
    assert_eq!(begun, 2);
}
