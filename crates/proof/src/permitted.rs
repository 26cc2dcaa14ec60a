//! A tool that an agent may call: its server is registered, its definition approved, its use permitted.

use color_eyre::eyre::{ContextCompat, Result, ensure};
use portcullis_schemas::egress::HttpMethod::{Get, Post, Put};
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::{Answer, ApiClient};
use serde_json::{Value, json};
use url::Url;

use crate::patience::patiently;

/// Such a tool, as its agent sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct PermittedTool {
    pub(crate) agent: ApiClient,
    /// Of the agent's key.
    pub(crate) key_id: String,
    pub(crate) server_id: String,
    pub(crate) tool_id: String,
    /// Of the tool.
    pub(crate) path: String,
}

impl PermittedTool {
    /// Has an admin do all of it, for the tool of this name on the server at this URL.
    ///
    /// # Errors
    /// When the gate does not answer as expected.
    pub(crate) async fn admit(admin: &ApiClient, url: &str, tool: &str) -> Result<Self> {
        // Names of their own, for when there are several.
        let port = Url::parse(url)?.port_or_known_default().unwrap_or_default();
        let body = json!({ "name": format!("upstream {port}"), "url": url });
        let registered = patiently(admin, Post, "/integrations/mcp-servers", Some(&body)).await?;
        ensure!(registered["discovery_error"].is_null(), "no discovery: {}", registered["discovery_error"]);
        let server_id = text(&registered["server"]["server_id"])?.to_owned();
        let server = format!("/integrations/mcp-servers/{server_id}");
        let tools = patiently(admin, Get, &format!("{server}/tools"), None).await?;
        let items = tools["items"].as_array().context("no tools")?;
        let found = items.iter().find(|item| item["name"] == tool).context("no such tool")?;
        let tool_id = text(&found["tool_id"])?.to_owned();
        let path = format!("{server}/tools/{tool_id}");
        let approval = json!({ "definition_hash": found["definition_hash"] });
        patiently(admin, Post, &format!("{path}/approve"), Some(&approval)).await?;
        let policy = json!({ "name": "all", "text": "permit(principal, action, resource);" });
        patiently(admin, Put, "/policies", Some(&policy)).await?;
        let key = json!({ "name": format!("agent {port}"), "scopes": ["invoke"] });
        let created = patiently(admin, Post, "/api-keys", Some(&key)).await?;
        let agent = admin.with_key(Secret::new(text(&created["secret"])?.to_owned()));
        let key_id = text(&created["key"]["key_id"])?.to_owned();
        Ok(Self { agent, key_id, server_id, tool_id, path })
    }

    /// The same tool at another gate of the same database.
    ///
    /// # Errors
    /// When `origin` is not one.
    pub(crate) fn at(&self, origin: &str) -> Result<Self> {
        Ok(Self { agent: self.agent.at(origin)?, ..self.clone() })
    }

    /// Calls it once, with further headers. An error says that no answer came.
    pub(crate) async fn invoke(&self, body: &Value, headers: &[(&str, &str)]) -> Result<Answer> {
        self.agent.send(Post, &format!("{}/invoke", self.path), Some(body), headers).await
    }
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().context("expected a text in the answer of the gate")
}
