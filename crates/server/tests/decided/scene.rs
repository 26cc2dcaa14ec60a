//! A running gate in front of one server, with an admin, an agent, and a toolset.

use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::{Answer, ApiClient};
use portcullis_server::config::Settings;
use portcullis_server::demo::tools;
use portcullis_server::demo::upstream::Upstream;
use portcullis_server::running::{self, Running};
use serde_json::{Value, json};
use tempfile::TempDir;

const MODERN: &str = "2026-07-28";
/// Everything is permitted.
pub(crate) const PERMIT: &str = "permit (principal, action == Action::\"call_tool\", resource);";

/// A gate with one tool, `get_forecast`, which every policy permits, in a toolset under its own name.
pub(crate) struct Scene {
    pub(crate) running: Running,
    pub(crate) admin: ApiClient,
    pub(crate) agent: ApiClient,
    pub(crate) tool: String,
    pub(crate) server: String,
    _upstream: Upstream,
    _folder: TempDir,
}

impl Scene {
    pub(crate) async fn start(policy: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let upstream =
            Upstream::start("weather", ProtocolVersion::V2026_07_28, tools::weather()).await.unwrap();
        let mut settings = Settings::new(folder.path());
        settings.listen.set_port(0);
        settings.egress.waived_origins = vec![upstream.origin()];
        settings.api.public_url = Some("https://gw.example".to_owned());
        let running = running::start(&settings).await.unwrap();
        let key = Secret::new(running.first_key().unwrap().secret.0.clone());
        let admin = ApiClient::new(&running.url(), key).unwrap();
        let body = json!({ "name": "weather", "url": upstream.url() });
        let server =
            text(&ok(admin.post("/integrations/mcp-servers", &body).await.unwrap())["server"]["server_id"]);
        ok(admin.put("/policies", &json!({ "name": "all", "text": policy })).await.unwrap());
        let tool = approved(&admin, &server, "get_forecast").await;
        let created = json!({ "name": "agent", "scopes": ["invoke"] });
        let created = ok(admin.post("/api-keys", &created).await.unwrap());
        let agent = admin.with_key(Secret::new(text(&created["secret"])));
        let toolset = json!({
            "name": "weather",
            "tools": [{ "server_id": server, "tool_id": tool.rsplit('/').next(), "name": "forecast" }],
            "keys": [created["key"]["key_id"]],
        });
        ok(admin.post("/integrations/toolsets", &toolset).await.unwrap());
        Self { running, admin, agent, tool, server, _upstream: upstream, _folder: folder }
    }

    /// A policy that is a template as it stands.
    pub(crate) async fn put_template(&self, name: &str, template: &str) {
        let templates = ok(self.admin.get("/policies/templates").await.unwrap());
        let mut templates = templates["items"].as_array().or(templates.as_array()).unwrap().iter();
        let text = &templates.find(|it| it["name"] == template).unwrap()["text"];
        ok(self.admin.put("/policies", &json!({ "name": name, "text": text })).await.unwrap());
    }

    pub(crate) async fn mark(&self, rule: &str) {
        let marked = self.admin.put(&format!("{}/approval", self.tool), &json!({ "approval": rule })).await;
        assert_eq!(ok(marked.unwrap())["approval"], rule);
    }

    pub(crate) async fn call(&self, city: &str) -> Answer {
        self.call_with(city, &[]).await
    }

    pub(crate) async fn call_with(&self, city: &str, headers: &[(&str, &str)]) -> Answer {
        let body = json!({ "arguments": { "city": city } });
        self.agent
            .send(HttpMethod::Post, &format!("{}/invoke", self.tool), Some(&body), headers)
            .await
            .unwrap()
    }

    /// A call that waits; its approval.
    pub(crate) async fn waiting(&self, city: &str) -> String {
        let answer = self.call(city).await;
        assert_eq!(answer.status, 202, "{}", answer.json());
        text(&answer.json()["approval_id"])
    }

    pub(crate) async fn decide(&self, approval: &str, decision: &str) -> Answer {
        let path = format!("/integrations/approvals/{approval}/{decision}");
        self.admin.post(&path, &json!({ "reason": "looked at it" })).await.unwrap()
    }

    pub(crate) async fn over_mcp(&self, capabilities: Value, more: Value) -> Value {
        let mut params = json!({ "name": "forecast", "arguments": { "city": "Zurich" } });
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": capabilities,
        });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let headers = [
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", MODERN),
            ("mcp-method", "tools/call"),
            ("mcp-name", "forecast"),
        ];
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let answer = self.agent.send(HttpMethod::Post, "/mcp/weather", Some(&body), &headers).await.unwrap();
        answer.json()["result"].clone()
    }
}

/// Approves a tool's definition; where the tool is.
pub(crate) async fn approved(admin: &ApiClient, server: &str, name: &str) -> String {
    let listed = ok(admin.get(&format!("/integrations/mcp-servers/{server}/tools")).await.unwrap());
    let found = listed["items"].as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap();
    let tool = format!("/integrations/mcp-servers/{server}/tools/{}", text(&found["tool_id"]));
    let pin = json!({ "definition_hash": found["definition_hash"] });
    ok(admin.post(&format!("{tool}/approve"), &pin).await.unwrap());
    tool
}

pub(crate) fn ok(answer: Answer) -> Value {
    answer.success().unwrap()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("expected a text, not {value}")).to_owned()
}
