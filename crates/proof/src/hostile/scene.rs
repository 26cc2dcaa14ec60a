//! The running product in front of villains, and what its people see of what they do.

use std::time::{Duration, Instant};

use color_eyre::eyre::{ContextCompat, Result, bail, ensure};
use portcullis_mcp::headers::{ACCEPT_BOTH, standard_headers};
use portcullis_mcp::messages::method;
use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::integrations::mcp::input::InputKind;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::{Answer, ApiClient};
use portcullis_server::config::Settings;
use portcullis_server::running::{self, Running};
use portcullis_spine::Ports;
use serde_json::{Value, json};

use super::speech::{TOOL, messages};
use super::told::{UNRECORDED_CODE, code_of};
use super::villain::Villain;
use crate::patience::{PAUSE, UNSETTLED, is_passing_code, patiently, settled};

/// How often a call is made whose outcome a busy disk does not take in time.
const UNRECORDED: usize = 3;

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
    /// Calls whose results come after the deadline.
    pub(super) late: usize,
    /// From the answer of a call until its place is another's.
    pub(super) freed: Duration,
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
        let other = found(&operator, "other").await?;
        let one = Tenant::of(operator).await?;
        Ok(Self { running, one, other, sizes })
    }

    /// One more tenant.
    pub(super) async fn found(&self, name: &str) -> Result<Tenant> {
        found(&self.one.admin, name).await
    }

    pub(super) fn url(&self) -> String {
        self.running.url()
    }

    pub(super) async fn end(self) -> Result<()> {
        self.running.shutdown().await
    }
}

impl Tenant {
    /// Has the admin read what stands there.
    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        patiently(&self.admin, HttpMethod::Get, path, None).await
    }

    /// Has the admin do it.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        patiently(&self.admin, HttpMethod::Post, path, Some(body)).await
    }

    /// Has the admin put it there.
    pub(super) async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        patiently(&self.admin, HttpMethod::Put, path, Some(body)).await
    }

    /// Has the admin change it.
    pub(super) async fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        patiently(&self.admin, HttpMethod::Patch, path, Some(body)).await
    }

    async fn of(admin: ApiClient) -> Result<Self> {
        let policy = json!({ "name": "all", "text": "permit(principal, action, resource);" });
        patiently(&admin, HttpMethod::Put, "/policies", Some(&policy)).await?;
        let key = json!({ "name": "agent", "scopes": ["invoke"] });
        let created = patiently(&admin, HttpMethod::Post, "/api-keys", Some(&key)).await?;
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
        let mut registered = self.post("/integrations/mcp-servers", &body).await?;
        let server = format!("/integrations/mcp-servers/{}", text(&registered["server"]["server_id"])?);
        // Others change the tenant's configuration meanwhile, and a busy disk is no villain.
        let mut left = UNSETTLED;
        while left > 0
            && matches!(
                registered["discovery_error"].as_str(),
                Some("configuration_unsettled" | "audit_unavailable" | "store_unavailable" | UNRECORDED_CODE)
            )
        {
            left -= 1;
            tokio::time::sleep(PAUSE).await;
            let again = self.admin.post(&format!("{server}/discover"), &json!({})).await?;
            let answer = again.json();
            registered["discovery_error"] = answer["code"].clone();
            registered["discovery"] = answer;
        }
        Ok((server, registered))
    }

    /// Every tool of a server, as its admin sees it.
    pub(super) async fn tools(&self, server: &str) -> Result<Vec<Value>> {
        let tools = self.get(&format!("{server}/tools?limit=100")).await?;
        Ok(tools["items"].as_array().context("no tools")?.clone())
    }

    /// Has the admin approve the definition that a tool of this name has now. The tool's path.
    pub(super) async fn approve(&self, server: &str, name: &str) -> Result<String> {
        let tools = self.tools(server).await?;
        let tool = tools.iter().find(|tool| tool["name"] == name).context("no such tool")?;
        let path = format!("{server}/tools/{}", text(&tool["tool_id"])?);
        let approval = json!({ "definition_hash": tool["definition_hash"] });
        self.post(&format!("{path}/approve"), &approval).await?;
        Ok(path)
    }

    /// Registers a villain that is honest yet, and approves the tool that most have; then it turns.
    pub(super) async fn trust(&self, villain: &Villain) -> Result<String> {
        self.trust_with(villain, &json!({})).await
    }

    /// As [`Self::trust`], where an admin lets the server ask this of agents.
    pub(super) async fn trust_to_ask(&self, villain: &Villain, kinds: &[InputKind]) -> Result<String> {
        self.trust_with(villain, &json!({ "agent_input": kinds })).await
    }

    /// As [`Self::trust`], registered with these members besides.
    pub(super) async fn trust_with(&self, villain: &Villain, more: &Value) -> Result<String> {
        let (server, registered) = self.register(&villain.url(), more).await?;
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

    /// As [`invoke`], of this tenant's agent.
    pub(super) async fn invoke(
        &self,
        tool: &str,
        arguments: &Value,
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        invoke(&self.agent, tool, arguments, headers).await
    }

    /// Calls a tool, and looks at what is on record of it.
    pub(super) async fn call(&self, tool: &str, arguments: &Value) -> Result<Seen> {
        self.call_with(tool, arguments, &[]).await
    }

    /// The same with these headers. It is made again if a busy disk did not take its outcome in time: its caller is told so, or
    /// was told that the deadline has passed, which is told to who set none only when the outcome was not on record 0.1 s after
    /// the gate's own.
    pub(super) async fn call_with(
        &self,
        tool: &str,
        arguments: &Value,
        headers: &[(&str, &str)],
    ) -> Result<Seen> {
        let has_deadline = headers.iter().any(|(name, _)| *name == "prefer");
        let mut left = UNRECORDED;
        loop {
            let begun = Instant::now();
            let answer = self.invoke(tool, arguments, headers).await?.json();
            let took = begun.elapsed();
            left -= 1;
            let is_late = answer["code"] == "deadline_exceeded";
            let is_lost = answer["code"] == UNRECORDED_CODE
                || (is_late && (!has_deadline || !self.is_recorded(&answer).await?));
            if !is_lost || left == 0 {
                return Ok(Seen { took, ..self.look_at(answer).await? });
            }
        }
    }

    /// Calls a tool as a modern agent whose client can be asked for forms and URLs, with these members of the request besides.
    pub(super) async fn ask_as_agent(&self, tool: &str, more: &Value) -> Result<Value> {
        let mut params = json!({ "name": TOOL, "arguments": {} });
        if let (Some(params), Some(more)) = (params.as_object_mut(), more.as_object()) {
            params.extend(more.clone());
        }
        let toolset = self.offer(tool).await?;
        self.send_as_agent(&toolset, method::TOOLS_CALL, TOOL, params).await
    }

    /// Has such an agent send any request to a toolset, about what is named so. The answer.
    pub(super) async fn send_as_agent(
        &self,
        toolset: &str,
        method: &str,
        name: &str,
        params: Value,
    ) -> Result<Value> {
        let messages = self.hear_as_agent(toolset, method, name, params).await?;
        Ok(messages.into_iter().last().unwrap_or_default())
    }

    /// As [`Self::send_as_agent`]: all that it is told, the answer last.
    pub(super) async fn hear_as_agent(
        &self,
        toolset: &str,
        method: &str,
        name: &str,
        mut params: Value,
    ) -> Result<Vec<Value>> {
        let version = ProtocolVersion::V2026_07_28;
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = version.as_str().into();
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] =
            json!({ "elicitation": { "form": {}, "url": {} } });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut headers = standard_headers(version, method, Some(name));
        headers.push(("accept".to_owned(), ACCEPT_BOTH.to_owned()));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let path = format!("/mcp/{toolset}");
        let mut left = UNSETTLED;
        loop {
            let told = messages(&self.agent.send(HttpMethod::Post, &path, Some(&body), &headers).await?.text);
            left -= 1;
            let code = told.last().map(|last| &last["error"]["data"]["code"]);
            if !code.is_some_and(is_passing_code) || left == 0 {
                return Ok(told);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A toolset of this tool for the agent.
    pub(super) async fn offer(&self, tool: &str) -> Result<String> {
        let ids: Vec<&str> = tool.split('/').collect();
        let [.., server, "tools", id] = ids[..] else { bail!("no tool: {tool}") };
        let toolset = id.replace('_', "-");
        let selected = json!([{ "server_id": server, "tool_id": id, "name": TOOL }]);
        let body = json!({ "name": toolset, "tools": selected, "keys": [self.key_id] });
        self.post("/integrations/toolsets", &body).await?;
        Ok(toolset)
    }

    /// What is on record of a call that an agent was answered so.
    pub(super) async fn look_at_told(&self, told: Value) -> Result<Seen> {
        let data = &told["error"]["data"];
        let mut answer =
            json!({ "code": data["code"], "invocation_id": data["invocation_id"], "told": told.clone() });
        // A failure that a model may mend is told in words, which name code and record.
        if let Some(words) = told["result"]["content"][0]["text"].as_str() {
            let record = words.split_once("(invocation_id ").and_then(|(_, rest)| rest.split_once(')'));
            answer["code"] = words.split(':').next().unwrap_or_default().into();
            answer["invocation_id"] = record.map(|(id, _)| id).into();
        }
        if told["result"]["resultType"] == "input_required" {
            answer["code"] = "ok".into();
            let label = &told["result"]["_meta"]["portcullis/label"];
            answer["invocation_id"] = self.newest_call(&text(&label["serverId"])?).await?;
        }
        self.look_at(answer).await
    }

    /// The id of the newest call of a server. A question names none.
    async fn newest_call(&self, server: &str) -> Result<Value> {
        let made = self.get(&format!("/integrations/mcp-invocations?limit=1&server_id={server}")).await?;
        Ok(made["items"][0]["invocation_id"].clone())
    }

    /// What is on record of a call that was answered so.
    pub(super) async fn look(&self, answer: &Answer) -> Result<Seen> {
        self.look_at(answer.json()).await
    }

    async fn look_at(&self, answer: Value) -> Result<Seen> {
        let code = code_of(&answer);
        let mut seen = Seen { code, incident: "none".to_owned(), ..Seen::default() };
        if let Some(id) = answer["invocation_id"].as_str() {
            self.is_recorded(&answer).await?;
            let row = self.get(&record_of(id)).await?;
            seen.outcome = text(&row["outcome"])?;
            if let Some(incident) = row["incident_id"].as_str() {
                let incident = self.get(&format!("/incidents/{incident}")).await?;
                seen.incident = text(&incident["severity"])?;
            }
            seen.complaints.extend(self.ends_of(id).await?);
        } else {
            seen.complaints.push(format!("no record of a call: {answer}"));
        }
        seen.answer = answer;
        Ok(seen)
    }

    /// Whether a call that was answered so is on record. One that was answered at its deadline may come there a little later.
    async fn is_recorded(&self, answer: &Value) -> Result<bool> {
        let Some(id) = answer["invocation_id"].as_str() else { return Ok(true) };
        let path = record_of(id);
        for _ in 0..UNSETTLED {
            if self.admin.get(&path).await?.status != 404 {
                return Ok(true);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(false)
    }

    /// A call ends once in the trail; else how often it does. Its end may come a little later too.
    pub(super) async fn ends_of(&self, invocation: &str) -> Result<Option<String>> {
        let mut ends = 0;
        for _ in 0..UNSETTLED {
            let events = self.get(&format!("/logs/trail?subject={invocation}")).await?;
            ends = events["items"].as_array().context("no events")?.iter().filter(is_end).count();
            if ends > 0 {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok((ends != 1).then(|| format!("{ends} ends of one call in the trail")))
    }

    /// The severity of the newest incident of this cause about a server; `none` if there is none.
    pub(super) async fn incident(&self, cause: &str, server: &str) -> Result<String> {
        let id = server.rsplit('/').next().unwrap_or_default();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("/incidents?limit=100{cursor}")).await?;
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

async fn found(operator: &ApiClient, name: &str) -> Result<Tenant> {
    let made = patiently(operator, HttpMethod::Post, "/tenants", Some(&json!({ "name": name }))).await?;
    Tenant::of(operator.with_key(Secret::new(text(&made["admin_key"]["secret"])?))).await
}

/// Calls a tool once; again only where changes of others, or a busy disk, kept it from being made.
pub(super) async fn invoke(
    agent: &ApiClient,
    tool: &str,
    arguments: &Value,
    headers: &[(&str, &str)],
) -> Result<Answer> {
    let (path, body) = (format!("{tool}/invoke"), json!({ "arguments": arguments }));
    settled(agent, HttpMethod::Post, &path, Some(&body), headers).await
}

fn record_of(invocation: &str) -> String {
    format!("/integrations/mcp-invocations/{invocation}")
}

fn is_end(event: &&Value) -> bool {
    let kind = event["event_type"].as_str().unwrap_or_default();
    ["denied", "completed", "failed", "unknown"].iter().any(|end| kind.ends_with(end))
}

pub(super) fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().with_context(|| format!("expected a text, found {value}"))?.to_owned())
}
