//! The scripted ports do what their script says and keep what they were asked.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use portcullis_schemas::codes;
use portcullis_schemas::context::TraceContext;
use portcullis_schemas::egress::{
    Egress, EgressError, EgressLimits, EgressPurpose, EgressRequest, EgressStage, HttpMethod,
};
use portcullis_schemas::ids::{IntentId, ServerId};
use portcullis_schemas::integrations::mcp::input::ServerInput;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::server::ProtocolPin;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::{
    Conduct, Dispatch, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply,
};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::logs::ledger::IntentReceipt;
use portcullis_testkit::conformance::violation;
use portcullis_testkit::fakes::{ExchangeKind, ScriptedEgress, ScriptedMcpClient, ScriptedResponse};
use portcullis_testkit::fixtures;
use portcullis_testkit::ids::SequentialIds;
use serde_json::{Map, json};

struct Asked {
    target: McpTarget,
    call: ToolCall,
    dispatch: Dispatch,
}

fn asked() -> Asked {
    let ids = SequentialIds::new();
    let raw = |text: &str| RawJson::from_text(text.to_owned()).expect("JSON");
    let receipt = IntentReceipt::issued_by_ledger(fixtures::tenant(1), IntentId::generate(&ids));
    Asked {
        target: McpTarget {
            server_id: ServerId::generate(&ids),
            url: "https://mcp.example/mcp".to_owned(),
            pin: ProtocolPin::Auto,
            agent_input: Vec::new(),
            auth: None,
            identity: "none".to_owned(),
        },
        call: ToolCall {
            input: ServerInput::default(),
            kind: ItemKind::Tool,
            method: CallMethod::CallTool,
            name: "search".to_owned(),
            arguments: Map::new(),
            definition: raw("{}"),
        },
        dispatch: Dispatch {
            receipt,
            deadline: Duration::from_secs(1),
            trace: TraceContext::default(),
            progress: None,
        },
    }
}

fn reply(text: &str) -> ToolReply {
    ToolReply {
        result: RawJson::from_text(json!({ "text": text }).to_string()).expect("JSON"),
        is_error: false,
        protocol_version: "2026-07-28".into(),
        redacted: false,
        conduct: Conduct::Fair,
    }
}

#[tokio::test]
async fn the_client_answers_in_order_and_keeps_the_receipts() {
    let (client, tenant, asked) = (ScriptedMcpClient::new(), fixtures::tenant(1), asked());
    let failure = McpFailure::new(codes::UPSTREAM_TIMEOUT, "slow", true);
    client.answer_health(Ok(McpHealth { protocol_version: "2025-11-25".to_owned() }));
    client.answer_call(Err(failure.clone()));
    client.always_call(reply("again"));
    client.check_health(&tenant, &asked.target, &asked.dispatch).await.unwrap();
    let first = client.call_tool(&tenant, &asked.target, &asked.call, &asked.dispatch).await;
    assert_eq!(first.unwrap_err(), failure);
    for _ in 0..2 {
        let later = client.call_tool(&tenant, &asked.target, &asked.call, &asked.dispatch).await.unwrap();
        assert_eq!(later.result.as_str(), r#"{"text":"again"}"#);
    }
    client.forget(&tenant, &asked.target.server_id).await;
    let kinds: Vec<_> = client.exchanges().iter().map(|exchange| exchange.kind).collect();
    use ExchangeKind::{CallTool, CheckHealth};
    assert_eq!(kinds, [CheckHealth, CallTool, CallTool, CallTool]);
    assert!(client.exchanges().iter().all(|exchange| exchange.dispatch.receipt == asked.dispatch.receipt));
    assert_eq!(client.forgotten(), [(tenant, asked.target.server_id)]);
    assert_eq!(client.dropped(), 0);
}

#[tokio::test]
async fn a_hanging_call_ends_when_it_is_dropped_and_a_held_one_when_it_is_let_go() {
    let (client, tenant, asked) = (ScriptedMcpClient::new(), fixtures::tenant(1), asked());
    client.hang_call();
    let switch = client.hold_call(reply("late"));
    {
        let mut hanging = pin!(client.call_tool(&tenant, &asked.target, &asked.call, &asked.dispatch));
        let polled =
            std::future::poll_fn(|context| Poll::Ready(hanging.as_mut().poll(context).is_pending())).await;
        assert!(polled, "it hangs");
    }
    assert_eq!(client.dropped(), 1);
    switch.notify_one();
    let held = client.call_tool(&tenant, &asked.target, &asked.call, &asked.dispatch).await.unwrap();
    assert_eq!((held.result.as_str(), client.dropped()), (r#"{"text":"late"}"#, 1));
}

#[tokio::test]
async fn an_exhausted_script_panics_instead_of_answering() {
    let (client, tenant, asked) = (ScriptedMcpClient::new(), fixtures::tenant(1), asked());
    let asking = async {
        let _ = client.discover(&tenant, &asked.target, &asked.dispatch).await;
    };
    let panic = violation(asking).await.unwrap();
    assert_eq!(panic, "ScriptedMcpClient: the script holds no answer for discover");
}

#[tokio::test]
async fn the_egress_streams_its_answers_and_fails_where_told() {
    let egress = ScriptedEgress::allowing(&["https://mcp.example"]);
    let (tenant, broken) = (
        fixtures::tenant(1),
        EgressError {
            stage: EgressStage::Body,
            code: codes::UPSTREAM_TOO_LARGE,
            detail: "body".to_owned(),
            is_breach: false,
        },
    );
    let chunks = vec![Ok("one".into()), Err(broken.clone())];
    egress.answer(ScriptedResponse::new(200, &[("content-type", "text/event-stream")], chunks));
    egress.fail(EgressError::refused("rebinding"));
    let request = EgressRequest {
        purpose: EgressPurpose::McpServer,
        method: HttpMethod::Post,
        url: "https://mcp.example/mcp".to_owned(),
        headers: Vec::new(),
        body: bytes::Bytes::new(),
        limits: EgressLimits::default(),
    };
    let mut response = egress.send(&tenant, request.clone()).await.unwrap();
    assert_eq!((response.status, response.header("content-type")), (200, Some("text/event-stream")));
    assert_eq!(response.body.next_chunk().await, Ok(Some("one".into())));
    assert_eq!(response.body.next_chunk().await, Err(broken));
    assert_eq!(response.body.next_chunk().await, Ok(None));
    assert_eq!(egress.send(&tenant, request).await.map(|_| ()), Err(EgressError::refused("rebinding")));
    assert_eq!(egress.requests().len(), 2);
    assert_eq!(egress.judge(&tenant, "https://mcp.example").await.as_deref(), Ok("https://mcp.example/"));
    assert!(egress.judge(&tenant, "https://mcp.example.evil/").await.is_err());
}
