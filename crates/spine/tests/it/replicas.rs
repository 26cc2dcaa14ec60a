//! Two spines on one store: what an admin does at one holds for the next call at the other, whatever that remembers.

use portcullis_engines::api_keys::key_text::KeyEnvironment;
use portcullis_schemas::api_keys::operations::{CreateApiKey, FreezeApiKey, RevokeApiKey, UnfreezeApiKey};
use portcullis_schemas::context::CallContext;
use portcullis_schemas::controls::operations::{ReleaseKillSwitch, ThrowKillSwitch};
use portcullis_schemas::ids::RequestId;
use portcullis_schemas::integrations::mcp::operations::{
    DisableMcpServer, DisableMcpTool, EnableMcpTool, InvokeMcpTool,
};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::operation::Operation;
use portcullis_schemas::policies::operations::{DeleteToolPolicy, PutToolPolicy};
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{Error, codes};
use portcullis_spine::{Spine, SpineOptions};
use portcullis_testkit::fakes::KeywordToolPolicy;
use serde_json::json;

use crate::house::{House, call_of, reply};

/// A house with a second spine, which has made a call and so remembers what it has read.
struct Replicas {
    house: House,
    other: Spine,
    tool: McpTool,
    key: String,
    key_id: String,
}

impl Replicas {
    async fn open() -> Self {
        let house = House::with(|ports| ports.policy = std::sync::Arc::new(KeywordToolPolicy)).await;
        house.admin::<PutToolPolicy>(json!({ "name": "all", "text": "permit" })).await.unwrap();
        let tool = house.approved_tool("get_it").await;
        let body = json!({ "name": "agent", "scopes": ["invoke"] });
        let created = house.admin::<CreateApiKey>(body).await.unwrap();
        let options = SpineOptions::new(KeyEnvironment::new("test").unwrap());
        let other = Spine::new(house.spine.ports().clone(), options).unwrap();
        let (key, key_id) = (created.secret.0, created.key.key_id.to_string());
        let replicas = Self { house, other, tool, key, key_id };
        for _ in 0..2 {
            replicas.call().await.unwrap();
        }
        replicas
    }

    /// A call at the other replica, as the API makes it.
    async fn call(&self) -> Result<(), Error> {
        let principal = self.other.authenticate_for(InvokeMcpTool::NAME, &self.key).await?;
        let ctx = CallContext::new(principal, RequestId::generate(self.house.ids()));
        self.house.client.answer_call(Ok(reply()));
        let before = self.house.client.exchanges().len();
        let result = self.other.run(ctx, call_of(&self.tool, json!({ "q": "x" }))).await;
        let sent = self.house.client.exchanges().len() - before;
        assert_eq!(sent, usize::from(result.is_ok()), "what is refused is not sent");
        result.map(drop)
    }

    async fn refused(&self, what: &str, code: codes::Code) {
        assert_eq!(self.call().await.map_err(|error| error.code()), Err(code), "{what}");
    }
}

#[tokio::test]
async fn what_is_refused_at_one_replica_is_refused_at_the_other_by_the_next_call() {
    let replicas = Replicas::open().await;
    let (house, tool) = (&replicas.house, &replicas.tool);
    let of_tool = json!({ "server_id": tool.server_id, "tool_id": tool.tool_id });
    let targets = [
        json!({ "kind": "tenant" }),
        json!({ "kind": "key", "id": replicas.key_id }),
        json!({ "kind": "server", "id": tool.server_id }),
        json!({ "kind": "tool", "id": tool.tool_id }),
    ];
    for target in targets {
        let body = json!({ "target": target, "reason": "drill" });
        house.admin::<ThrowKillSwitch>(body.clone()).await.unwrap();
        replicas.refused("kill switch", codes::FROZEN).await;
        house.admin::<ReleaseKillSwitch>(body).await.unwrap();
        replicas.call().await.expect("released at one replica, released at the other");
    }
    house.admin::<DisableMcpTool>(of_tool.clone()).await.unwrap();
    replicas.refused("tool disabled", codes::TOOL_DISABLED).await;
    house.admin::<EnableMcpTool>(of_tool).await.unwrap();
    replicas.call().await.unwrap();

    let forbid = json!({ "name": "none", "text": "forbid" });
    let policy = house.admin::<PutToolPolicy>(forbid).await.unwrap();
    replicas.refused("policy", codes::POLICY_DENIED).await;
    house.admin::<DeleteToolPolicy>(json!({ "policy_id": policy.policy_id })).await.unwrap();
    replicas.call().await.unwrap();

    house.admin::<FreezeApiKey>(json!({ "key_id": replicas.key_id })).await.unwrap();
    replicas.refused("key frozen", codes::UNAUTHENTICATED).await;
    house.admin::<UnfreezeApiKey>(json!({ "key_id": replicas.key_id })).await.unwrap();
    replicas.call().await.unwrap();

    house.admin::<DisableMcpServer>(json!({ "server_id": tool.server_id })).await.unwrap();
    replicas.refused("server disabled", codes::SERVER_NOT_ACTIVE).await;
}

#[tokio::test]
async fn a_key_that_is_revoked_between_authentication_and_call_is_refused() {
    let replicas = Replicas::open().await;
    let principal = replicas.other.authenticate_for(InvokeMcpTool::NAME, &replicas.key).await.unwrap();
    replicas.house.admin::<RevokeApiKey>(json!({ "key_id": replicas.key_id })).await.unwrap();
    let ctx = CallContext::new(principal, RequestId::generate(replicas.house.ids()));
    let error = replicas.other.run(ctx, call_of(&replicas.tool, json!({}))).await.unwrap_err();
    assert_eq!(error.code(), codes::UNAUTHENTICATED);
    let again = replicas.other.authenticate_for(InvokeMcpTool::NAME, &replicas.key).await;
    assert_eq!(again.unwrap_err().code(), codes::UNAUTHENTICATED, "what was shut out is not remembered");
}

#[tokio::test]
async fn a_remembered_key_expires_by_the_clock_alone() {
    let mut replicas = Replicas::open().await;
    let now = replicas.house.spine.ports().clock.now();
    let expires_at: Timestamp = now.plus(std::time::Duration::from_secs(60));
    let body = json!({ "name": "guest", "scopes": ["invoke"], "expires_at": expires_at });
    replicas.key = replicas.house.admin::<CreateApiKey>(body).await.unwrap().secret.0;
    for _ in 0..2 {
        replicas.call().await.unwrap();
    }
    replicas.house.clock.advance(std::time::Duration::from_secs(60));
    replicas.refused("expired", codes::UNAUTHENTICATED).await;
}

/// Nothing is read for a call that is remembered: the store may be gone, and the ledger decides.
#[tokio::test]
async fn other_operations_are_always_looked_up() {
    let replicas = Replicas::open().await;
    replicas.house.admin::<RevokeApiKey>(json!({ "key_id": replicas.key_id })).await.unwrap();
    let other = replicas.other.authenticate_for("integrations.mcp_servers.list_tools", &replicas.key).await;
    assert_eq!(other.unwrap_err().code(), codes::UNAUTHENTICATED);
    assert!(replicas.other.authenticate(&replicas.key).await.is_err());
}
