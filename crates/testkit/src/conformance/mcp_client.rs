//! The suite of [`McpClient`], for one whose egress waives nothing: what must not be reached. It opens nothing. What a
//! client makes of answers is its own suite's, since each speaks to its upstream in its own way.

use std::time::Duration;

use portcullis_schemas::codes;
use portcullis_schemas::context::TraceContext;
use portcullis_schemas::ids::{IntentId, ServerId};
use portcullis_schemas::integrations::mcp::input::ServerInput;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::listening::{ChangeSink, ListWatch};
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::server::ProtocolPin;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::{AuthHeader, Dispatch, McpFailure, McpTarget, ToolCall};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::logs::ledger::IntentReceipt;
use portcullis_schemas::secret::Secret;
use serde_json::Map;

use super::steps::IDS;
use crate::fixtures;

/// Servers that no gateway may open by default. None of them needs a name to be resolved.
const REFUSED: &[&str] = &[
    "https://127.0.0.1/mcp",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/mcp",
    "https://localhost/mcp",
    "http://mcp.example/mcp",
    "https://user:hunter2@mcp.example/mcp",
];

/// What may not be opened is not reached, by whichever method: nobody has acted, and the failure says nothing of the
/// URL or the credential. Forgetting is harmless, and no permission.
pub async fn mcp_client(client: &dyn McpClient) {
    let (tenant, server) = (fixtures::tenant(1), ServerId::generate(&IDS));
    client.forget(&tenant, &server).await;
    for url in REFUSED {
        for _ in 0..2 {
            let (target, dispatch) = (target(&server, url), dispatch());
            expect_refusal(url, client.discover(&tenant, &target, &dispatch).await);
            expect_refusal(url, client.check_health(&tenant, &target, &dispatch).await);
            expect_refusal(url, client.call_tool(&tenant, &target, &call(), &dispatch).await);
            expect_refusal(url, client.listen(&tenant, &target, &watch(), &dispatch).await);
            client.forget(&tenant, &server).await;
        }
    }
}

fn expect_refusal<T>(url: &str, answer: Result<T, McpFailure>) {
    let Err(failure) = answer else { panic!("an exchange with {url:?} must be refused") };
    assert_eq!(failure.code, codes::EGRESS_REFUSED, "an exchange with {url:?}: {failure}");
    assert!(!failure.may_have_acted, "a server that was not reached has not acted");
    assert!(!failure.detail.is_empty(), "a refusal names its rule");
    for hidden in [url, "hunter2", "sesame"] {
        assert!(!failure.detail.contains(hidden), "a refusal repeats neither URL nor credential");
    }
}

fn target(server: &ServerId, url: &str) -> McpTarget {
    McpTarget {
        server_id: server.clone(),
        url: url.to_owned(),
        pin: ProtocolPin::Auto,
        agent_input: Vec::new(),
        auth: Some(AuthHeader {
            name: "authorization".to_owned(),
            value: Secret::new("Bearer sesame".to_owned()),
        }),
        identity: "cred_1@1".to_owned(),
    }
}

fn dispatch() -> Dispatch {
    Dispatch {
        receipt: IntentReceipt::issued_by_ledger(fixtures::tenant(1), IntentId::generate(&IDS)),
        deadline: Duration::from_secs(5),
        trace: TraceContext::default(),
        progress: None,
    }
}

fn watch() -> ListWatch {
    ListWatch {
        lists: vec![ItemKind::Tool],
        sink: ChangeSink::new(|| panic!("nothing is heard of a server that is not reached")),
    }
}

fn call() -> ToolCall {
    let definition = RawJson::from_text(r#"{"name":"search","inputSchema":{"type":"object"}}"#.to_owned());
    ToolCall {
        input: ServerInput::default(),
        kind: ItemKind::Tool,
        method: CallMethod::CallTool,
        name: "search".to_owned(),
        arguments: Map::new(),
        definition: definition.unwrap_or_else(|error| panic!("a suite's definition is JSON: {error}")),
    }
}
