//! The running product in front of villains, and what its people see of what they do.

use std::time::{Duration, Instant};

use color_eyre::eyre::{ContextCompat, Result, ensure};
use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::{Answer, ApiClient};
use portcullis_server::config::Settings;
use portcullis_server::running::{self, Running};
use portcullis_spine::Ports;
use serde_json::{Value, json};

use super::speech::TOOL;
use super::villain::Villain;

/// How often a call is repeated that only met changes of others.
const UNSETTLED: usize = 20;

/// A gate with two tenants.
pub(super) struct Scene {
    running: Running,
    pub(super) one: Tenant,
    pub(super) other: Tenant,
    pub(super) sizes: Sizes,
}

/// How often what is counted is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Connections that are cut after the request.
    pub(super) cuts: usize,
    /// Bytes at which an answer is cut.
    pub(super) positions: usize,
    /// Calls of each of two tenants whose answers are swapped.
    pub(super) swaps: usize,
    /// Names that change their address.
    pub(super) flips: usize,
}

/// A tenant: its admin, and an agent that policies permit everything.
pub(super) struct Tenant {
    pub(super) admin: ApiClient,
    pub(super) agent: ApiClient,
    pub(super) key_id: String,
}

/// What somebody sees of a row.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// What the caller is told: `ok`, or the stable code.
    pub(super) code: String,
    /// The outcome on record.
    pub(super) outcome: String,
    /// The severity of the incident, or `none`.
    pub(super) incident: String,
    /// The whole answer.
    pub(super) answer: Value,
    pub(super) took: Duration,
    /// What is wrong besides.
    pub(super) complaints: Vec<String>,
}

impl Scene {
    /// Starts a gate on these settings, wired so.
    pub(super) async fn set(
        settings: &Settings,
        sizes: Sizes,
        wire: impl FnOnce(Ports) -> Ports,
    ) -> Result<Self> {
        let running = running::start_with(settings, wire).await?;
        let key = Secret::new(running.first_key().context("the database is not empty")?.secret.0.clone());
        let operator = ApiClient::new(&running.url(), key)?;
        let made = operator.post("/tenants", &json!({ "name": "other" })).await?.success()?;
        let other = operator.with_key(Secret::new(text(&made["admin_key"]["secret"])?));
        let (one, other) = (Tenant::of(operator).await?, Tenant::of(other).await?);
        Ok(Self { running, one, other, sizes })
    }

    pub(super) fn url(&self) -> String {
        self.running.url()
    }

    pub(super) async fn end(self) -> Result<()> {
        self.running.shutdown().await
    }
}

impl Tenant {
    async fn of(admin: ApiClient) -> Result<Self> {
        let policy = json!({ "name": "all", "text": "permit(principal, action, resource);" });
        admin.put("/policies", &policy).await?.success()?;
        let key = json!({ "name": "agent", "scopes": ["invoke"] });
        let created = admin.post("/api-keys", &key).await?.success()?;
        let agent = admin.with_key(Secret::new(text(&created["secret"])?));
        Ok(Self { key_id: text(&created["key"]["key_id"])?, admin, agent })
    }

    /// Has the admin register a server; its path, and what the discovery found.
    pub(super) async fn register(&self, url: &str, more: &Value) -> Result<(String, Value)> {
        let place = url.trim_start_matches("http").replace([':', '/'], " ");
        let mut body = json!({ "name": format!("server {}", place.trim()), "url": url });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let registered = self.admin.post("/integrations/mcp-servers", &body).await?.success()?;
        let id = text(&registered["server"]["server_id"])?;
        Ok((format!("/integrations/mcp-servers/{id}"), registered))
    }

    /// Every tool of a server, as its admin sees it.
    pub(super) async fn tools(&self, server: &str) -> Result<Vec<Value>> {
        let tools = self.admin.get(&format!("{server}/tools?limit=100")).await?.success()?;
        Ok(tools["items"].as_array().context("no tools")?.clone())
    }

    /// The path of a tool, and whether its definition is approved now.
    pub(super) async fn approve(&self, server: &str, name: &str) -> Result<String> {
        let tools = self.tools(server).await?;
        let tool = tools.iter().find(|tool| tool["name"] == name).context("no such tool")?;
        let path = format!("{server}/tools/{}", text(&tool["tool_id"])?);
        let approval = json!({ "definition_hash": tool["definition_hash"] });
        self.admin.post(&format!("{path}/approve"), &approval).await?.success()?;
        Ok(path)
    }

    /// Registers a villain that is honest yet, and approves the tool that most have; then it turns.
    pub(super) async fn trust(&self, villain: &Villain) -> Result<String> {
        let (server, registered) = self.register(&villain.url(), &json!({})).await?;
        ensure!(registered["discovery_error"].is_null(), "no discovery: {}", registered["discovery_error"]);
        let tool = self.approve(&server, TOOL).await?;
        villain.turn();
        Ok(tool)
    }

    /// As [`Self::trust`], for a server whose discovery is answered by hand.
    pub(super) async fn trust_by_hand(&self, url: &str) -> Result<String> {
        let (server, _) = self.register(url, &json!({ "protocol": "2026-07-28" })).await?;
        self.approve(&server, TOOL).await
    }

    /// Calls a tool once; again only where changes of others kept it from being decided.
    pub(super) async fn invoke(
        &self,
        tool: &str,
        arguments: &Value,
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        let (path, body) = (format!("{tool}/invoke"), json!({ "arguments": arguments }));
        let mut left = UNSETTLED;
        loop {
            let answer = self.agent.send(HttpMethod::Post, &path, Some(&body), headers).await?;
            left -= 1;
            if answer.json()["code"] != "configuration_unsettled" || left == 0 {
                return Ok(answer);
            }
        }
    }

    /// Calls a tool, and looks at what is on record of it.
    pub(super) async fn call(&self, tool: &str, arguments: &Value) -> Result<Seen> {
        let begun = Instant::now();
        let answer = self.invoke(tool, arguments, &[]).await?;
        let took = begun.elapsed();
        Ok(Seen { took, ..self.look(&answer).await? })
    }

    /// What is on record of a call that was answered so.
    pub(super) async fn look(&self, answer: &Answer) -> Result<Seen> {
        let answer = answer.json();
        let code = code_of(&answer);
        let mut seen = Seen { code, incident: "none".to_owned(), ..Seen::default() };
        if let Some(id) = answer["invocation_id"].as_str() {
            let row = self.admin.get(&format!("/integrations/mcp-invocations/{id}")).await?.success()?;
            seen.outcome = text(&row["outcome"])?;
            if let Some(incident) = row["incident_id"].as_str() {
                let incident = self.admin.get(&format!("/incidents/{incident}")).await?.success()?;
                seen.incident = text(&incident["severity"])?;
            }
            seen.complaints.extend(self.ends_of(id).await?);
        } else {
            seen.complaints.push(format!("no record of a call: {answer}"));
        }
        seen.answer = answer;
        Ok(seen)
    }

    /// A call ends once in the trail.
    async fn ends_of(&self, invocation: &str) -> Result<Option<String>> {
        let events = self.admin.get(&format!("/logs/trail?subject={invocation}")).await?.success()?;
        let items = events["items"].as_array().context("no events")?;
        let is_end = |item: &&Value| {
            let kind = item["event_type"].as_str().unwrap_or_default();
            ["denied", "completed", "failed", "unknown"].iter().any(|end| kind.ends_with(end))
        };
        let ends = items.iter().filter(is_end).count();
        Ok((ends != 1).then(|| format!("{ends} ends of one call in the trail")))
    }

    /// The severity of the newest incident of this cause about a server; `none` if there is none.
    pub(super) async fn incident(&self, cause: &str, server: &str) -> Result<String> {
        let id = server.rsplit('/').next().unwrap_or_default();
        let mut cursor = String::new();
        loop {
            let page = self.admin.get(&format!("/incidents?limit=100{cursor}")).await?.success()?;
            let items = page["items"].as_array().context("no incidents")?;
            let found = items.iter().find(|one| one["cause"] == cause && one["facts"]["server_id"] == id);
            if let Some(found) = found {
                return text(&found["severity"]);
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok("none".to_owned()),
            }
        }
    }
}

/// What the caller is told.
fn code_of(answer: &Value) -> String {
    if let Some(code) = answer["code"].as_str() {
        return code.to_owned();
    }
    match answer["sanitised"]["credential"].as_bool() {
        Some(true) => "result_redacted",
        Some(false) => "result_sanitised",
        None => "ok",
    }
    .to_owned()
}

pub(super) fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().with_context(|| format!("expected a text, found {value}"))?.to_owned())
}
