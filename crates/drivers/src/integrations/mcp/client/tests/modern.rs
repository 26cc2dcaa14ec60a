//! Calls of modern servers.

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::server::ProtocolPin;
use portcullis_schemas::integrations::mcp::wire::McpHealth;

use super::{
    Bench, DONE, canonical, dispatch, error, event, json, method, modern, response, tenant, tool_call,
};
use crate::egress::scripted::{Step, chunked, unfinished};

/// Members that a typed model would drop or spell anew.
const FAITHFUL: &str =
    r#"{ "content":[{"type":"odd","n":123456789012345678901234567890}], "isError":false,"x":1.10 }"#;

#[tokio::test]
async fn that_a_server_has_no_sessions_is_found_once_for_all_of_a_tenant() {
    let bench = Bench::new(modern(|received| json(received, DONE))).await;
    let mut target = bench.target();
    for (who, identity) in [("a", "key_1"), ("a", "key_2"), ("b", "key_1")] {
        target.identity = identity.to_owned();
        bench.client.call_tool(&tenant(who), &target, &tool_call("{}"), &dispatch(2000)).await.unwrap();
    }
    let expected = ["server/discover", "tools/call", "tools/call", "server/discover", "tools/call"];
    assert_eq!(bench.methods(), expected);
}

#[tokio::test]
async fn a_call_carries_every_header_and_its_result_stays_byte_for_byte() {
    let bench = Bench::new(modern(|received| json(received, FAITHFUL))).await;
    let schema = r#"{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},
        "deep":{"type":"object","properties":{"on":{"type":"boolean","x-mcp-header":"On"}}},
        "gone":{"type":"string","x-mcp-header":"Gone"}}}"#;
    for _ in 0..2 {
        let call = tool_call(schema);
        let reply =
            bench.client.call_tool(&tenant("a"), &bench.target(), &call, &dispatch(2000)).await.unwrap();
        assert_eq!((reply.result.as_str(), reply.is_error), (FAITHFUL, false));
    }
    assert_eq!(bench.methods(), ["server/discover", "tools/call", "tools/call"]);
    assert_eq!(bench.upstream.connections(), 1);
    let call = &bench.upstream.seen()[1];
    for (name, value) in [
        ("mcp-protocol-version", Some("2026-07-28")),
        ("mcp-method", Some("tools/call")),
        ("mcp-name", Some("=?base64?ZWNobyDDpA==?=")),
        ("mcp-param-region", Some("eu")),
        ("mcp-param-on", Some("true")),
        ("mcp-param-gone", None),
        ("authorization", Some("Bearer sesame")),
        ("content-type", Some("application/json")),
        ("accept", Some("application/json, text/event-stream")),
        ("mcp-session-id", None),
    ] {
        assert_eq!(call.header(name), value, "{name}");
    }
    let ids: Vec<_> =
        bench.upstream.seen().iter().map(|seen| seen.json()["id"].as_str().unwrap().to_owned()).collect();
    assert!(ids.iter().all(|id| id.len() == 32) && ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
    insta::assert_snapshot!(canonical(&call.json()["params"]), @r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"portcullis","version":"0.1.0"},"io.modelcontextprotocol/protocolVersion":"2026-07-28","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","tracestate":"a=b"},"arguments":{"deep":{"on":true},"n":1.1,"region":"eu"},"name":"echo ä"}"#);
}

#[tokio::test]
async fn an_answer_may_come_as_a_stream() {
    let bench = Bench::new(modern(|received| {
        let log = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"}}"#;
        let mut answer = event(&response(received, FAITHFUL));
        let rest = answer.split_off(20);
        chunked("text/event-stream; charset=utf-8", &[": hello\n\n".into(), event(log), answer, rest])
    }))
    .await;
    for _ in 0..3 {
        assert_eq!(bench.call().await.unwrap().result.as_str(), FAITHFUL);
        // The end of the stream comes after the answer; the connection is back when it has been read.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(bench.upstream.connections(), 1);
}

#[tokio::test]
async fn a_pinned_modern_server_is_not_probed() {
    let bench = Bench::new(|_, received| json(received, DONE)).await;
    let mut target = bench.target();
    target.pin = ProtocolPin::V2026_07_28;
    bench.client.call_tool(&tenant("a"), &target, &tool_call("{}"), &dispatch(2000)).await.unwrap();
    assert_eq!(bench.methods(), ["tools/call"]);
}

#[tokio::test]
async fn errors_of_the_tool_are_results() {
    let bench = Bench::new(modern(|received| json(received, r#"{"content":[],"isError":true}"#))).await;
    assert!(bench.call().await.unwrap().is_error);
}

/// How a server asks for a confirmation.
const ASKS: &str = r#"{"resultType":"input_required","requestState":"st\u00e4te","inputRequests":{"sure":{"method":"elicitation/create"}}}"#;

#[tokio::test]
async fn a_server_that_asks_hears_that_nobody_is_there_and_gets_its_state_back() {
    let bench = Bench::new(modern(|received| match &received.json()["params"]["inputResponses"] {
        serde_json::Value::Null => json(received, ASKS),
        _ => json(received, FAITHFUL),
    }))
    .await;
    assert_eq!(bench.call().await.unwrap().result.as_str(), FAITHFUL);
    assert_eq!(bench.call().await.unwrap().result.as_str(), FAITHFUL);
    let seen: Vec<_> = bench.upstream.seen()[1..].iter().map(|seen| seen.json()).collect();
    assert_eq!(seen[1]["params"]["inputResponses"], serde_json::json!({ "sure": { "action": "cancel" } }));
    assert!(bench.upstream.seen()[2].body.contains(r#""requestState":"st\u00e4te""#), "byte for byte");
    for member in ["name", "arguments"] {
        assert_eq!(seen[0]["params"][member], seen[1]["params"][member]);
    }
    assert_ne!(seen[0]["id"], seen[1]["id"]);
    assert_eq!(seen[2]["params"].get("requestState"), None, "another call carries none of it");
}

#[tokio::test]
async fn a_server_that_never_stops_asking_is_not_asked_for_ever() {
    let bench = Bench::new(modern(|received| json(received, ASKS))).await;
    let failure = bench.call().await.unwrap_err();
    assert_eq!((failure.code, failure.may_have_acted), (codes::INPUT_REFUSED, true));
    assert_eq!(bench.methods().iter().filter(|method| *method == "tools/call").count(), 4);
}

#[tokio::test]
async fn dropping_the_future_closes_the_stream() {
    let bench = Bench::new(modern(|_| {
        let mut steps = unfinished("text/event-stream", &[": working\n\n".into()]);
        steps.push(Step::Hang);
        steps
    }))
    .await;
    tokio::select! {
        answer = bench.call() => panic!("no answer was sent: {answer:?}"),
        _ = bench.upstream.requests(2) => {}
    }
    bench.upstream.hangups(1).await;
    assert_eq!(bench.methods(), ["server/discover", "tools/call"], "closing the stream is the cancellation");
}

#[tokio::test]
async fn a_server_that_changes_its_era_is_probed_again() {
    let bench = Bench::new(|number, received| match (number, method(received).as_str()) {
        (0, _) => json(received, super::DISCOVERED),
        (1, _) => error(received, 400, -32022),
        _ => super::legacy(|received| json(received, DONE))(number, received),
    })
    .await;
    let failure = bench.call().await.unwrap_err();
    assert_eq!((failure.code, failure.may_have_acted), (codes::UPSTREAM_ERROR, false));
    bench.call().await.unwrap();
    let methods = bench.methods();
    assert_eq!(methods[2..], ["server/discover", "initialize", "notifications/initialized", "tools/call"]);
}

#[tokio::test]
async fn health_is_discovery_of_the_version_spoken() {
    let bench = Bench::new(|number, received| match number {
        0 | 1 => json(received, super::DISCOVERED),
        _ => error(received, 500, -32603),
    })
    .await;
    let healthy = McpHealth { protocol_version: "2026-07-28".to_owned() };
    for _ in 0..2 {
        let health = bench.client.check_health(&tenant("a"), &bench.target(), &dispatch(2000)).await;
        assert_eq!(health, Ok(healthy.clone()));
    }
    assert_eq!(bench.methods(), ["server/discover", "server/discover"]);
    bench.client.check_health(&tenant("a"), &bench.target(), &dispatch(2000)).await.unwrap_err();
}
