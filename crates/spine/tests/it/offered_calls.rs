//! Calls through a toolset that earlier calls have made known: nothing is read for them, and whatever an admin changes, at
//! whichever replica, holds for the next one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use portcullis_engines::api_keys::key_text::KeyEnvironment;
use portcullis_schemas::api_keys::operations::{CreateApiKey, RevokeApiKey};
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::context::CallContext;
use portcullis_schemas::ids::RequestId;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::operations::{DisableMcpTool, EnableMcpTool, GetMcpInvocation};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::integrations::toolsets::operations::{
    CallOfferedTool, CreateToolset, DeleteToolset, SearchOfferedTools, UpdateToolset,
};
use portcullis_schemas::policies::ports::ToolPolicy;
use portcullis_schemas::policies::{PolicyOutcome, PolicyProblem, TenantPolicySet, ToolPolicyRequest};
use portcullis_schemas::store::{Store, UnitOfWork};
use portcullis_schemas::text::PolicyText;
use portcullis_schemas::{Error, PortError};
use portcullis_spine::{Ports, Spine, SpineOptions};
use portcullis_testkit::fakes::FixedToolPolicy;
use serde_json::{Value, json};

use crate::house::{House, call_of, reply};

/// A store that counts how often it is asked.
struct Counting {
    inner: Arc<dyn Store>,
    asked: AtomicUsize,
}

#[async_trait]
impl Store for Counting {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.inner.begin().await
    }

    async fn read(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.inner.read().await
    }
}

/// Permits everything, but to a run of the name `held`; and nothing at all once it is told so.
struct Holding {
    rest: FixedToolPolicy,
    forbids: AtomicBool,
}

#[async_trait]
impl ToolPolicy for Holding {
    async fn evaluate(
        &self,
        tenant: &TenantId,
        policies: &TenantPolicySet,
        request: &ToolPolicyRequest,
    ) -> Result<PolicyOutcome, PortError> {
        let permitted = request.run_id.as_deref() != Some("held") && !self.forbids.load(Ordering::SeqCst);
        Ok(PolicyOutcome { permitted, ..self.rest.evaluate(tenant, policies, request).await? })
    }

    async fn validate(&self, tenant: &TenantId, text: &PolicyText) -> Vec<PolicyProblem> {
        self.rest.validate(tenant, text).await
    }
}

/// A house with a second replica, which has called the one tool of a toolset, `fetch`, and so knows both.
struct Desk {
    house: House,
    other: Spine,
    store: Arc<Counting>,
    tool: McpTool,
    toolset: String,
    key: String,
    key_id: String,
}

impl Desk {
    async fn open() -> Self {
        Self::limited(|_| {}).await
    }

    /// With a replica of which some limits are changed.
    async fn limited(limit: impl FnOnce(&mut SpineOptions)) -> Self {
        Self::with(|_, options| limit(options)).await
    }

    async fn with(change: impl FnOnce(&mut Ports, &mut SpineOptions)) -> Self {
        let house = House::open().await;
        let tool = house.approved_tool("get_it").await;
        let body = json!({ "name": "agent", "scopes": ["invoke"] });
        let created = house.admin::<CreateApiKey>(body).await.unwrap();
        let (key, key_id) = (created.secret.0, created.key.key_id.to_string());
        let fetch = json!([{ "server_id": tool.server_id, "tool_id": tool.tool_id, "name": "fetch" }]);
        let body = json!({ "name": "desk", "tools": fetch, "keys": [key_id] });
        let toolset = house.admin::<CreateToolset>(body).await.unwrap().toolset_id.to_string();
        let mut ports = house.spine.ports().clone();
        let store = Arc::new(Counting { inner: ports.store, asked: AtomicUsize::new(0) });
        ports.store = store.clone();
        let mut options = SpineOptions::new(KeyEnvironment::new("test").unwrap());
        change(&mut ports, &mut options);
        let other = Spine::new(ports, options).unwrap();
        let desk = Self { house, other, store, tool, toolset, key, key_id };
        desk.call("fetch").await.unwrap();
        desk
    }

    async fn agent(&self) -> CallContext {
        let principal = match self.other.recognise(&self.key) {
            Some(principal) => principal,
            None => self.other.authenticate_at("/mcp/desk", &self.key).await.unwrap(),
        };
        CallContext::new(principal, RequestId::generate(self.house.ids()))
    }

    /// A call at the other replica, as the endpoint for agents makes it: the version of the toolset that is on record, and
    /// what was sent.
    async fn call(&self, name: &str) -> Result<(u64, Value), Error> {
        let request = call_offered(name, json!({}));
        self.house.client.always_call(reply());
        let before = self.house.client.exchanges().len();
        let answer = self.other.run(self.agent().await, request).await;
        let sent = self.house.client.exchanges().split_off(before);
        assert_eq!(sent.len(), usize::from(answer.is_ok()), "what is refused is not sent");
        let id = json!({ "invocation_id": answer?.invocation_id });
        let record = self.house.admin::<GetMcpInvocation>(id).await.unwrap();
        let arguments = sent[0].call.as_ref().unwrap().arguments.clone();
        Ok((record.facts.through.unwrap().toolset_version, serde_json::to_value(arguments).unwrap()))
    }

    async fn refused(&self, name: &str, what: &str) {
        let told = self.call(name).await.map_err(|error| error.code());
        assert_eq!(told.unwrap_err(), codes::NOT_FOUND, "{what}");
    }

    async fn update(&self, change: Value) {
        let mut body = change;
        body["toolset_id"] = self.toolset.clone().into();
        self.house.admin::<UpdateToolset>(body).await.unwrap();
    }

    fn selected(&self, name: &str, more: Value) -> Value {
        let mut entry =
            json!({ "server_id": self.tool.server_id, "tool_id": self.tool.tool_id, "name": name });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "tools": [entry] })
    }

    async fn told(&self) -> Result<(), Code> {
        self.call("fetch").await.map(drop).map_err(|error| error.code())
    }
}

fn call_offered(name: &str, arguments: Value) -> CallOfferedTool {
    let request = json!({ "toolset": "desk", "tool": name, "arguments": arguments });
    serde_json::from_value(request).unwrap()
}

#[tokio::test]
async fn nothing_is_read_for_what_is_known() {
    let desk = Desk::open().await;
    let asked = desk.store.asked.load(Ordering::SeqCst);
    for _ in 0..3 {
        desk.call("fetch").await.unwrap();
    }
    assert_eq!(desk.store.asked.load(Ordering::SeqCst), asked);
    // A change of something else costs the reading anew, and is no hindrance.
    desk.house.approved_tool("another").await;
    desk.call("fetch").await.unwrap();
    assert!(desk.store.asked.load(Ordering::SeqCst) > asked);
}

#[tokio::test]
async fn a_changed_toolset_holds_for_the_next_call() {
    let desk = Desk::open().await;
    assert_eq!(desk.call("fetch").await.unwrap(), (1, json!({})));
    desk.update(desk.selected("fetch", json!({ "fixed_arguments": { "q": "one" } }))).await;
    assert_eq!(desk.call("fetch").await.unwrap(), (2, json!({ "q": "one" })));
    desk.update(desk.selected("fetch", json!({ "fixed_arguments": { "q": "two" } }))).await;
    assert_eq!(desk.call("fetch").await.unwrap(), (3, json!({ "q": "two" })), "not what was fixed before");
    desk.update(desk.selected("get", json!({}))).await;
    desk.refused("fetch", "renamed").await;
    assert_eq!(desk.call("get").await.unwrap(), (4, json!({})));
    desk.update(json!({ "keys": [] })).await;
    desk.refused("get", "no longer for this key").await;
    desk.update(json!({ "keys": [desk.key_id] })).await;
    desk.call("get").await.unwrap();
    desk.house.admin::<DeleteToolset>(json!({ "toolset_id": desk.toolset })).await.unwrap();
    desk.refused("get", "deleted").await;
    let trail = desk.house.trail().await;
    let count = |kind| trail.iter().filter(|event| event.event_type.as_str() == kind).count();
    let ends = ["tool_invocation.requested", "tool_invocation.completed"].map(count);
    assert_eq!(ends, [6, 6], "each call is on record once, and what was tried before a change is none");
}

/// An admin who points a name at another server need not wait for the one that hangs.
#[tokio::test]
async fn a_known_server_without_room_is_no_hindrance_to_another() {
    let desk = Desk::limited(|options| (options.server_calls, options.server_queue) = (1, 0)).await;
    desk.house.client.hang_call();
    let (spine, agent, sent) = (desk.other.clone(), desk.agent().await, desk.house.client.exchanges().len());
    let hanging =
        tokio::spawn(async move { spine.run(agent, call_offered("fetch", json!({}))).await.map(drop) });
    while desk.house.client.exchanges().len() == sent {
        tokio::task::yield_now().await;
    }
    assert_eq!(desk.told().await, Err(codes::OVERLOADED));
    let another = desk.house.approved_tool("another").await;
    let fetch = json!([{ "server_id": another.server_id, "tool_id": another.tool_id, "name": "fetch" }]);
    desk.update(json!({ "tools": fetch })).await;
    assert_eq!(desk.told().await, Ok(()));
    hanging.abort();
}

/// What is wrong with a request is told to those only who may know of what.
#[tokio::test]
async fn nobody_who_was_shut_out_learns_what_is_wrong() {
    let long = || call_offered("fetch", json!({ "q": "x".repeat(300 * 1024) }));
    let desk = Desk::open().await;
    let told = async || desk.other.run(desk.agent().await, long()).await.unwrap_err().code();
    assert_eq!(told().await, codes::INVALID_FIELD);
    desk.update(json!({ "keys": [] })).await;
    assert_eq!(told().await, codes::NOT_FOUND);
    let desk = Desk::open().await;
    let was = desk.agent().await;
    desk.house.admin::<RevokeApiKey>(json!({ "key_id": desk.key_id })).await.unwrap();
    assert_eq!(desk.other.run(was, long()).await.unwrap_err().code(), codes::UNAUTHENTICATED);
}

#[tokio::test]
async fn nobody_who_was_shut_out_has_a_list_read() {
    let desk = Desk::open().await;
    desk.house.clock.advance(Duration::from_secs(20 * 60));
    desk.house.admin::<RevokeApiKey>(json!({ "key_id": desk.key_id })).await.unwrap();
    assert_eq!(desk.told().await, Err(codes::UNAUTHENTICATED));
}

#[tokio::test]
async fn what_shuts_a_call_out_shuts_it_out_through_a_known_toolset() {
    let desk = Desk::open().await;
    let tool = json!({ "server_id": desk.tool.server_id, "tool_id": desk.tool.tool_id });
    desk.house.admin::<DisableMcpTool>(tool.clone()).await.unwrap();
    assert_eq!(desk.told().await, Err(codes::TOOL_DISABLED));
    desk.house.admin::<EnableMcpTool>(tool).await.unwrap();
    assert_eq!(desk.told().await, Ok(()));
    let was = desk.agent().await;
    desk.house.admin::<RevokeApiKey>(json!({ "key_id": desk.key_id })).await.unwrap();
    assert_eq!(desk.told().await, Err(codes::UNAUTHENTICATED));
    assert!(desk.other.recognise(&desk.key).is_none(), "what was shut out is not remembered");
    // Whom the replica has let in by what it remembered gets nothing else either, though nothing is sent there.
    let search = json!({ "toolset": "desk", "query": "it" });
    let search = serde_json::from_value::<SearchOfferedTools>(search).unwrap();
    let error = desk.other.run(was.clone(), search).await.unwrap_err();
    assert_eq!(error.code(), codes::UNAUTHENTICATED);
    let direct = desk.other.run(was, call_of(&desk.tool, json!({}))).await.unwrap_err();
    assert_eq!(direct.code(), codes::UNAUTHENTICATED);
}

/// Whether what the replica knows of the toolset still holds, or it has to be read anew.
#[tokio::test]
async fn that_a_policy_refuses_is_told_to_who_sees_the_tool() {
    let holding = Arc::new(Holding { rest: FixedToolPolicy::allow(), forbids: AtomicBool::new(false) });
    let desk = Desk::with(|ports, _| ports.policy = holding.clone()).await;
    let told = async |run: &str| {
        let request = json!({ "toolset": "desk", "tool": "fetch", "arguments": {}, "run_id": run });
        let request = serde_json::from_value::<CallOfferedTool>(request).unwrap();
        let error = desk.other.run(desk.agent().await, request).await.unwrap_err();
        let id = json!({ "invocation_id": error.reference().expect("it is on record").1 });
        let record = desk.house.admin::<GetMcpInvocation>(id).await.unwrap();
        assert_eq!(record.error_code.as_deref(), Some(codes::POLICY_DENIED.as_str()));
        error.code()
    };
    for known in [true, false] {
        if !known {
            desk.house.approved_tool("another").await;
        }
        assert_eq!(told("held").await, codes::POLICY_DENIED, "known: {known}");
        assert_eq!(desk.told().await, Ok(()), "another run goes on");
    }
    holding.forbids.store(true, Ordering::SeqCst);
    for run in ["held", "other"] {
        assert_eq!(told(run).await, codes::NOT_FOUND, "who does not see it learns of no tool");
    }
}
