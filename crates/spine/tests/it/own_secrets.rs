//! Secrets of callers' own at an upstream: who may give one, whose is sent, and when it is not.

use portcullis_schemas::api_keys::operations::{CreateApiKey, RevokeApiKey};
use portcullis_schemas::codes;
use portcullis_schemas::context::CallContext;
use portcullis_schemas::ids::RequestId;
use portcullis_schemas::incidents::operations::ListIncidents;
use portcullis_schemas::integrations::connections::ConnectionWay;
use portcullis_schemas::integrations::connections::operations::{
    BeginConnection, ConnectWithSecret, GetConnection, OwnConnection, RemoveConnection,
};
use portcullis_schemas::integrations::credentials::operations::StoreCredential;
use portcullis_schemas::integrations::mcp::operations::{
    ApproveMcpTool, DeleteMcpServer, DiscoverMcpTools, ListMcpTools, RegisterMcpServer, UpdateMcpServer,
};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::integrations::mcp::wire::McpFailure;
use portcullis_schemas::operation::Operation;
use portcullis_schemas::text::IdempotencyKey;
use portcullis_schemas::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::house::{House, call_of, catalogue, definition, reply};

/// A house with one server that is asked with its callers' own tokens.
struct Hub {
    house: House,
    server: String,
    /// An admin and agent, then two agents.
    callers: [CallContext; 3],
}

impl Hub {
    async fn open() -> Self {
        let house = House::open().await;
        let body = json!({
            "name": "hub", "url": "https://mcp.example/hub", "auth_type": "bearer",
            "credential_ref": "connection://caller", "auto_discover": false,
        });
        let server = house.admin::<RegisterMcpServer>(body).await.unwrap().server.server_id.to_string();
        let callers = [
            caller(&house, "admins", &["invoke", "admin"]).await,
            caller(&house, "alice", &["invoke"]).await,
            caller(&house, "bob", &["invoke"]).await,
        ];
        Self { house, server, callers }
    }

    /// Runs an operation on the server.
    async fn run<Op: Operation>(&self, caller: usize, mut members: Value) -> Result<Op::Output, Error> {
        members["server_id"] = json!(self.server);
        let request = serde_json::from_value::<Op>(members).unwrap();
        self.house.spine.run(self.callers[caller].clone(), request).await
    }

    async fn give(&self, caller: usize, secret: &str) -> Result<(), Error> {
        self.run::<ConnectWithSecret>(caller, json!({ "secret": secret })).await.map(drop)
    }

    async fn connection(&self, caller: usize) -> OwnConnection {
        self.run::<GetConnection>(caller, json!({})).await.unwrap()
    }

    /// The server's tool, found with the admin's own secret.
    async fn tool(&self) -> McpTool {
        self.give(0, "admins").await.unwrap();
        self.house.client.answer_discover(Ok(catalogue(&[definition("merge", "merges")])));
        self.run::<DiscoverMcpTools>(0, json!({})).await.unwrap();
        let tool = self.run::<ListMcpTools>(0, json!({})).await.unwrap().items.remove(0);
        let approval = json!({ "tool_id": tool.tool_id, "definition_hash": tool.definition_hash });
        self.run::<ApproveMcpTool>(0, approval).await.unwrap()
    }

    async fn call(&self, caller: usize, tool: &McpTool) -> Result<(), Error> {
        self.house.client.answer_call(Ok(reply()));
        self.house.spine.run(self.callers[caller].clone(), call_of(tool, json!({ "q": "x" }))).await.map(drop)
    }

    /// The secrets that were sent, in order, and as whom.
    fn sent(&self) -> Vec<(String, String)> {
        let exchanges = self.house.client.exchanges().into_iter();
        let of = exchanges.map(|sent| (sent.target.auth.unwrap(), sent.target.identity));
        of.map(|(auth, identity)| (auth.value.expose().to_owned(), identity)).collect()
    }
}

async fn caller(house: &House, name: &str, scopes: &[&str]) -> CallContext {
    let key = house.admin::<CreateApiKey>(json!({ "name": name, "scopes": scopes })).await.unwrap();
    let principal = house.spine.authenticate(&key.secret.0).await.unwrap();
    CallContext::new(principal, RequestId::generate(house.ids()))
}

#[tokio::test]
async fn each_caller_is_sent_with_their_own_secret() {
    let hub = Hub::open().await;
    let tool = hub.tool().await;
    let refused = hub.call(1, &tool).await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Conflict, codes::CONNECTION_REQUIRED));
    hub.give(1, "alices").await.unwrap();
    hub.give(2, "bobs").await.unwrap();
    for caller in [1, 2] {
        hub.call(caller, &tool).await.unwrap();
    }
    hub.give(2, "bobs-next").await.unwrap();
    hub.call(2, &tool).await.unwrap();
    let (secrets, identities): (Vec<_>, Vec<_>) = hub.sent().into_iter().unzip();
    assert_eq!(secrets, ["Bearer admins", "Bearer alices", "Bearer bobs", "Bearer bobs-next"]);
    let apart: std::collections::BTreeSet<_> = identities.iter().collect();
    assert_eq!(apart.len(), 4, "no session is shared between callers, nor between two secrets of one");
}

#[tokio::test]
async fn who_gives_a_secret_sends_the_same_call_again() {
    let hub = Hub::open().await;
    let tool = hub.tool().await;
    let call = || {
        let ctx = CallContext { idempotency_key: IdempotencyKey::new("once").ok(), ..hub.callers[1].clone() };
        hub.house.spine.run(ctx, call_of(&tool, json!({ "q": "x" })))
    };
    assert_eq!(call().await.unwrap_err().code(), codes::CONNECTION_REQUIRED);
    hub.give(1, "alices").await.unwrap();
    hub.house.client.answer_call(Ok(reply()));
    let first = call().await.unwrap();
    assert_eq!(call().await.unwrap().invocation_id, first.invocation_id);
}

#[tokio::test]
async fn an_admin_gives_and_removes_for_others_and_an_agent_for_itself_alone() {
    let hub = Hub::open().await;
    let tool = hub.tool().await;
    let bob = hub.callers[2].principal.key();
    let for_bob = json!({ "secret": "bobs", "key_id": bob });
    let refused = hub.run::<ConnectWithSecret>(1, for_bob.clone()).await.unwrap_err();
    assert_eq!((refused.code(), refused.field()), (codes::AUTHORITY_DENIED, Some("key_id")));
    hub.run::<ConnectWithSecret>(0, for_bob).await.unwrap();
    hub.call(2, &tool).await.unwrap();
    assert_eq!(hub.sent().pop().unwrap().0, "Bearer bobs");
    hub.run::<RemoveConnection>(0, json!({ "key_id": bob })).await.unwrap();
    assert_eq!(hub.call(2, &tool).await.unwrap_err().code(), codes::CONNECTION_REQUIRED);
    let nobody = json!({ "secret": "x", "key_id": "key_01jd0000000000000000000099" });
    let refused = hub.run::<ConnectWithSecret>(0, nobody).await.unwrap_err();
    assert_eq!((refused.kind(), refused.field()), (ErrorKind::NotFound, Some("key_id")));
    let story = hub.house.story_of(&hub.server).await;
    let told = |event: &str| story.iter().filter(|told| *told == event).count();
    assert_eq!((told("connection.made"), told("connection.removed")), (2, 1));
}

#[tokio::test]
async fn a_secret_goes_to_no_other_address() {
    let hub = Hub::open().await;
    let tool = hub.tool().await;
    hub.give(1, "alices").await.unwrap();
    let server = hub.run::<UpdateMcpServer>(
        0,
        json!({ "url": "https://mcp.example/elsewhere", "credential_ref": "connection://caller" }),
    );
    server.await.unwrap();
    let before = hub.sent().len();
    let refused = hub.run::<DiscoverMcpTools>(0, json!({})).await.unwrap_err();
    assert_eq!(refused.code(), codes::CONNECTION_REQUIRED);
    assert!(hub.call(1, &tool).await.is_err());
    assert_eq!(hub.sent().len(), before, "nothing was sent");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_when_it_is_given() {
    let hub = Hub::open().await;
    assert_eq!(hub.connection(1).await.way, Some(ConnectionWay::Secret));
    assert_eq!(hub.give(1, "two words").await.unwrap_err().code(), codes::CREDENTIAL_UNUSABLE);
    assert!(!hub.connection(1).await.is_connected);
    let log_in = hub.run::<BeginConnection>(1, json!({})).await.unwrap_err();
    assert_eq!(log_in.field(), Some("server_id"));
    let vaulted = json!({ "auth_type": "none", "credential_ref": null });
    hub.run::<UpdateMcpServer>(0, vaulted).await.unwrap();
    assert_eq!(hub.connection(1).await.way, None);
    assert_eq!(hub.give(1, "alices").await.unwrap_err().field(), Some("server_id"));
    let mixed = json!({
        "name": "mixed", "url": "https://mcp.example/mixed", "auth_type": "oauth_client_credentials",
        "credential_ref": "connection://caller", "auto_discover": false,
        "oauth": { "token_endpoint": "https://as.example/token", "client_id": "gate" },
    });
    let refused = hub.house.admin::<RegisterMcpServer>(mixed).await.unwrap_err();
    assert_eq!(refused.field(), Some("credential_ref"));
}

#[tokio::test]
async fn who_brings_a_secret_that_is_refused_is_asked_for_another_one() {
    let hub = Hub::open().await;
    let tool = hub.tool().await;
    hub.give(1, "stale").await.unwrap();
    let call = |key: &str| {
        let ctx = CallContext { idempotency_key: IdempotencyKey::new(key).ok(), ..hub.callers[1].clone() };
        hub.house.spine.run(ctx, call_of(&tool, json!({ "q": "x" })))
    };
    let refusal = McpFailure::new(codes::UPSTREAM_UNAUTHORIZED, "http status 401", false);
    hub.house.client.answer_call(Err(McpFailure { is_unauthenticated: true, ..refusal }));
    let refused = call("first").await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::Conflict, codes::CONNECTION_REQUIRED));
    assert!(refused.page().is_some(), "its caller is told where");
    hub.give(1, "fresh").await.unwrap();
    let again = call("first").await.unwrap_err();
    assert_eq!(again.code(), codes::CONNECTION_REQUIRED, "the server was asked, so the key is used up");
    hub.house.client.answer_call(Ok(reply()));
    call("second").await.unwrap();
    assert_eq!(hub.sent().pop().unwrap().0, "Bearer fresh");
    let incidents = hub.house.admin::<ListIncidents>(json!({})).await.unwrap().items;
    assert!(incidents.is_empty(), "nobody else can mend it: {incidents:?}");
}

#[tokio::test]
async fn a_key_of_this_gate_is_sent_to_no_server() {
    let hub = Hub::open().await;
    let key = json!({ "name": "pasted", "scopes": ["invoke"] });
    let key = hub.house.admin::<CreateApiKey>(key).await.unwrap().secret.0;
    let refused = hub.give(1, &key).await.unwrap_err();
    assert_eq!((refused.code(), refused.field()), (codes::INVALID_FIELD, Some("secret")));
    for (name, secret) in [("pasted", key.clone()), ("basic", format!("user:{key}"))] {
        let stored = json!({ "name": name, "credential_type": "custom", "secret": secret });
        let refused = hub.house.admin::<StoreCredential>(stored).await.unwrap_err();
        assert_eq!(refused.field(), Some("secret"), "{name}");
    }
    let others = "pcl_live_01jd0000000000000000000001_";
    let others = json!({ "name": "another gate's", "credential_type": "custom", "secret": others });
    hub.house.admin::<StoreCredential>(others).await.unwrap();
    assert!(!hub.connection(1).await.is_connected);
}

#[tokio::test]
async fn secrets_do_not_outlive_their_key_or_their_server() {
    let hub = Hub::open().await;
    for caller in [1, 2] {
        hub.give(caller, "own").await.unwrap();
    }
    let key = |caller: usize| hub.callers[caller].principal.key().clone();
    hub.house.admin::<RevokeApiKey>(json!({ "key_id": key(1) })).await.unwrap();
    let server = hub.server.parse().unwrap();
    let kept = async |caller: usize| {
        let mut work = hub.house.spine.ports().store.read().await.unwrap();
        let tenant = hub.callers[caller].principal.tenant();
        work.connections().get(tenant, &server, &key(caller)).await.unwrap().is_some()
    };
    assert_eq!((kept(1).await, kept(2).await), (false, true));
    hub.run::<DeleteMcpServer>(0, json!({})).await.unwrap();
    assert!(!kept(2).await);
}
