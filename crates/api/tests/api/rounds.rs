//! Calls whose server asks before it answers: who is asked, what comes back, and which states lead on.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::input::InputKind;
use portcullis_schemas::integrations::mcp::wire::{McpFailure, ToolCall};
use portcullis_spine::Ports;
use portcullis_testkit::broken::TrustingLedger;
use portcullis_testkit::fakes::ExchangeKind;
use portcullis_testkit::time::TestClock;
use serde_json::{Value, json};

use crate::support::{Answer, World, reply, text};

const FORM: &str = r#"{"name":{"method":"elicitation/create","params":{ "message":"Who?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}}}"#;
const ANSWER: &str = r#"{"name":{"action":"accept","content":{ "name":"Zo\u00eb","n":1.10 }}}"#;
const DONE: &str = r#"{"content":[{"type":"text","text":"done"}]}"#;

fn asking(state: &str) -> String {
    format!(r#"{{"resultType":"input_required","inputRequests":{FORM}{state}}}"#)
}

/// A tenant with one toolset of the tool `read`, for two keys.
struct Site {
    world: World,
    clock: Arc<TestClock>,
    admin: String,
    keys: [String; 2],
}

impl Site {
    async fn open() -> Self {
        Self::wired(|ports| ports).await
    }

    async fn wired(change: impl FnOnce(Ports) -> Ports) -> Self {
        let clock = Arc::new(TestClock::new());
        let hands = Arc::clone(&clock);
        let world = World::rewired(|ports| change(Ports { clock: hands, ..ports })).await;
        let (_, admin) = world.tenant("mine").await;
        let keys = toolset(&world, &admin).await;
        let site = Self { world, clock, admin, keys };
        site.let_ask(InputKind::ALL).await;
        site
    }

    /// Has the admin let the server ask for these.
    async fn let_ask(&self, kinds: &[InputKind]) {
        let servers = self.world.call(&self.admin, "GET", "/integrations/mcp-servers", None).await.json();
        let path = format!("/integrations/mcp-servers/{}", text(&servers["items"][0]["server_id"]));
        let changed =
            self.world.call(&self.admin, "PATCH", &path, Some(json!({ "agent_input": kinds }))).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
    }

    async fn call(&self, key: &str, members: &str) -> Answer {
        self.world.send(message(key, r#"{"elicitation":{}}"#, members)).await
    }

    /// The state that is given out with the first question.
    async fn asked(&self) -> String {
        self.world.mcp.answer_call(Ok(reply(&asking(r#","requestState":"st\u00e4te""#))));
        let asked = self.call(&self.keys[0], "").await.json();
        assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
        text(&asked["result"]["requestState"])
    }

    fn calls(&self) -> Vec<ToolCall> {
        let all = self.world.mcp.exchanges();
        let calls = all.into_iter().filter(|exchange| exchange.kind == ExchangeKind::CallTool);
        calls.filter_map(|exchange| exchange.call).collect()
    }
}

async fn toolset(world: &World, admin: &str) -> [String; 2] {
    let (server, tool) = world.tool(admin).await;
    let (mut ids, mut secrets) = (Vec::new(), Vec::new());
    for name in ["one", "two"] {
        let body = json!({ "name": name, "scopes": ["invoke"] });
        let made = world.call(admin, "POST", "/api-keys", Some(body)).await.json();
        ids.push(text(&made["key"]["key_id"]));
        secrets.push(text(&made["secret"]));
    }
    let tools = json!([{ "server_id": server, "tool_id": tool, "name": "read" }]);
    let body = json!({ "name": "files", "tools": tools, "keys": ids });
    let made = world.call(admin, "POST", "/integrations/toolsets", Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    secrets.try_into().unwrap()
}

/// A call of a modern agent, with these members beside name and `_meta`.
fn message(key: &str, capabilities: &str, members: &str) -> Request<Body> {
    let meta = format!(
        r#"{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{capabilities}}}"#
    );
    let params = format!(r#"{{"_meta":{meta},"name":"read"{members}}}"#);
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
    Request::builder()
        .method("POST")
        .uri("/mcp/files")
        .header("host", "localhost:8080")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "read")
        .body(Body::from(body))
        .unwrap()
}

fn going_on(state: &str, answers: &str) -> String {
    format!(r#","requestState":"{state}","inputResponses":{answers}"#)
}

/// Code and stable code of an error in band.
fn refused(answer: &Answer) -> (i64, String) {
    let error = answer.json()["error"].clone();
    (
        error["code"].as_i64().unwrap_or_default(),
        error["data"]["code"].as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn a_question_is_handed_on_and_its_answer_byte_for_byte() {
    let site = Site::open().await;
    site.world.mcp.answer_call(Ok(reply(&asking(r#","requestState":"st\u00e4te""#))));
    let asked = site.call(&site.keys[0], "").await;
    assert!(asked.text().contains(FORM), "{}", asked.text());
    assert!(!asked.text().contains(r"st\u00e4te"), "the server's state is sealed");
    let label = &asked.json()["result"]["_meta"]["portcullis/label"];
    assert_eq!(label["trust"], "untrusted", "who is asked may see by whom");
    let state = text(&asked.json()["result"]["requestState"]);

    site.world.mcp.answer_call(Ok(reply(DONE)));
    let extra = r#"{"other":{"action":"accept"},"name":{"action":"accept","content":{ "name":"Zo\u00eb","n":1.10 }}}"#;
    let done = site.call(&site.keys[0], &going_on(&state, extra)).await.json();
    assert_eq!(done["result"]["content"][0]["text"], "done", "{done}");
    let calls = site.calls();
    assert_eq!(calls[0].input.accepts, [InputKind::Elicitation]);
    assert!(!calls[0].input.continues());
    let sent = &calls[1].input;
    assert_eq!(sent.responses.as_ref().unwrap().as_str(), ANSWER, "to what was asked, byte for byte");
    assert_eq!(sent.state.as_ref().unwrap().as_str(), r#""st\u00e4te""#);

    let path = "/integrations/mcp-invocations";
    let listed = site.world.call(&site.admin, "GET", path, None).await.json();
    let [second, first] = [&listed["items"][0], &listed["items"][1]];
    assert_eq!((&first["outcome"], &first["asked"]), (&json!("success"), &json!(["elicitation"])), "{first}");
    assert_eq!(second["round"]["continues"], first["invocation_id"], "{second}");
    assert_eq!(second["round"]["number"], 2);
    assert_eq!(second["round"]["responses_hash"].as_str().unwrap().len(), 64);
    assert!(!listed.to_string().contains("Zo"), "no answer is on record");
}

#[tokio::test]
async fn a_server_without_a_state_gets_none() {
    let site = Site::open().await;
    site.world.mcp.answer_call(Ok(reply(&asking(""))));
    let asked = site.call(&site.keys[0], "").await.json();
    let state = text(&asked["result"]["requestState"]);
    site.world.mcp.answer_call(Ok(reply(&asking(""))));
    let again = site.call(&site.keys[0], &format!(r#","requestState":"{state}""#)).await.json();
    assert_ne!(text(&again["result"]["requestState"]), state, "each round has its own");
    let sent = &site.calls()[1].input;
    assert!(sent.state.is_none() && sent.responses.is_none());
}

#[tokio::test]
async fn a_state_that_is_anothers_or_altered_or_old_leads_nowhere() {
    let site = Site::open().await;
    let (_, theirs) = site.world.tenant("theirs").await;
    let stranger = toolset(&site.world, &theirs).await;
    let state = site.asked().await;
    let own = site.keys[0].as_str();
    let mut flipped = state.clone().into_bytes();
    flipped[40] = if flipped[40] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    let table = [
        ("a longer one", own, format!("{state}-TAMPERED"), ""),
        ("a changed one", own, flipped, ""),
        ("none of ours", own, "c3RhdGU".to_owned(), ""),
        ("an empty one", own, String::new(), ""),
        ("another key's", site.keys[1].as_str(), state.clone(), ""),
        ("another tenant's", stranger[0].as_str(), state.clone(), ""),
        ("of other arguments", own, state.clone(), r#","arguments":{"path":"/etc"}"#),
    ];
    let made = site.calls().len();
    for (name, key, state, more) in table {
        let answer = site.call(key, &format!("{}{more}", going_on(&state, ANSWER))).await;
        let expected = (-32602, "request_state_refused".to_owned());
        assert_eq!(refused(&answer), expected, "{name}: {}", answer.text());
    }
    site.clock.advance(Duration::from_secs(600));
    let late = site.call(own, &going_on(&state, ANSWER)).await;
    assert_eq!(refused(&late).0, -32602, "{}", late.text());
    for odd in [r#","requestState":7"#, r#","requestState":"s","inputResponses":[]"#] {
        assert_eq!(refused(&site.call(own, odd).await).0, -32602, "{odd}");
    }
    assert_eq!(site.calls().len(), made, "nothing was sent");
    let events = site.world.call(&site.admin, "GET", "/logs/trail?limit=100", None).await.text();
    assert!(events.contains("request_state_refused"), "and it is on record");
}

#[tokio::test]
async fn what_is_withdrawn_before_the_answer_is_refused_and_spends_nothing() {
    let site = Site::open().await;
    let admin = |method, path: &str, body| {
        let (site, path) = (&site, path.to_owned());
        async move {
            let answer = site.world.call(&site.admin, method, &path, body).await;
            assert!(answer.status.is_success(), "{path}: {}", answer.text());
            answer.json()
        }
    };
    let server = text(&admin("GET", "/integrations/mcp-servers", None).await["items"][0]["server_id"]);
    let tools = format!("/integrations/mcp-servers/{server}/tools");
    let tool = text(&admin("GET", &tools, None).await["items"][0]["tool_id"]);
    let freeze = || Some(json!({ "target": { "kind": "server", "id": server }, "reason": "looked at" }));
    let table = [
        (
            "/controls/killswitch/freeze".to_owned(),
            freeze(),
            "/controls/killswitch/unfreeze".to_owned(),
            freeze(),
        ),
        (format!("{tools}/{tool}/disable"), None, format!("{tools}/{tool}/enable"), None),
    ];
    let state = site.asked().await;
    for (withdraw, body, restore, again) in table {
        admin("POST", &withdraw, body).await;
        let refused = site.call(&site.keys[0], &going_on(&state, ANSWER)).await;
        assert!(refused.json()["error"].is_object(), "{withdraw}: {}", refused.text());
        admin("POST", &restore, again).await;
    }
    assert_eq!(site.calls().len(), 1, "nothing was sent");
    site.world.mcp.answer_call(Ok(reply(DONE)));
    let done = site.call(&site.keys[0], &going_on(&state, ANSWER)).await.json();
    assert_eq!(done["result"]["content"][0]["text"], "done", "{done}");
    let keys = admin("GET", "/api-keys", None).await;
    let one = keys["items"].as_array().unwrap().iter().find(|key| key["name"] == "one").unwrap();
    let state = site.asked().await;
    admin("POST", &format!("/api-keys/{}/revoke", text(&one["key_id"])), Some(json!({}))).await;
    assert_eq!(site.call(&site.keys[0], &going_on(&state, ANSWER)).await.status, 401);
}

#[tokio::test]
async fn a_state_is_good_once() {
    let site = Site::open().await;
    let state = site.asked().await;
    site.world.mcp.answer_call(Ok(reply(DONE)));
    let first = site.call(&site.keys[0], &going_on(&state, ANSWER)).await.json();
    assert_eq!(first["result"]["content"][0]["text"], "done", "{first}");
    let repeated = site.call(&site.keys[0], &going_on(&state, ANSWER)).await.json();
    assert_eq!(repeated, first, "a repeat is answered as the first");
    let other = site.call(&site.keys[0], &going_on(&state, r#"{"name":{"action":"decline"}}"#)).await;
    assert_eq!(refused(&other).0, -32602, "{}", other.text());
    assert_eq!(site.calls().len(), 2, "and nothing is sent again");
}

/// What the test above finds in a gate that claims nothing.
#[tokio::test]
async fn without_a_claim_a_state_would_be_good_for_ever() {
    let careless =
        |ports: Ports| Ports { ledger: Arc::new(TrustingLedger::of_claims(ports.ledger)), ..ports };
    let site = Site::wired(careless).await;
    let state = site.asked().await;
    for _ in 0..2 {
        site.world.mcp.answer_call(Ok(reply(DONE)));
        let done = site.call(&site.keys[0], &going_on(&state, ANSWER)).await.json();
        assert_eq!(done["result"]["content"][0]["text"], "done", "{done}");
    }
    assert_eq!(site.calls().len(), 3, "the server acts twice on one answer");
}

#[tokio::test]
async fn an_approval_covers_the_rounds_of_its_call_and_no_other() {
    let site = Site::open().await;
    let admin = |method, path: String, body| {
        let site = &site;
        async move { site.world.call(&site.admin, method, &path, body).await.json() }
    };
    let servers = admin("GET", "/integrations/mcp-servers".to_owned(), None).await;
    let tools = format!("/integrations/mcp-servers/{}/tools", text(&servers["items"][0]["server_id"]));
    let tool = text(&admin("GET", tools.clone(), None).await["items"][0]["tool_id"]);
    let mark = json!({ "approval": "required" });
    admin("PUT", format!("{tools}/{tool}/approval"), Some(mark)).await;
    let wait = || async {
        let told = site.call(&site.keys[0], "").await.json();
        assert!(told.to_string().contains("approval_required"), "{told}");
        let pending = admin("GET", "/integrations/approvals?status=pending".to_owned(), None).await;
        text(&pending["items"][0]["approval_id"])
    };
    let approval = wait().await;
    let reason = Some(json!({ "reason": "looked at it" }));
    admin("POST", format!("/integrations/approvals/{approval}/grant"), reason.clone()).await;
    let state = site.asked().await;
    site.world.mcp.answer_call(Ok(reply(&asking(""))));
    let second = site.call(&site.keys[0], &going_on(&state, ANSWER)).await.json();
    let state = text(&second["result"]["requestState"]);
    // The same call anew asks anew, and takes nothing from the one that runs.
    let next = wait().await;
    site.world.mcp.answer_call(Ok(reply(DONE)));
    let done = site.call(&site.keys[0], &going_on(&state, ANSWER)).await.json();
    assert_eq!(done["result"]["content"][0]["text"], "done", "{done}");
    let made = admin("GET", "/integrations/mcp-invocations?limit=3&outcome=success".to_owned(), None).await;
    for call in made["items"].as_array().unwrap() {
        assert_eq!(call["approval_id"], approval, "each record names it");
    }

    // Another call needs another; and under other policies a round is covered no more.
    assert_ne!(next, approval);
    admin("POST", format!("/integrations/approvals/{next}/grant"), reason).await;
    let state = site.asked().await;
    let policy = json!({ "name": "more", "text": "permit(principal, action, resource);" });
    admin("PUT", "/policies".to_owned(), Some(policy)).await;
    let calls = site.calls().len();
    let told = site.call(&site.keys[0], &going_on(&state, ANSWER)).await.json();
    assert!(told.to_string().contains("approval_required"), "{told}");
    assert_eq!(site.calls().len(), calls, "nothing was sent");
}

#[tokio::test]
async fn nobody_is_asked_who_does_not_say_that_they_can_be() {
    let site = Site::open().await;
    let sampling = r#"{"resultType":"input_required","inputRequests":{"it":{"method":"sampling/createMessage","params":{"messages":[]}}}}"#;
    site.world.mcp.answer_call(Ok(reply(sampling)));
    let told = site.call(&site.keys[0], "").await.json();
    assert_eq!(told["result"]["isError"], true, "{told}");
    assert!(told["result"]["content"][0]["text"].as_str().unwrap().starts_with("input_refused"), "{told}");
    for (capabilities, expected) in [
        ("{}", vec![]),
        (r#"{"roots":{"listChanged":true},"extensions":{"a/b":{}}}"#, vec![InputKind::Roots]),
        (r#"{"elicitation":{"url":{}}}"#, vec![InputKind::UrlElicitation]),
    ] {
        site.world.mcp.answer_call(Ok(reply(DONE)));
        site.world.send(message(&site.keys[0], capabilities, "")).await;
        assert_eq!(site.calls().last().unwrap().input.accepts, expected, "{capabilities}");
    }
}

#[tokio::test]
async fn a_server_that_needs_more_of_the_client_is_told_by_the_protocols_code() {
    let site = Site::open().await;
    site.world.mcp.answer_call(Err(McpFailure::new(codes::SAMPLING_REQUIRED, "needs sampling", false)));
    let answer = site.call(&site.keys[0], "").await;
    assert_eq!((answer.status.as_u16(), refused(&answer).0), (400, -32021), "{}", answer.text());
    let data = &answer.json()["error"]["data"];
    assert_eq!(data["requiredCapabilities"], json!({ "sampling": {} }));
    assert!(matches!(&data["invocation_id"], Value::String(id) if id.starts_with("inv_")), "{data}");
}

#[tokio::test]
async fn a_server_asks_for_what_an_admin_has_named_alone() {
    let site = Site::open().await;
    let roots_too = r#"{"elicitation":{},"roots":{}}"#;
    let both = [InputKind::Elicitation, InputKind::Roots];
    for (named, expected) in [(&both[1..], &both[1..]), (&[InputKind::Sampling], &[]), (&[], &[])] {
        site.let_ask(named).await;
        site.world.mcp.answer_call(Ok(reply(&asking(""))));
        let told = site.world.send(message(&site.keys[0], roots_too, "")).await.json();
        assert_eq!(site.calls().last().unwrap().input.accepts, expected, "{named:?}");
        assert!(
            told["result"]["content"][0]["text"].as_str().unwrap().starts_with("input_refused"),
            "{told}"
        );
    }
    // And what it may ask it may not go on with, once that is taken back.
    site.let_ask(&both).await;
    let state = site.asked().await;
    site.let_ask(&[]).await;
    let calls = site.calls().len();
    let answer = site.call(&site.keys[0], &going_on(&state, ANSWER)).await;
    assert_eq!(refused(&answer), (-32602, "request_state_refused".to_owned()), "{}", answer.text());
    assert_eq!(site.calls().len(), calls);
    let servers = site.world.call(&site.admin, "GET", "/integrations/mcp-servers", None).await.json();
    let path = format!("/integrations/mcp-servers/{}", text(&servers["items"][0]["server_id"]));
    for bad in [json!(["roots", "roots"]), json!(["sampling_tools"]), json!(["all"])] {
        let refused = site.world.call(&site.admin, "PATCH", &path, Some(json!({ "agent_input": bad }))).await;
        assert_eq!(refused.status, 400, "{bad}: {}", refused.text());
    }
}
