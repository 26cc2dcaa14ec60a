//! The story that gates play: every kind of operation, as a table.

use portcullis_schemas::egress::HttpMethod::{self, Delete, Get, Patch, Post, Put};
use serde_json::{Value, json};

mod decided;

/// One request of the story.
pub(super) struct Step {
    pub(super) method: HttpMethod,
    /// `{name}` stands for what was kept under that name; so it does in the body.
    pub(super) path: &'static str,
    pub(super) body: Option<Value>,
    pub(super) by: By,
    /// The status of its answer, if it is not a success.
    pub(super) status: Option<u16>,
    /// The events that record the change; none for a request that only reads, and for calls.
    pub(super) events: &'static [&'static str],
    /// What to keep of the answer: a name, and where it stands.
    pub(super) keep: Option<(&'static str, &'static str)>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The admin.
    Admin,
    /// The agent calls a tool, with this nonce.
    Agent(&'static str),
    /// The agent calls this tool of a toolset over MCP, with this nonce.
    OverMcp(&'static str, &'static str),
}

const TOOL: &str = "/integrations/mcp-servers/{server}/tools/{tool}/invoke";
const SECOND: &str = "/integrations/mcp-servers/{second}";
const HEALTH: &str = "/integrations/mcp-servers/{second}/health";
const HEALTH_CHANGED: &str = "mcp_server.health_changed";
const SECOND_TOOL: &str = "/integrations/mcp-servers/{second}/tools/{second_tool}";

/// The whole story. `{server}`, `{tool}`, `{agent}`, which is the agent's key, and `{url}` are known beforehand.
pub(super) fn story() -> Vec<Step> {
    let mut steps = calls();
    steps.extend(servers());
    steps.extend(credentials());
    steps.extend(tools());
    steps.extend(policies());
    steps.extend(decided::story());
    steps.extend(keys());
    steps.extend(outage());
    steps.extend(rest());
    steps
}

fn calls() -> Vec<Step> {
    vec![
        call(TOOL, "first"),
        call(TOOL, "second"),
        read("/integrations/mcp-invocations").keeping("invocation", "/items/0/invocation_id"),
        read("/integrations/mcp-invocations/{invocation}"),
        read("/integrations/mcp-servers/{server}/invocations"),
    ]
}

fn servers() -> Vec<Step> {
    let body = json!({ "name": "second", "url": "{url}/second" });
    vec![
        change(
            Post,
            "/integrations/mcp-servers",
            body,
            &["mcp_server.registered", "mcp_tools.discovered", HEALTH_CHANGED],
        )
        .keeping("second", "/server/server_id"),
        read("/integrations/mcp-servers"),
        read(SECOND),
        change(Patch, SECOND, json!({ "description": "another" }), &["mcp_server.updated"]),
        read(HEALTH),
        change(Post, "/integrations/mcp-servers/{second}/disable", json!({}), &["mcp_server.disabled"]),
        change(Post, "/integrations/mcp-servers/{second}/enable", json!({}), &["mcp_server.enabled"]),
    ]
}

/// The second server gets a credential, which its tool's call then opens.
fn credentials() -> Vec<Step> {
    let secret = json!({
        "name": "token",
        "credential_type": "bearer",
        "secret": "not-a-real-secret",
        "grants": [{ "mcp_server": "{second}" }],
    });
    let sealed = json!({ "mcp_server": "{second}", "secret": "not-a-real-secret" });
    let use_it = json!({ "auth_type": "bearer", "credential_ref": "{reference}" });
    let grants = json!({ "grants": [{ "mcp_server": "{second}" }] });
    vec![
        change(Post, "/integrations/credentials", secret, &["credential.stored"])
            .keeping("credential", "/credential_id"),
        read("/integrations/credentials").keeping("reference", "/items/0/reference"),
        change(Post, "/integrations/credentials/encrypt", sealed, &["credential.encrypted"]),
        change(Put, "/integrations/credentials/{credential}/grants", grants, &["credential.grants_set"]),
        change(
            Post,
            "/integrations/credentials/{credential}/rotate",
            json!({ "secret": "not-a-real-secret-2" }),
            &["credential.rotated"],
        ),
        change(Patch, SECOND, use_it, &["mcp_server.updated"]),
        change(
            Post,
            "/integrations/mcp-servers/{second}/discover",
            json!({}),
            &["mcp_tools.discovered", HEALTH_CHANGED],
        ),
        read("/integrations/mcp-servers/{second}/tools").keeping("second_tool", "/items/0/tool_id"),
        read(SECOND_TOOL).keeping("definition", "/definition_hash"),
        change(
            Post,
            "/integrations/mcp-servers/{second}/tools/{second_tool}/approve",
            json!({ "definition_hash": "{definition}" }),
            &["mcp_tool.approved"],
        ),
        call("/integrations/mcp-servers/{second}/tools/{second_tool}/invoke", "third"),
        change(Patch, SECOND, json!({ "auth_type": "none" }), &["mcp_server.updated"]),
        change(Delete, "/integrations/credentials/{credential}", Value::Null, &["credential.deleted"]),
    ]
}

fn tools() -> Vec<Step> {
    vec![
        change(
            Put,
            "/integrations/mcp-servers/{second}/tools/{second_tool}/risk",
            json!({ "risk_level": "high" }),
            &["mcp_tool.risk_set"],
        ),
        change(
            Post,
            "/integrations/mcp-servers/{second}/tools/{second_tool}/disable",
            json!({}),
            &["mcp_tool.disabled"],
        ),
        change(
            Post,
            "/integrations/mcp-servers/{second}/tools/{second_tool}/enable",
            json!({}),
            &["mcp_tool.enabled"],
        ),
    ]
}

/// While one of them forbids, a call is refused.
fn policies() -> Vec<Step> {
    let text = "forbid(principal, action, resource);";
    vec![
        change(Put, "/policies", json!({ "name": "more", "text": text }), &["policy.put"])
            .keeping("policy", "/policy_id"),
        read("/policies"),
        read("/policies/{policy}"),
        call(TOOL, "refused").answered(403, &[]),
        change(Delete, "/policies/{policy}", Value::Null, &["policy.deleted"]),
    ]
}

fn keys() -> Vec<Step> {
    vec![
        change(Post, "/api-keys", json!({ "name": "other", "scopes": ["invoke"] }), &["api_key.created"])
            .keeping("key", "/key/key_id"),
        read("/api-keys"),
        change(Post, "/api-keys/{key}/freeze", json!({}), &["api_key.frozen"]),
        change(Post, "/api-keys/{key}/unfreeze", json!({}), &["api_key.unfrozen"]),
        change(Post, "/api-keys/{key}/revoke", json!({}), &["api_key.revoked"]),
    ]
}

/// Pinned to a version that it does not speak, the second server fails its health checks: it is degraded at the first,
/// and offline at the third, which is an incident.
fn outage() -> Vec<Step> {
    vec![
        change(Patch, SECOND, json!({ "protocol": "2025-11-25" }), &["mcp_server.updated"]),
        change(Get, HEALTH, Value::Null, &[HEALTH_CHANGED]),
        read(HEALTH),
        change(Get, HEALTH, Value::Null, &[HEALTH_CHANGED]),
    ]
}

fn rest() -> Vec<Step> {
    let freeze = json!({ "target": { "kind": "server", "id": "{second}" }, "reason": "a drill" });
    vec![
        change(Post, "/controls/killswitch/freeze", freeze.clone(), &["kill_switch.frozen"]),
        read("/controls/killswitch"),
        change(Post, "/controls/killswitch/unfreeze", freeze, &["kill_switch.unfrozen"]),
        change(Delete, SECOND, Value::Null, &["mcp_server.deleted"]),
        // Its event stands in the new tenant's own trail.
        change(Post, "/tenants", json!({ "name": "another" }), &[]).keeping("tenant", "/tenant/tenant_id"),
        read("/tenants"),
        read("/tenants/{tenant}"),
        read("/logs/trail"),
        read("/logs/trail/verify"),
        read("/readyz"),
    ]
}

/// The story without toolsets: what a story lacks must show.
pub(super) fn without_toolsets() -> Vec<Step> {
    let of_toolsets = ["/integrations/toolsets", "/mcp/"];
    story().into_iter().filter(|step| !of_toolsets.iter().any(|path| step.path.starts_with(path))).collect()
}

/// What is played once the call of an earlier life is closed: it has left an incident, and by now there is a checkpoint.
pub(super) fn epilogue() -> Vec<Step> {
    vec![
        read("/logs/trail/checkpoint"),
        read("/incidents").keeping("incident", "/items/0/incident_id"),
        read("/incidents/{incident}"),
        change(Post, "/incidents/{incident}/acknowledge", json!({}), &["incident.acknowledged"]),
        change(
            Post,
            "/incidents/{incident}/resolve",
            json!({ "resolution": "a drill" }),
            &["incident.resolved"],
        ),
    ]
}

impl By {
    /// That of a call.
    pub(super) fn nonce(self) -> Option<&'static str> {
        match self {
            Self::Admin => None,
            Self::Agent(nonce) | Self::OverMcp(_, nonce) => Some(nonce),
        }
    }
}

impl Step {
    fn keeping(self, name: &'static str, place: &'static str) -> Self {
        Self { keep: Some((name, place)), ..self }
    }

    fn answered(self, status: u16, events: &'static [&'static str]) -> Self {
        Self { status: Some(status), events, ..self }
    }
}

fn read(path: &'static str) -> Step {
    Step { method: Get, path, body: None, by: By::Admin, status: None, events: &[], keep: None }
}

fn change(method: HttpMethod, path: &'static str, body: Value, events: &'static [&'static str]) -> Step {
    let body = if body.is_null() { None } else { Some(body) };
    Step { method, body, events, ..read(path) }
}

fn call(path: &'static str, nonce: &'static str) -> Step {
    Step { method: Post, by: By::Agent(nonce), ..read(path) }
}

fn call_over_mcp(path: &'static str, tool: &'static str, nonce: &'static str) -> Step {
    Step { method: Post, by: By::OverMcp(tool, nonce), ..read(path) }
}
