//! What agents, admins and people who make mistakes do with the credential.

use std::collections::BTreeMap;

use color_eyre::eyre::{ContextCompat, Result, ensure};
use portcullis_api::ROUTES;
use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use serde_json::{Value, json};

use super::echo::{Echo, TOOLS};
use super::forms::{CANARY, percent};
use super::raw::{Request, ask, body_of};
use super::sinks::{Sink, Sinks};
use crate::permitted::PermittedTool;
use crate::process::Child;
use crate::wiring::indiscreet::PANIC;

/// Requests with the credential that reach the upstream at least: one a tool, a discovery, a health check; and a discovery
/// and a call with it as the admin's own.
pub(super) const SENT: u64 = TOOLS.len() as u64 + 4;

/// A server that is asked with the credential, and whose tools may be called.
pub(super) struct Story {
    pub(super) address: String,
    admin_key: String,
    pub(super) agent_key: String,
    server: String,
    tools: Vec<Tool>,
    /// All of them, for the agent.
    pub(super) toolset: String,
    /// By the names that path patterns use.
    ids: BTreeMap<String, String>,
}

/// A tool, and where it is called.
struct Tool {
    name: String,
    path: String,
}

impl Story {
    /// Has an admin set it up: the server is registered without the credential, gets it, and is asked again.
    pub(super) async fn begin(gate: &Child, echo: &Echo) -> Result<Self> {
        let (origin, admin_key) = (gate.said("origin")?, gate.said("key")?.to_owned());
        let admin = ApiClient::new(origin, Secret::new(admin_key.clone()))?;
        let tool = PermittedTool::admit(&admin, &format!("{}/mcp", echo.origin()), TOOLS[0]).await?;
        let (server, _) = tool.path.split_once("/tools/").context("no server in a tool's path")?;
        let server_id = server.rsplit('/').next().unwrap_or_default();
        let secret = json!({
            "name": "canary", "credential_type": "bearer", "secret": CANARY,
            "grants": [{ "mcp_server": server_id }],
        });
        let stored = admin.post("/integrations/credentials", &secret).await?.success()?;
        let used = json!({ "auth_type": "bearer", "credential_ref": stored["reference"] });
        admin.send(HttpMethod::Patch, server, Some(&used), &[]).await?.success()?;
        admin.post(&format!("{server}/discover"), &json!({})).await?.success()?;
        let tools = approved(&admin, server).await?;
        let key = json!({ "name": "another agent", "scopes": ["invoke"] });
        let key = admin.post("/api-keys", &key).await?.success()?;
        let policies = admin.get("/policies").await?.success()?;
        let ids = BTreeMap::from([
            ("server_id".to_owned(), server_id.to_owned()),
            ("tool_id".to_owned(), tool.path.rsplit('/').next().unwrap_or_default().to_owned()),
            ("credential_id".to_owned(), text(&stored["credential_id"])?),
            ("key_id".to_owned(), text(&key["key"]["key_id"])?),
            ("policy_id".to_owned(), text(&policies["items"][0]["policy_id"])?),
        ]);
        let toolset = offered(&admin, server_id, &tools, &key["key"]["key_id"]).await?;
        let address = origin.trim_start_matches("http://").to_owned();
        let (agent_key, server) = (text(&key["secret"])?, server.to_owned());
        Ok(Self { address, admin_key, agent_key, server, tools, toolset, ids })
    }

    /// Every tool is called, also with the credential among its arguments, twice under one key, and into a panic.
    pub(super) async fn agents(&mut self, times: usize, sinks: &mut Sinks) -> Result<()> {
        let arguments = json!({ "arguments": { "token": CANARY, "nested": [{ "authorization": CANARY }] } });
        for round in 0..times {
            for tool in &self.tools {
                let key = format!("{round}-{}", tool.name);
                for _ in 0..2 {
                    let headers = [("idempotency-key", key.as_str())];
                    let answer = self.call(tool, &arguments, &headers).await?;
                    sinks.search(Sink::Agents, &tool.name, &answer);
                }
            }
        }
        let panics = json!({ "arguments": { PANIC: CANARY } });
        let answer = self.call(&self.tools[0], &panics, &[]).await?;
        sinks.search(Sink::Agents, "a panic", &answer);
        let seen = self.as_admin("GET", "/integrations/mcp-invocations", "").await?;
        self.ids.insert("invocation_id".to_owned(), text(&json_of(&seen)["items"][0]["invocation_id"])?);
        let seen = self.as_admin("GET", "/incidents", "").await?;
        self.ids.insert("incident_id".to_owned(), text(&json_of(&seen)["items"][0]["incident_id"])?);
        Ok(())
    }

    /// Asks every route that reads, and looks at the server again.
    pub(super) async fn admins(&self, sinks: &mut Sinks) -> Result<()> {
        let again = self.as_admin("POST", &format!("{}/discover", self.server), "{}").await?;
        sinks.search(Sink::Admins, "a discovery", &again);
        for route in ROUTES.iter().filter(|route| route.method == "GET") {
            let path = self
                .ids
                .iter()
                .fold(route.path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id));
            let answer = self.as_admin("GET", &path, "").await?;
            sinks.search(Sink::Admins, route.path, &answer);
        }
        Ok(())
    }

    /// The admin brings the credential as a secret of their own, and the server is asked with that.
    pub(super) async fn own_secret(&self, sinks: &mut Sinks) -> Result<()> {
        let connection = format!("{}/connection", self.server);
        let (own, secret) = (json!({ "credential_ref": "connection://caller" }), json!({ "secret": CANARY }));
        for (method, path, body) in [
            ("PATCH", self.server.as_str(), own.to_string()),
            ("PUT", &connection, secret.to_string()),
            ("GET", &connection, String::new()),
            ("POST", &format!("{}/discover", self.server), "{}".to_owned()),
            ("POST", &format!("{}/invoke", self.tools[0].path), "{}".to_owned()),
        ] {
            let answer = self.as_admin(method, path, &body).await?;
            let status = status_of(&answer);
            ensure!(status.contains("200") || method == "POST", "{method} {path}: {status}");
            sinks.search(Sink::Admins, &format!("{method} {path}: {status}"), &answer);
        }
        Ok(())
    }

    /// The credential stands where it does not belong.
    pub(super) async fn mistakes(&self, sinks: &mut Sinks) -> Result<()> {
        let (servers, credentials) = ("/integrations/mcp-servers", "/integrations/credentials");
        let url = format!("http://user:{}@127.0.0.1/", percent(CANARY));
        let in_path = format!("{servers}/{}", percent(CANARY));
        let in_query = format!("{servers}?limit={}", percent(CANARY));
        let vault = format!("vault://{}", percent(CANARY));
        let bodies = [
            ("POST", servers, json!({ "name": "x", "url": url }).to_string()),
            ("PATCH", self.server.as_str(), json!({ "credential_ref": CANARY }).to_string()),
            ("PATCH", &self.server, json!({ "credential_ref": vault }).to_string()),
            ("PATCH", &self.server, json!({ "auth_type": CANARY }).to_string()),
            (
                "POST",
                credentials,
                json!({ "name": "x", "credential_type": CANARY, "secret": "s" }).to_string(),
            ),
            ("POST", credentials, json!({ "name": "x", "secret": { "of": CANARY } }).to_string()),
            ("POST", credentials, json!({ "name": "x", "secret": CANARY, "grants": CANARY }).to_string()),
            ("POST", credentials, format!("{{\"secret\": \"{CANARY}")),
            ("GET", &in_path, String::new()),
            ("GET", &in_query, String::new()),
            ("POST", &in_path, "{}".to_owned()),
        ];
        for (method, path, body) in &bodies {
            let answer = self.as_admin(method, path, body).await?;
            sinks.search(Sink::Problems, &format!("{method} {path}: {}", status_of(&answer)), &answer);
        }
        for headers in [
            [("authorization", CANARY)],
            [("x-api-key", CANARY)],
            [("prefer", CANARY)],
            [("host", CANARY)],
            [("origin", CANARY)],
            [("content-type", CANARY)],
        ] {
            let request = Request { method: "POST", path: servers, headers: &headers, ..Request::default() };
            let answer = ask(&self.address, &request).await?;
            sinks.search(Sink::Problems, &format!("{}: {}", headers[0].0, status_of(&answer)), &answer);
        }
        let request = Request { method: "GET", path: servers, key: CANARY, ..Request::default() };
        sinks.search(Sink::Problems, "as a key", &ask(&self.address, &request).await?);
        Ok(())
    }

    async fn call(&self, tool: &Tool, body: &Value, headers: &[(&str, &str)]) -> Result<Vec<u8>> {
        let (path, body) = (format!("{}/invoke", tool.path), body.to_string());
        let request = Request { method: "POST", path: &path, key: &self.agent_key, headers, body: &body };
        ask(&self.address, &request).await
    }

    async fn as_admin(&self, method: &str, path: &str, body: &str) -> Result<Vec<u8>> {
        ask(&self.address, &Request { method, path, key: &self.admin_key, headers: &[], body }).await
    }
}

/// Every tool of this server, approved as it is defined now.
async fn approved(admin: &ApiClient, server: &str) -> Result<Vec<Tool>> {
    let listed = admin.get(&format!("{server}/tools")).await?.success()?;
    let mut tools = Vec::new();
    for item in listed["items"].as_array().context("no tools")? {
        let name = text(&item["name"])?;
        let path = format!("{server}/tools/{}", text(&item["tool_id"])?);
        if !TOOLS.contains(&name.as_str()) {
            continue;
        }
        // The first one is approved already: it was admitted.
        if name != TOOLS[0] {
            let approval = json!({ "definition_hash": item["definition_hash"] });
            admin.post(&format!("{path}/approve"), &approval).await?.success()?;
        }
        tools.push(Tool { name, path });
    }
    Ok(tools)
}

/// A toolset of all of them, for this key.
async fn offered(admin: &ApiClient, server_id: &str, tools: &[Tool], key_id: &Value) -> Result<String> {
    let selected = tools.iter().map(|Tool { name, path }| {
        let id = path.rsplit('/').next().unwrap_or_default();
        json!({ "server_id": server_id, "tool_id": id, "name": name })
    });
    let selected: Vec<Value> = selected.collect();
    let toolset = "echoes".to_owned();
    let body = json!({ "name": toolset, "tools": selected, "keys": [key_id] });
    admin.post("/integrations/toolsets", &body).await?.success()?;
    Ok(toolset)
}

fn status_of(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).split_whitespace().nth(1).unwrap_or("nothing").to_owned()
}

fn json_of(answer: &[u8]) -> Value {
    serde_json::from_slice(&body_of(answer)).unwrap_or_default()
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().context("expected a text in the answer of the gate")?.to_owned())
}
