//! A running server in front of one upstream, with an admin, an agent, one tool that is permitted and one that is not.

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

/// See the module.
pub(crate) struct Scene {
    pub(crate) running: Running,
    agent: ApiClient,
    permitted: String,
    refused: String,
    _upstream: Upstream,
    _folder: TempDir,
}

impl Scene {
    /// With settings changed.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = TempDir::new().unwrap();
        let upstream =
            Upstream::start("weather", ProtocolVersion::V2026_07_28, tools::weather()).await.unwrap();
        let mut settings = Settings::new(folder.path());
        settings.listen.set_port(0);
        settings.egress.waived_origins = vec![upstream.origin()];
        change(&mut settings);
        let running = running::start(&settings).await.unwrap();
        let key = Secret::new(running.first_key().unwrap().secret.0.clone());
        let admin = ApiClient::new(&running.url(), key).unwrap();

        let body = json!({ "name": "weather", "url": upstream.url() });
        let registered = ok(admin.post("/integrations/mcp-servers", &body).await.unwrap());
        let server_id = registered["server"]["server_id"].as_str().unwrap().to_owned();
        let policy = "permit (principal, action == Action::\"call_tool\", resource) when { resource.name == \"get_forecast\" };";
        ok(admin.put("/policies", &json!({ "name": "forecasts", "text": policy })).await.unwrap());
        let permitted = approved(&admin, &server_id, "get_forecast").await;
        let refused = approved(&admin, &server_id, "delete_station").await;
        let created = json!({ "name": "agent", "scopes": ["invoke"] });
        let created = ok(admin.post("/api-keys", &created).await.unwrap());
        let agent = admin.with_key(Secret::new(created["secret"].as_str().unwrap().to_owned()));
        Self { running, agent, permitted, refused, _upstream: upstream, _folder: folder }
    }

    /// A call that is let through.
    pub(crate) async fn call(&self, headers: &[(&str, &str)]) -> Answer {
        let body = json!({ "arguments": { "city": "Zurich" } });
        self.agent.send(HttpMethod::Post, &self.permitted, Some(&body), headers).await.unwrap()
    }

    /// A call that the policies refuse.
    pub(crate) async fn refused_call(&self) -> Answer {
        self.agent.post(&self.refused, &json!({ "arguments": { "station": "Säntis" } })).await.unwrap()
    }
}

/// Approves a tool as it is; where to call it.
async fn approved(admin: &ApiClient, server: &str, name: &str) -> String {
    let tools = ok(admin.get(&format!("/integrations/mcp-servers/{server}/tools")).await.unwrap());
    let tool = tools["items"].as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap();
    let path = format!("/integrations/mcp-servers/{server}/tools/{}", tool["tool_id"].as_str().unwrap());
    let approval = json!({ "definition_hash": tool["definition_hash"] });
    ok(admin.post(&format!("{path}/approve"), &approval).await.unwrap());
    format!("{path}/invoke")
}

fn ok(answer: Answer) -> Value {
    answer.success().unwrap()
}
