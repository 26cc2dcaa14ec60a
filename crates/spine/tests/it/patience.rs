//! Authorization servers that do not answer: nobody waits for them longer than their caller does, nothing is sent for who
//! has left, and what became of it is on record.

use std::sync::Arc;
use std::time::Duration;

use portcullis_schemas::context::CallContext;
use portcullis_schemas::integrations::credentials::operations::{SetCredentialGrants, StoreCredential};
use portcullis_schemas::integrations::mcp::invocation::{InvocationOutcome, McpToolInvocation};
use portcullis_schemas::integrations::mcp::operations::{
    DiscoverMcpTools, GetMcpInvocations, InvokeMcpTool, UpdateMcpServer,
};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::principal::Scope;
use portcullis_schemas::{Error, ErrorKind, codes};
use portcullis_testkit::fakes::{ScriptedEgress, ScriptedResponse};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::connections::Bank;
use crate::halting::Halting;
use crate::house::{House, call_of, reply};
use crate::tokens::{Realm, token};

/// As long as an impatient caller waits.
const SOON: Option<Duration> = Some(Duration::from_millis(20));

/// A house with a tool whose server is asked with a token of the gate's own, for which a server is asked that halts.
struct Office {
    house: House,
    egress: Arc<ScriptedEgress>,
    halting: Arc<Halting>,
    tool: McpTool,
}

impl Office {
    async fn open() -> Self {
        let egress = Arc::new(ScriptedEgress::allowing(&["https://mcp.example", "https://as.example"]));
        let halting = Halting::before("/token", egress.clone());
        let way_out = halting.clone();
        let house = House::with(|ports| ports.egress = way_out).await;
        let tool = house.approved_tool("get_it").await;
        let secret = json!({ "name": "client", "credential_type": "custom", "secret": "client secret" });
        let stored = house.admin::<StoreCredential>(secret).await.unwrap();
        let grants =
            json!({ "credential_id": stored.credential_id, "grants": [{ "mcp_server": tool.server_id }] });
        house.admin::<SetCredentialGrants>(grants).await.unwrap();
        let body = json!({
            "server_id": tool.server_id, "auth_type": "oauth_client_credentials",
            "credential_ref": stored.reference,
            "oauth": { "token_endpoint": "https://as.example/token", "client_id": "gate" },
        });
        house.admin::<UpdateMcpServer>(body).await.unwrap();
        Self { house, egress, halting, tool }
    }

    fn start(&self, deadline: Option<Duration>) -> JoinHandle<Result<(), Error>> {
        let ctx = CallContext { deadline, ..self.house.caller(Scope::Invoke) };
        start(&self.house, ctx, call_of(&self.tool, json!({})))
    }
}

fn start(house: &House, ctx: CallContext, request: InvokeMcpTool) -> JoinHandle<Result<(), Error>> {
    let spine = house.spine.clone();
    tokio::spawn(async move { spine.run(ctx, request).await.map(drop) })
}

/// The calls that are on record, once no intent is open any more.
async fn settled(house: &House) -> Vec<McpToolInvocation> {
    let late = house.spine.ports().clock.now().plus(Duration::from_secs(3600));
    while !house.ledger().abandoned(late, 10).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    house.admin::<GetMcpInvocations>(json!({})).await.unwrap().items
}

/// That a call has ended without anything sent to its server.
fn is_unsent(recorded: &McpToolInvocation) -> bool {
    recorded.outcome == InvocationOutcome::Failure && recorded.started_at.is_none()
}

#[tokio::test]
async fn a_token_that_does_not_come_is_waited_for_no_longer_than_the_caller_waits() {
    let office = Office::open().await;
    let sent = office.house.client.exchanges().len();
    let error = office.start(SOON).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Timeout, codes::DEADLINE_EXCEEDED));
    assert!(error.public().contains("was asked nothing"), "{}", error.public());
    let recorded = settled(&office.house).await;
    assert_eq!(recorded[0].error_code.as_deref(), Some("deadline_exceeded"));
    assert!(is_unsent(&recorded[0]), "{recorded:?}");
    // Nor longer by who has the list read.
    let ctx = CallContext { deadline: SOON, ..office.house.caller(Scope::Admin) };
    let body = json!({ "server_id": office.tool.server_id });
    let request = serde_json::from_value::<DiscoverMcpTools>(body).unwrap();
    let error = office.house.spine.run(ctx, request).await.unwrap_err();
    assert_eq!(error.code(), codes::DEADLINE_EXCEEDED);
    settled(&office.house).await;
    assert_eq!(office.house.client.exchanges().len(), sent);
    office.halting.go.notify_one();
    tokio::task::yield_now().await;
    assert_eq!(office.egress.requests().len(), 0, "no secret is sent for those who have left");
}

#[tokio::test]
async fn who_leaves_does_not_take_the_answer_along() {
    let office = Office::open().await;
    let (impatient, patient) = (office.start(SOON), office.start(None));
    assert_eq!(impatient.await.unwrap().unwrap_err().code(), codes::DEADLINE_EXCEEDED);
    let body = json!({ "access_token": "one", "token_type": "Bearer", "expires_in": 300 });
    office.egress.answer(ScriptedResponse::json(200, &body));
    office.house.client.answer_call(Ok(reply()));
    office.halting.go.notify_one();
    patient.await.unwrap().unwrap();
    assert_eq!(office.egress.requests().len(), 1);
}

#[tokio::test]
async fn one_refusal_is_that_of_all_who_waited_for_it() {
    let office = Office::open().await;
    let calls = [office.start(None), office.start(None), office.start(None)];
    office.halting.reached.notified().await;
    while office
        .house
        .ledger()
        .abandoned(office.house.spine.ports().clock.now().plus(Duration::from_secs(3600)), 10)
        .await
        .unwrap()
        .len()
        < 3
    {
        tokio::task::yield_now().await;
    }
    office.egress.answer(ScriptedResponse::json(401, &json!({ "error": "invalid_client" })));
    office.halting.go.notify_one();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().code(), codes::UPSTREAM_TOKEN_REFUSED);
    }
    assert_eq!(office.egress.requests().len(), 1, "one wrong log-in, not three");
    // Who comes later asks anew.
    office.egress.answer(ScriptedResponse::json(503, &json!({})));
    office.halting.go.notify_one();
    let later = office.start(None).await.unwrap().unwrap_err();
    assert_eq!((later.code(), office.egress.requests().len()), (codes::UPSTREAM_TOKEN_UNAVAILABLE, 2));
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_token() {
    let office = Office::open().await;
    let call = office.start(None);
    office.halting.reached.notified().await;
    assert!(office.house.spine.drain(Duration::ZERO).await, "its outcome is recorded");
    let error = call.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, codes::CANCELLED));
    let ports = office.house.spine.ports();
    let late = ports.clock.now().plus(Duration::from_secs(3600));
    assert_eq!(office.house.ledger().abandoned(late, 10).await.unwrap(), [], "nothing is left to be unknown");
    let mut work = ports.store.read().await.unwrap();
    let trail = work.audit_log().texts(&office.house.tenant, 1, u16::MAX).await.unwrap();
    assert!(trail.last().unwrap().contains("\"event_type\":\"tool_invocation.failed\""));
}

#[tokio::test]
async fn no_token_of_a_caller_is_sent_after_they_have_left() {
    let (realm, halting) = Realm::halting(&["invoke", "admin"]).await;
    let server = realm.exchanging().await;
    realm.answer_keys(&[("one", 1)]);
    let text = token("one", 1, &realm.claims(json!({ "scope": "invoke admin" }))).await;
    let alice = realm.caller(&text).await;
    realm.answer_exchange("for-alice");
    halting.go.notify_one();
    let tool = realm.tool(&server, &alice).await;
    realm.house.clock.advance(Duration::from_secs(50));
    let asked = realm.egress.requests().len();
    let hurried = CallContext { deadline: SOON, ..alice };
    let call = start(&realm.house, hurried, call_of(&tool, json!({})));
    assert_eq!(call.await.unwrap().unwrap_err().code(), codes::DEADLINE_EXCEEDED);
    halting.go.notify_one();
    tokio::task::yield_now().await;
    assert_eq!(realm.egress.requests().len(), asked);
}

#[tokio::test]
async fn a_refresh_token_that_was_spent_is_replaced_though_its_caller_has_left() {
    let (bank, halting) = Bank::halting().await;
    halting.go.notify_one();
    bank.connect(0, "first").await;
    let tool = bank.tool().await;
    halting.reached.notified().await;
    bank.house.clock.advance(Duration::from_secs(280));
    let hurried = CallContext { deadline: SOON, ..bank.callers[0].clone() };
    let error = start(&bank.house, hurried, call_of(&tool, json!({}))).await.unwrap().unwrap_err();
    assert_eq!(error.code(), codes::DEADLINE_EXCEEDED);
    let version = async || {
        let mut work = bank.house.spine.ports().store.read().await.unwrap();
        let (server, key) = (bank.server.parse().unwrap(), bank.callers[0].principal.key());
        let stored = work.connections().get(&bank.house.tenant, &server, key).await.unwrap();
        stored.unwrap().connection.version
    };
    let before = version().await;
    bank.answer("second", Some("second-refresh"));
    let (is_drained, ()) = tokio::join!(bank.house.spine.drain(Duration::ZERO), async {
        tokio::task::yield_now().await;
        halting.go.notify_one();
    });
    assert!(is_drained, "the process does not end between the answer and the store");
    assert_eq!(version().await, before + 1);
}
