//! Accounts of callers at an upstream: who may complete an attempt, whose tokens are used, and when they are renewed.

use std::sync::Arc;
use std::time::Duration;

use portcullis_schemas::api_keys::operations::CreateApiKey;
use portcullis_schemas::codes;
use portcullis_schemas::context::CallContext;
use portcullis_schemas::controls::operations::ThrowKillSwitch;
use portcullis_schemas::egress::Egress;
use portcullis_schemas::ids::RequestId;
use portcullis_schemas::incidents::operations::ListIncidents;
use portcullis_schemas::integrations::approvals::operations::{GrantApproval, ListApprovals};
use portcullis_schemas::integrations::connections::operations::{
    BeginConnection, CompleteConnection, GetConnection, RemoveConnection,
};
use portcullis_schemas::integrations::credentials::operations::{SetCredentialGrants, StoreCredential};
use portcullis_schemas::integrations::mcp::operations::{
    ApproveMcpTool, DiscoverMcpTools, ListMcpTools, RegisterMcpServer, SetMcpToolApproval, UpdateMcpServer,
};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::integrations::mcp::wire::{McpFailure, McpTarget};
use portcullis_schemas::text::IdempotencyKey;
use portcullis_schemas::{Error, ErrorKind};
use portcullis_testkit::fakes::{ScriptedEgress, ScriptedResponse};
use serde_json::{Value, json};

use crate::halting::Halting;
use crate::house::{House, call_of, catalogue, definition, reply};

/// A house with one server where callers have accounts, and two callers.
pub(crate) struct Bank {
    pub(crate) house: House,
    egress: Arc<ScriptedEgress>,
    pub(crate) server: String,
    pub(crate) callers: [CallContext; 2],
}

impl Bank {
    async fn open() -> Self {
        let egress = Arc::new(ScriptedEgress::allowing(&["https://mcp.example", "https://as.example"]));
        Self::with(egress.clone(), egress).await
    }

    /// A bank whose token endpoint is asked once what halts is let go.
    pub(crate) async fn halting() -> (Self, Arc<Halting>) {
        let inner = Arc::new(ScriptedEgress::allowing(&["https://mcp.example", "https://as.example"]));
        let halting = Halting::before("/token", inner.clone());
        (Self::with(inner, halting.clone()).await, halting)
    }

    async fn with(egress: Arc<ScriptedEgress>, way_out: Arc<dyn Egress>) -> Self {
        let house = House::with(|ports| ports.egress = way_out).await;
        let secret = json!({ "name": "client", "credential_type": "custom", "secret": "client secret" });
        let secret = serde_json::from_value::<StoreCredential>(secret).unwrap();
        let admin = house.caller(portcullis_schemas::principal::Scope::Admin);
        let stored = house.spine.run(admin, secret).await.unwrap();
        let body = json!({
            "name": "bank", "url": "https://mcp.example/bank", "auth_type": "oauth_authorization_code",
            "credential_ref": stored.reference, "auto_discover": false,
            "oauth": {
                "token_endpoint": "https://as.example/token", "client_id": "gate", "scope": "pay",
                "authorization_endpoint": "https://as.example/authorize", "issuer": "https://as.example",
                "redirect_uri": "https://gw.example/back", "names_issuer": true,
            },
        });
        let server = house.admin::<RegisterMcpServer>(body).await.unwrap().server.server_id.to_string();
        let grants = json!({ "credential_id": stored.credential_id, "grants": [{ "mcp_server": server }] });
        house.admin::<SetCredentialGrants>(grants).await.unwrap();
        let callers = [caller(&house, "alice").await, caller(&house, "bob").await];
        Self { house, egress, server, callers }
    }

    /// The state of a new attempt.
    async fn begin(&self, caller: usize) -> String {
        let request = serde_json::from_value::<BeginConnection>(json!({ "server_id": self.server })).unwrap();
        let begun = self.house.spine.run(self.callers[caller].clone(), request).await.unwrap();
        let query = begun.authorization_url.split_once("&state=").unwrap().1;
        query.split_once('&').unwrap().0.to_owned()
    }

    async fn complete(&self, caller: usize, members: Value) -> Result<(), Error> {
        let mut request = json!({ "code": "code", "iss": "https://as.example" });
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let request = serde_json::from_value::<CompleteConnection>(request).unwrap();
        self.house.spine.run(self.callers[caller].clone(), request).await.map(drop)
    }

    pub(crate) fn answer(&self, token: &str, refresh: Option<&str>) {
        self.answer_for(token, refresh, 300);
    }

    fn answer_for(&self, token: &str, refresh: Option<&str>, seconds: u32) {
        let body = json!({
            "access_token": token, "refresh_token": refresh, "token_type": "Bearer", "expires_in": seconds, "scope": "pay",
        });
        self.egress.answer(ScriptedResponse::json(200, &body));
    }

    pub(crate) async fn connect(&self, caller: usize, token: &str) {
        let state = self.begin(caller).await;
        self.answer(token, Some(&format!("{token}-refresh")));
        self.complete(caller, json!({ "state": state })).await.unwrap();
    }

    /// The server's tool, found with the account of the caller who is an admin too.
    pub(crate) async fn tool(&self) -> McpTool {
        self.house.client.answer_discover(Ok(catalogue(&[definition("pay", "pays")])));
        let of_server = json!({ "server_id": self.server });
        let request = serde_json::from_value::<DiscoverMcpTools>(of_server.clone()).unwrap();
        self.house.spine.run(self.callers[0].clone(), request).await.unwrap();
        let tool = self.house.admin::<ListMcpTools>(of_server).await.unwrap().items.remove(0);
        let approval = json!({
            "server_id": self.server, "tool_id": tool.tool_id, "definition_hash": tool.definition_hash,
        });
        self.house.admin::<ApproveMcpTool>(approval).await.unwrap()
    }

    async fn call(&self, caller: usize, tool: &McpTool) -> Result<(), Error> {
        self.house.client.answer_call(Ok(reply()));
        self.house.spine.run(self.callers[caller].clone(), call_of(tool, json!({ "q": "x" }))).await.map(drop)
    }

    /// What the last exchange with a token endpoint asked.
    fn asked(&self) -> String {
        let (_, request) = self.egress.requests().pop().unwrap();
        String::from_utf8(request.body.to_vec()).unwrap()
    }
}

async fn caller(house: &House, name: &str) -> CallContext {
    let key = json!({ "name": name, "scopes": ["invoke", "admin"] });
    let key = house.admin::<CreateApiKey>(key).await.unwrap();
    let principal = house.spine.authenticate(&key.secret.0).await.unwrap();
    CallContext::new(principal, RequestId::generate(house.ids()))
}

#[tokio::test]
async fn each_caller_acts_with_their_own_account() {
    let bank = Bank::open().await;
    bank.connect(0, "alices").await;
    assert!(
        bank.asked().contains("grant_type=authorization_code&code=code&code_verifier="),
        "{}",
        bank.asked()
    );
    let tool = bank.tool().await;
    bank.call(0, &tool).await.unwrap();
    let error = bank.call(1, &tool).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, codes::CONNECTION_REQUIRED));
    assert!(error.public().contains("POST /integrations/connections"), "{}", error.public());
    bank.connect(1, "bobs").await;
    bank.call(1, &tool).await.unwrap();
    let sent: Vec<_> = bank.house.client.exchanges().into_iter().map(|sent| sent.target).collect();
    assert_ne!(sent[1].identity, sent[2].identity, "no two callers share a session");
    let token = |target: &McpTarget| target.auth.as_ref().unwrap().value.expose().to_owned();
    let tokens: Vec<_> = sent.iter().map(token).collect();
    assert_eq!(tokens, ["Bearer alices", "Bearer alices", "Bearer bobs"]);
}

#[tokio::test]
async fn an_attempt_is_completed_once_and_by_the_key_that_began_it() {
    let bank = Bank::open().await;
    let state = bank.begin(0).await;
    let refused = |outcome: Result<(), Error>, field: &str| {
        assert_eq!(outcome.unwrap_err().field(), Some(field));
    };
    refused(bank.complete(1, json!({ "state": state })).await, "state");
    refused(bank.complete(0, json!({ "state": format!("{state}x") })).await, "state");
    refused(bank.complete(0, json!({ "state": "nonsense" })).await, "state");
    assert_eq!(bank.egress.requests().len(), 0, "nothing was sent for any of them");
    refused(bank.complete(0, json!({ "state": state, "iss": "https://evil.example" })).await, "iss");
    let story = bank.house.story_of(&bank.server).await;
    let ended = story.iter().filter(|event| event.as_str() == "connection.refused").count();
    assert_eq!(ended, 1, "an answer of another issuer ends the attempt, and is on record: {story:?}");
    assert_eq!(bank.egress.requests().len(), 0);
    refused(bank.complete(0, json!({ "state": state })).await, "state");
    let late = bank.begin(0).await;
    bank.house.clock.advance(Duration::from_secs(600));
    refused(bank.complete(0, json!({ "state": late })).await, "state");
    let first = bank.begin(0).await;
    let second = bank.begin(0).await;
    refused(bank.complete(0, json!({ "state": first })).await, "state");
    bank.answer("alices", None);
    bank.complete(0, json!({ "state": second })).await.unwrap();
    refused(bank.complete(0, json!({ "state": second })).await, "state");
}

#[tokio::test]
async fn who_connects_an_account_sends_the_same_call_again() {
    let bank = Bank::open().await;
    bank.connect(0, "alices").await;
    let tool = bank.tool().await;
    let call = || {
        let ctx =
            CallContext { idempotency_key: IdempotencyKey::new("once").ok(), ..bank.callers[1].clone() };
        bank.house.spine.run(ctx, call_of(&tool, json!({ "q": "x" })))
    };
    for _ in 0..2 {
        assert_eq!(call().await.unwrap_err().code(), codes::CONNECTION_REQUIRED);
    }
    bank.connect(1, "bobs").await;
    bank.house.client.answer_call(Ok(reply()));
    let first = call().await.unwrap();
    assert_eq!(call().await.unwrap().invocation_id, first.invocation_id, "now the key is used up");
}

/// Whoever has no account is told so before anybody is asked, and a grant is not used up by what was not sent.
#[tokio::test(start_paused = true)]
async fn a_person_approves_no_call_in_vain() {
    let bank = Bank::open().await;
    bank.connect(0, "alices").await;
    let tool = bank.tool().await;
    let of_tool = json!({ "server_id": bank.server, "tool_id": tool.tool_id, "approval": "required" });
    bank.house.admin::<SetMcpToolApproval>(of_tool).await.unwrap();
    let waiting =
        async || bank.house.admin::<ListApprovals>(json!({ "status": "pending" })).await.unwrap().items;
    assert_eq!(bank.call(1, &tool).await.unwrap_err().code(), codes::CONNECTION_REQUIRED);
    assert_eq!(waiting().await.len(), 0, "nobody is asked about a call without an account");
    bank.connect(1, "bobs").await;
    assert_eq!(bank.call(1, &tool).await.unwrap_err().code(), codes::APPROVAL_REQUIRED);
    let approval = waiting().await.remove(0).approval_id;
    let grant = json!({ "approval_id": approval, "reason": "paid for" });
    bank.house.admin::<GrantApproval>(grant).await.unwrap();
    bank.house.clock.advance(Duration::from_secs(600));
    bank.egress.answer(ScriptedResponse::json(400, &json!({ "error": "invalid_grant" })));
    assert_eq!(bank.call(1, &tool).await.unwrap_err().code(), codes::CONNECTION_REQUIRED);
    bank.connect(1, "bobs-again").await;
    bank.call(1, &tool).await.unwrap();
    assert_eq!(bank.call(1, &tool).await.unwrap_err().code(), codes::APPROVAL_REQUIRED, "it was good once");
}

#[tokio::test(start_paused = true)]
async fn tokens_are_renewed_before_they_end_and_by_one_call() {
    let bank = Bank::open().await;
    bank.connect(0, "first").await;
    let tool = bank.tool().await;
    let asked = bank.egress.requests().len();
    bank.house.clock.advance(Duration::from_secs(280));
    bank.answer("second", None);
    let (a, b) = tokio::join!(bank.call(0, &tool), bank.call(0, &tool));
    a.unwrap();
    b.unwrap();
    assert_eq!(bank.egress.requests().len(), asked + 1, "one renews, the other waits");
    assert!(
        bank.asked().contains("grant_type=refresh_token&refresh_token=first-refresh"),
        "{}",
        bank.asked()
    );
    // The refresh token stays where there is no new one. Once it is refused, the account is to be connected anew.
    bank.house.clock.advance(Duration::from_secs(600));
    bank.egress.answer(ScriptedResponse::json(400, &json!({ "error": "invalid_grant" })));
    let required = bank.call(0, &tool).await.unwrap_err();
    assert_eq!(required.code(), codes::CONNECTION_REQUIRED);
    assert_eq!(required.page(), Some(format!("/connections/{}", bank.server).as_str()));
    let incidents = bank.house.admin::<ListIncidents>(json!({})).await.unwrap().items;
    assert_eq!(incidents.len(), 0, "an account that is not connected is nothing to look at");
    assert!(bank.asked().contains("refresh_token=first-refresh"));
    bank.egress.answer(ScriptedResponse::json(503, &json!({})));
    assert_eq!(bank.call(0, &tool).await.unwrap_err().code(), codes::UPSTREAM_TOKEN_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn tokens_of_a_short_life_are_renewed_in_its_last_fifth() {
    let bank = Bank::open().await;
    let state = bank.begin(0).await;
    bank.answer_for("first", Some("refresh"), 25);
    bank.complete(0, json!({ "state": state })).await.unwrap();
    let tool = bank.tool().await;
    let asked = bank.egress.requests().len();
    bank.house.clock.advance(Duration::from_secs(19));
    bank.call(0, &tool).await.unwrap();
    assert_eq!(bank.egress.requests().len(), asked, "good for six seconds more");
    bank.house.clock.advance(Duration::from_secs(1));
    bank.answer_for("second", None, 25);
    bank.call(0, &tool).await.unwrap();
    bank.call(0, &tool).await.unwrap();
    assert_eq!(bank.egress.requests().len(), asked + 1, "once renewed, it is used");
}

#[tokio::test]
async fn who_is_overtaken_uses_what_the_other_has_stored() {
    let (bank, halting) = Bank::halting().await;
    halting.go.notify_one();
    bank.connect(0, "first").await;
    halting.reached.notified().await;
    let tool = bank.tool().await;
    bank.house.clock.advance(Duration::from_secs(600));
    let stored = tokio::sync::Notify::new();
    let other = async {
        bank.connect(0, "second").await;
        stored.notify_one();
    };
    let overtaken = async {
        halting.reached.notified().await;
        let mut call = std::pin::pin!(bank.call(0, &tool));
        tokio::select! {
            _ = &mut call => panic!("it is renewed first"),
            () = halting.reached.notified() => {}
        }
        // The other goes first, and this one's refresh token is worth nothing afterwards.
        bank.egress.answer(ScriptedResponse::json(400, &json!({ "error": "invalid_grant" })));
        halting.go.notify_one();
        stored.notified().await;
        halting.go.notify_one();
        call.await.unwrap();
    };
    tokio::join!(other, overtaken);
    let sent = bank.house.client.exchanges().pop().unwrap().target;
    assert_eq!(sent.auth.unwrap().value.expose(), "Bearer second");
}

#[tokio::test]
async fn a_token_that_the_server_does_not_know_is_renewed_before_its_time() {
    let bank = Bank::open().await;
    bank.connect(0, "first").await;
    let tool = bank.tool().await;
    let unknown = McpFailure::new(codes::UPSTREAM_UNAUTHORIZED, "http status 401", false);
    let refuse = |failure: McpFailure| {
        bank.house.client.answer_call(Err(failure));
        bank.house.spine.run(bank.callers[0].clone(), call_of(&tool, json!({ "q": "x" })))
    };
    refuse(McpFailure { is_unauthenticated: true, ..unknown }).await.unwrap_err();
    bank.answer("second", None);
    bank.call(0, &tool).await.unwrap();
    assert!(
        bank.asked().contains("grant_type=refresh_token&refresh_token=first-refresh"),
        "{}",
        bank.asked()
    );
    let sent = bank.house.client.exchanges().pop().unwrap().target;
    assert_eq!(sent.auth.unwrap().value.expose(), "Bearer second");
}

#[tokio::test]
async fn what_is_removed_or_frozen_is_not_used() {
    let bank = Bank::open().await;
    bank.connect(0, "alices").await;
    let of_server = json!({ "server_id": bank.server });
    let get = || serde_json::from_value::<GetConnection>(of_server.clone()).unwrap();
    let run = |caller: usize| bank.house.spine.run(bank.callers[caller].clone(), get());
    assert!(run(0).await.unwrap().is_connected);
    assert!(run(1).await.unwrap().connection.is_none());
    let state = bank.begin(0).await;
    let freeze = json!({ "target": { "kind": "server", "id": bank.server }, "reason": "a test" });
    bank.house.admin::<ThrowKillSwitch>(freeze).await.unwrap();
    let frozen = bank.complete(0, json!({ "state": state })).await.unwrap_err();
    assert_eq!(frozen.code(), codes::FROZEN);
    let key = bank.callers[0].principal.key();
    bank.house.admin::<RemoveConnection>(json!({ "server_id": bank.server, "key_id": key })).await.unwrap();
    assert!(!run(0).await.unwrap().is_connected);
    let story = bank.house.story_of(&bank.server).await;
    let wanted = ["connection.begun", "credential.accessed", "connection.made", "connection.removed"];
    let told: Vec<_> = story.iter().filter(|event| wanted.contains(&event.as_str())).collect();
    assert_eq!(
        told,
        [
            "connection.begun",
            "credential.accessed",
            "connection.made",
            "connection.begun",
            "connection.removed"
        ]
    );
}

/// What is forgotten of a server ends what other callers have under way there.
#[tokio::test]
async fn only_an_account_that_was_there_is_forgotten_at_its_server() {
    let bank = Bank::open().await;
    let key = bank.callers[0].principal.key();
    let remove = json!({ "server_id": bank.server, "key_id": key });
    let before = bank.house.client.forgotten().len();
    bank.begin(0).await;
    bank.house.admin::<RemoveConnection>(remove.clone()).await.unwrap();
    bank.connect(0, "alices").await;
    assert_eq!(bank.house.client.forgotten().len(), before, "there was no account before");
    bank.connect(0, "alices-other").await;
    assert_eq!(bank.house.client.forgotten().len(), before + 1, "it is replaced");
    bank.house.admin::<RemoveConnection>(remove).await.unwrap();
    assert_eq!(bank.house.client.forgotten().len(), before + 2, "it is removed");
}

/// An account that is connected by the first caller while something is done, before the code is exchanged: what became of
/// it, and whether the caller is connected afterwards.
async fn connected_while(done: impl AsyncFnOnce(&Bank)) -> (Error, bool) {
    let (bank, halting) = Bank::halting().await;
    let state = bank.begin(0).await;
    bank.answer("alices", None);
    let (completed, ()) = tokio::join!(bank.complete(0, json!({ "state": state })), async {
        halting.reached.notified().await;
        done(&bank).await;
        halting.go.notify_one();
    });
    let story = bank.house.story_of(&bank.server).await;
    assert!(!story.iter().any(|event| event == "connection.made"), "{story:?}");
    let request = serde_json::from_value::<GetConnection>(json!({ "server_id": bank.server })).unwrap();
    let own = bank.house.spine.run(bank.callers[0].clone(), request).await.unwrap();
    (completed.unwrap_err(), own.is_connected)
}

#[tokio::test]
async fn what_was_removed_meanwhile_does_not_come_back() {
    let remove = async |bank: &Bank| {
        let key = bank.callers[0].principal.key();
        let removal = json!({ "server_id": bank.server, "key_id": key });
        bank.house.admin::<RemoveConnection>(removal).await.unwrap();
    };
    // Else it would be the first row of a connection that nobody has.
    let (error, is_connected) = connected_while(async |bank| remove(bank).await).await;
    assert_eq!(
        (error.kind(), error.code(), is_connected),
        (ErrorKind::Conflict, codes::STATE_CONFLICT, false)
    );
    let begun_anew = connected_while(async |bank| {
        remove(bank).await;
        bank.begin(0).await;
    });
    let (error, is_connected) = begun_anew.await;
    assert_eq!((error.code(), is_connected), (codes::STATE_CONFLICT, false));
}

#[tokio::test]
async fn an_account_is_not_connected_to_what_was_frozen_or_changed_meanwhile() {
    let (error, is_connected) = connected_while(async |bank| {
        let freeze = json!({ "target": { "kind": "server", "id": bank.server }, "reason": "now" });
        bank.house.admin::<ThrowKillSwitch>(freeze).await.unwrap();
    })
    .await;
    assert_eq!((error.code(), is_connected), (codes::FROZEN, false));
    let (error, is_connected) = connected_while(async |bank| {
        let moved = json!({ "server_id": bank.server, "url": "https://mcp.example/elsewhere" });
        bank.house.admin::<UpdateMcpServer>(moved).await.unwrap();
    })
    .await;
    assert_eq!((error.code(), is_connected), (codes::STATE_CONFLICT, false), "its tokens would be refused");
}

#[tokio::test]
async fn a_code_is_exchanged_on_record_alone_and_so_is_what_came_of_it() {
    let bank = Bank::open().await;
    let state = bank.begin(0).await;
    bank.house.ledger.fail_record(true);
    let unrecorded = bank.complete(0, json!({ "state": state })).await.unwrap_err();
    assert_eq!(unrecorded.code(), codes::AUDIT_UNAVAILABLE);
    assert_eq!(bank.egress.requests().len(), 0, "no record, no request");
    bank.house.ledger.fail_record(false);

    let state = bank.begin(0).await;
    let refusal = json!({ "error": "invalid_grant" });
    bank.egress.answer(ScriptedResponse::json(400, &refusal));
    let refused = bank.complete(0, json!({ "state": state })).await.unwrap_err();
    assert_eq!(refused.code(), codes::UPSTREAM_TOKEN_REFUSED);
    let story = bank.house.story_of(&bank.server).await;
    let expected = ["mcp_exchange.started", "credential.accessed", "mcp_exchange.failed"];
    assert!(story.ends_with(&expected.map(str::to_owned)), "{story:?}");

    let state = bank.begin(0).await;
    bank.answer("alices", None);
    bank.house.ledger.fail_settle(true);
    let withheld = bank.complete(0, json!({ "state": state })).await.unwrap_err();
    assert_eq!(withheld.code(), codes::OUTCOME_UNRECORDED);
    let request = serde_json::from_value::<GetConnection>(json!({ "server_id": bank.server })).unwrap();
    let own = bank.house.spine.run(bank.callers[0].clone(), request).await.unwrap();
    assert!(!own.is_connected, "no recorded outcome, no account");
}
