//! The part of the story about what a call hangs on: somebody's approval, what its run has touched, the toolset that it
//! comes by, an account of the caller's own, a token in place of a key.

use portcullis_schemas::egress::HttpMethod::{Delete, Patch, Post, Put};
use serde_json::{Value, json};

use super::{Step, TOOL, call, call_over_mcp, change, read};
use crate::failpoints::scene::ISSUER;

const APPROVAL: &str = "/integrations/mcp-servers/{server}/tools/{tool}/approval";
const TOOLSET: &str = "/integrations/toolsets/{toolset}";
const CONNECTION: &str = "/integrations/mcp-servers/{third}/connection";

pub(super) fn story() -> Vec<Step> {
    let mut steps = approvals();
    steps.extend(flows());
    steps.extend(toolsets());
    steps.extend(accounts());
    steps.extend(tokens());
    steps
}

/// A call waits, is approved, and is made when it comes again.
fn approvals() -> Vec<Step> {
    let reason = json!({ "reason": "a drill" });
    vec![
        change(Put, APPROVAL, json!({ "approval": "required" }), &["mcp_tool.approval_set"]),
        call(TOOL, "approved").answered(202, &["approval.requested"]).keeping("approval", "/approval_id"),
        read("/integrations/approvals"),
        read("/integrations/approvals/{approval}"),
        change(Post, "/integrations/approvals/{approval}/grant", reason, &["approval.granted"]),
        call(TOOL, "approved"),
        change(Put, APPROVAL, json!({ "approval": "none" }), &["mcp_tool.approval_set"]),
    ]
}

/// While a policy asks for it, it is looked up what a run has touched.
fn flows() -> Vec<Step> {
    let label = json!({ "private_reads": "yes", "untrusted_reads": "none", "egress": "none" });
    let text = "forbid(principal, action == Action::\"call_tool\", resource) \
                when { context.flows.private_reads == 2 && context.flows.egress == 2 };";
    let policy = json!({ "name": "flows", "text": text });
    vec![
        change(Put, "/integrations/mcp-servers/{server}/tools/{tool}/flows", label, &["mcp_tool.flows_set"]),
        change(Put, "/policies", policy, &["policy.put"]).keeping("flows", "/policy_id"),
        call(TOOL, "watched"),
        change(Delete, "/policies/{flows}", Value::Null, &["policy.deleted"]),
    ]
}

fn toolsets() -> Vec<Step> {
    let body = json!({
        "name": "drill",
        "tools": [{ "server_id": "{server}", "tool_id": "{tool}", "name": "receipt" }],
        "keys": ["{agent}"],
    });
    vec![
        change(Post, "/integrations/toolsets", body, &["toolset.created"]).keeping("toolset", "/toolset_id"),
        read("/integrations/toolsets"),
        read(TOOLSET),
        change(Patch, TOOLSET, json!({ "description": "another" }), &["toolset.updated"]),
        call_over_mcp("/mcp/drill", "receipt", "offered"),
        change(Delete, TOOLSET, Value::Null, &["toolset.deleted"]),
    ]
}

/// An account is begun and removed. To connect it takes an authorization server, but no other call of a store.
fn accounts() -> Vec<Step> {
    let secret = json!({ "name": "client", "credential_type": "custom", "secret": "not-a-real-secret" });
    let server = json!({
        "name": "third",
        "url": "{url}/third",
        "auth_type": "oauth_authorization_code",
        "credential_ref": "{client}",
        "auto_discover": false,
        "oauth": {
            "token_endpoint": "{url}/token",
            "authorization_endpoint": "{url}/authorize",
            "issuer": "{url}",
            "redirect_uri": "{url}/back",
            "client_id": "gate",
        },
    });
    vec![
        change(Post, "/integrations/credentials", secret, &["credential.stored"])
            .keeping("client", "/reference"),
        change(Post, "/integrations/mcp-servers", server, &["mcp_server.registered"])
            .keeping("third", "/server/server_id"),
        change(Post, "/integrations/connections", json!({ "server_id": "{third}" }), &["connection.begun"]),
        read(CONNECTION),
        change(Delete, CONNECTION, Value::Null, &["connection.removed"]),
        change(Delete, "/integrations/mcp-servers/{third}", Value::Null, &["mcp_server.deleted"]),
    ]
}

fn tokens() -> Vec<Step> {
    let client = json!({ "name": "by token", "scopes": ["invoke"], "issuer": ISSUER, "subject": "somebody" });
    vec![change(Post, "/api-keys/token-clients", client, &["api_key.created"])]
}
