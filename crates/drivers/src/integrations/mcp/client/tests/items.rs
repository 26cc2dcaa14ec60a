//! Prompts, resources, completion and progress.

use std::sync::{Arc, Mutex};

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::input::ServerInput;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::progress::ProgressSink;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::{Dispatch, ListedTool, ToolCall};
use portcullis_schemas::json::RawJson;
use serde_json::{Value, json};

use super::{Bench, DONE, dispatch, error, event, json, legacy, method, response, tenant, tool_call};
use crate::egress::scripted::{Received, Step, chunked};

const ALL: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"prompts":{},"resources":{}}}"#;

/// A modern server of everything.
fn whole(
    script: impl Fn(&Received) -> Vec<Step> + Send + Sync,
) -> impl Fn(usize, &Received) -> Vec<Step> + Send + Sync {
    move |_, received| match method(received).as_str() {
        "server/discover" => json(received, ALL),
        _ => script(received),
    }
}

fn call(kind: ItemKind, method: CallMethod, name: &str, arguments: Value) -> ToolCall {
    ToolCall {
        input: ServerInput::default(),
        kind,
        method,
        name: name.to_owned(),
        arguments: arguments.as_object().unwrap().clone(),
        definition: RawJson::from_text("{}".to_owned()).unwrap(),
    }
}

fn shown(item: &ListedTool) -> String {
    match item {
        ListedTool::Readable { kind, name, .. } => format!("{kind} {name}"),
        ListedTool::Unreadable { kind, position, problem } => format!("{kind} #{position} {problem}"),
        ListedTool::Unlisted { kind, problem } => format!("{kind} * {problem}"),
    }
}

#[tokio::test]
async fn what_is_declared_is_listed_and_a_broken_list_hides_no_other() {
    let bench = Bench::new(whole(|received| match method(received).as_str() {
        "tools/list" => json(received, r#"{"tools":[]}"#),
        "prompts/list" => error(received, 200, -32603),
        "resources/list" => json(received, r#"{"resources":[{"uri":"x:1","name":"n"},{"name":"n"}]}"#),
        _ => error(received, 404, -32601),
    }))
    .await;
    let found = bench.discover().await.unwrap();
    insta::assert_snapshot!(found.tools.iter().map(shown).collect::<Vec<_>>().join("\n"), @r"
    prompt * json-rpc error -32603
    resource x:1
    resource #1 `uri`: expected a string that is not empty
    ");
    assert_eq!(
        bench.methods()[1..],
        ["tools/list", "prompts/list", "resources/list", "resources/templates/list"]
    );
}

#[tokio::test]
async fn each_method_has_its_parameters_and_its_header() {
    let bench = Bench::new(whole(|received| {
        let result = match method(received).as_str() {
            "prompts/get" => r#"{"messages":[]}"#,
            "resources/read" => r#"{"contents":[]}"#,
            _ => r#"{"completion":{"values":[]}}"#,
        };
        json(received, result)
    }))
    .await;
    let argument = json!({ "argument": { "name": "id", "value": "4" }, "arguments": { "a": "b" } });
    let calls = [
        call(ItemKind::Prompt, CallMethod::GetPrompt, "greet", json!({ "who": "you" })),
        call(ItemKind::Resource, CallMethod::ReadResource, "x:1", json!({})),
        call(ItemKind::ResourceTemplate, CallMethod::ReadResource, "x:{id}", json!({ "uri": "x:42" })),
        call(ItemKind::ResourceTemplate, CallMethod::Complete, "x:{id}", argument),
    ];
    for call in &calls {
        bench.client.call_tool(&tenant("a"), &bench.target(), call, &dispatch(2000)).await.unwrap();
    }
    let seen = bench.upstream.seen();
    let sent: Vec<String> = seen[1..]
        .iter()
        .map(|received| {
            let mut params = received.json()["params"].clone();
            params.as_object_mut().unwrap().remove("_meta");
            format!("{} {:?} {}", method(received), received.header("mcp-name"), super::canonical(&params))
        })
        .collect();
    insta::assert_snapshot!(sent.join("\n"), @r#"
    prompts/get Some("greet") {"arguments":{"who":"you"},"name":"greet"}
    resources/read Some("x:1") {"uri":"x:1"}
    resources/read Some("x:42") {"uri":"x:42"}
    completion/complete None {"argument":{"name":"id","value":"4"},"context":{"arguments":{"a":"b"}},"ref":{"type":"ref/resource","uri":"x:{id}"}}
    "#);
}

#[tokio::test]
async fn a_result_of_another_method_is_none() {
    let bench = Bench::new(whole(|received| json(received, DONE))).await;
    let call = call(ItemKind::Prompt, CallMethod::GetPrompt, "greet", json!({}));
    let failure =
        bench.client.call_tool(&tenant("a"), &bench.target(), &call, &dispatch(2000)).await.unwrap_err();
    assert_eq!((failure.code, failure.may_have_acted), (codes::UPSTREAM_PROTOCOL, true));
}

/// Progress of another request's token is nobody's.
#[tokio::test]
async fn progress_is_asked_for_and_told_only_if_somebody_wants_to_hear_it() {
    let told = |received: &Received| {
        let token = received.json()["params"]["_meta"]["progressToken"].clone();
        let notice = |token: &Value| {
            let params = format!(r#"{{"progressToken":{token},"progress":1.50,"x":1}}"#);
            event(&format!(r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{params}}}"#))
        };
        let answer = event(&response(received, DONE));
        chunked("text/event-stream", &[notice(&token), notice(&json!("another")), answer])
    };
    for bench in [Bench::new(whole(told)).await, Bench::new(legacy(told)).await] {
        bench
            .client
            .call_tool(&tenant("a"), &bench.target(), &tool_call("{}"), &dispatch(2000))
            .await
            .unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let progress = ProgressSink::new(move |params| ear.lock().unwrap().push(params));
        let dispatch = Dispatch { progress: Some(progress), ..dispatch(2000) };
        bench.client.call_tool(&tenant("a"), &bench.target(), &tool_call("{}"), &dispatch).await.unwrap();
        let seen = bench.upstream.seen();
        let calls: Vec<_> = seen.iter().filter(|received| method(received) == "tools/call").collect();
        let token = |received: &Received| received.json()["params"]["_meta"]["progressToken"].clone();
        assert!(token(calls[0]).is_null(), "nobody wanted to hear");
        let expected = format!(r#"{{"progressToken":{},"progress":1.50,"x":1}}"#, token(calls[1]));
        let heard: Vec<_> = heard.lock().unwrap().iter().map(|params| params.as_str().to_owned()).collect();
        assert_eq!(heard, [expected]);
    }
}
