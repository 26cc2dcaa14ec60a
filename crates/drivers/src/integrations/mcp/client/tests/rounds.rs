//! Modern servers that ask a caller who can be asked.

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::input::{InputKind, ServerInput};
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::{McpFailure, ToolCall, ToolReply};
use portcullis_schemas::json::RawJson;
use serde_json::json as value;

use super::{Bench, DONE, dispatch, json, legacy, modern, tenant, tool_call};
use crate::egress::scripted::{Received, Step, http};

const ASKS: &str = r#"{ "resultType":"input_required","inputRequests":{"a":{"method":"roots/list"}},"requestState":"s\u0074" }"#;

fn raw(text: &str) -> Option<RawJson> {
    RawJson::from_text(text.to_owned()).ok()
}

fn with(input: ServerInput) -> ToolCall {
    ToolCall { input, ..tool_call("{}") }
}

async fn ask(bench: &Bench, call: &ToolCall) -> Result<ToolReply, McpFailure> {
    bench.client.call_tool(&tenant("a"), &bench.target(), call, &dispatch(2000)).await
}

#[tokio::test]
async fn a_server_is_told_what_it_may_ask_for_and_its_question_is_the_reply() {
    let bench = Bench::new(modern(|received| json(received, ASKS))).await;
    let accepts =
        vec![InputKind::UrlElicitation, InputKind::Sampling, InputKind::SamplingTools, InputKind::Roots];
    let reply = ask(&bench, &with(ServerInput { accepts, ..ServerInput::default() })).await.unwrap();
    assert_eq!((reply.result.as_str(), reply.is_error), (ASKS, false));
    let sent = bench.upstream.seen()[1].json();
    let declared = &sent["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
    assert_eq!(*declared, value!({ "elicitation": { "url": {} }, "sampling": { "tools": {} }, "roots": {} }));
    assert_eq!(sent["params"].get("requestState"), None);
    assert_eq!(bench.methods(), ["server/discover", "tools/call"], "it is asked once");
}

#[tokio::test]
async fn answers_and_state_go_back_byte_for_byte_by_every_method_that_may_ask() {
    let answers = r#"{"a":{ "roots":[],"n":1.10 }}"#;
    for (kind, method, result) in [
        (ItemKind::Tool, CallMethod::CallTool, DONE),
        (ItemKind::Prompt, CallMethod::GetPrompt, r#"{"messages":[]}"#),
        (ItemKind::Resource, CallMethod::ReadResource, r#"{"contents":[]}"#),
    ] {
        let bench = Bench::new(modern(move |received| json(received, result))).await;
        let input = ServerInput {
            accepts: vec![InputKind::Roots],
            responses: raw(answers),
            state: raw(r#""s\u0074""#),
        };
        ask(&bench, &ToolCall { kind, method, ..with(input) }).await.unwrap();
        let body = &bench.upstream.seen()[1].body;
        assert!(body.contains(&format!(r#""inputResponses":{answers}"#)), "{method}: {body}");
        assert!(body.contains(r#""requestState":"s\u0074""#), "{method}: {body}");
    }
}

#[tokio::test]
async fn a_server_that_has_changed_its_era_gets_no_answers() {
    let bench = Bench::new(legacy(|received| json(received, DONE))).await;
    let input = ServerInput { accepts: vec![InputKind::Roots], responses: raw("{}"), state: None };
    let failure = ask(&bench, &with(input)).await.unwrap_err();
    assert_eq!(
        (failure.code, failure.may_have_acted),
        (codes::QUESTION_LAPSED, true),
        "its first round was sent"
    );
    assert!(!bench.methods().contains(&"tools/call".to_owned()));
}

pub(super) fn needing(needs: serde_json::Value) -> impl Fn(&Received) -> Vec<Step> + Send + Sync {
    move |received| {
        let data = value!({ "requiredCapabilities": needs });
        let error = value!({ "code": -32021, "message": "UPSTREAM-TEXT", "data": data });
        let id = received.json()["id"].clone();
        http(400, "application/json", &value!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string())
    }
}

#[tokio::test]
async fn what_a_server_needs_of_the_client_has_its_code() {
    let table = [
        (value!({ "sampling": {} }), codes::SAMPLING_REQUIRED),
        (value!({ "sampling": { "tools": {} } }), codes::SAMPLING_REQUIRED),
        (value!({ "elicitation": {} }), codes::ELICITATION_REQUIRED),
        (value!({ "elicitation": { "url": {} } }), codes::URL_ELICITATION_REQUIRED),
        (value!({ "roots": {} }), codes::ROOTS_REQUIRED),
        (value!({ "extensions": { "a/b": {} } }), codes::UPSTREAM_ERROR),
        (value!(["sampling"]), codes::UPSTREAM_ERROR),
    ];
    for (required, code) in table {
        let bench = Bench::new(modern(needing(required))).await;
        let failure = ask(&bench, &with(ServerInput::default())).await.unwrap_err();
        assert_eq!((failure.code, failure.may_have_acted), (code, false));
        assert!(!failure.detail.contains("UPSTREAM-TEXT"));
    }
}

#[tokio::test]
async fn nobody_is_told_to_declare_what_was_declared() {
    let needs = value!({ "sampling": { "tools": {} }, "roots": {} });
    use InputKind::{Roots, Sampling, SamplingTools};
    let table = [
        (vec![], codes::SAMPLING_REQUIRED, "`sampling`, `sampling.tools`, `roots`"),
        (vec![Sampling], codes::SAMPLING_TOOLS_REQUIRED, "`sampling.tools`, `roots`"),
        (vec![Sampling, SamplingTools], codes::ROOTS_REQUIRED, "declares `roots`"),
        (vec![Sampling, SamplingTools, Roots], codes::UPSTREAM_ERROR, "-32021"),
    ];
    for (accepts, code, words) in table {
        let bench = Bench::new(modern(needing(needs.clone()))).await;
        let failure =
            ask(&bench, &with(ServerInput { accepts, ..ServerInput::default() })).await.unwrap_err();
        assert_eq!((failure.code, failure.may_have_acted), (code, false));
        assert!(failure.detail.contains(words), "{}", failure.detail);
    }
}
