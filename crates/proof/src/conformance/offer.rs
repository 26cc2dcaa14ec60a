//! What an admin does so that an agent may call all that a server has.

use color_eyre::eyre::{ContextCompat, Result, ensure};
use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::integrations::mcp::input::InputKind;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use serde_json::{Value, json};

/// Where the agent finds it.
pub(super) const ENDPOINT: &str = "/mcp/conformance";

/// A policy that permits whatever a server lists.
const ALL: &str = r#"permit (
  principal,
  action in [Action::"call_tool", Action::"get_prompt", Action::"read_resource"],
  resource
);"#;

/// Pins the version that the one server is spoken to in.
///
/// # Errors
/// When the gate does not answer as expected.
pub(super) async fn pin(admin: &ApiClient, version: &str) -> Result<()> {
    let servers = admin.get("/integrations/mcp-servers").await?.success()?;
    let id = servers["items"][0]["server_id"].as_str().context("no server")?;
    let path = format!("/integrations/mcp-servers/{id}");
    admin
        .send(HttpMethod::Patch, &path, Some(&json!({ "protocol": version })), &[])
        .await?
        .success()
        .map(drop)
}

/// Registers the server, and offers all that it lists under its own names. The agent's client.
///
/// # Errors
/// When the server is not discovered, or the gate does not answer as expected.
pub(super) async fn all(admin: &ApiClient, url: &str) -> Result<ApiClient> {
    let body = json!({ "name": "suite", "url": url, "agent_input": InputKind::ALL });
    let registered = admin.post("/integrations/mcp-servers", &body).await?.success()?;
    ensure!(registered["discovery_error"].is_null(), "no discovery: {}", registered["discovery_error"]);
    let id = registered["server"]["server_id"].as_str().context("no server id")?;
    let server = format!("/integrations/mcp-servers/{id}");
    let mut selected: Vec<Value> = Vec::new();
    for tool in approved(admin, &server).await? {
        let tool_id = tool["tool_id"].as_str().context("no tool id")?;
        let mut selection = json!({ "server_id": id, "tool_id": tool_id });
        if ["tool", "prompt"].iter().any(|kind| tool["kind"] == *kind) {
            selection["name"] = tool["name"].clone();
        }
        selected.push(selection);
    }
    let agent = json!({ "name": "agent", "scopes": ["invoke"] });
    let agent = admin.post("/api-keys", &agent).await?.success()?;
    let body = json!({ "name": "conformance", "tools": selected, "keys": [agent["key"]["key_id"]] });
    admin.post("/integrations/toolsets", &body).await?.success()?;
    let key = agent["secret"].as_str().context("no key")?;
    Ok(admin.with_key(Secret::new(key.to_owned())))
}

/// Approves and permits all that a server lists.
///
/// # Errors
/// When the gate does not answer as expected.
pub(super) async fn approved(admin: &ApiClient, server: &str) -> Result<Vec<Value>> {
    let tools = admin.get(&format!("{server}/tools?limit=100")).await?.success()?;
    let tools = tools["items"].as_array().context("no tools")?.clone();
    for tool in tools.iter().filter(|tool| tool["status"] != "approved") {
        let tool_id = tool["tool_id"].as_str().context("no tool id")?;
        let approval = json!({ "definition_hash": tool["definition_hash"] });
        admin.post(&format!("{server}/tools/{tool_id}/approve"), &approval).await?.success()?;
    }
    let policy = json!({ "name": "all", "text": ALL });
    admin.put("/policies", &policy).await?.success()?;
    Ok(tools)
}
