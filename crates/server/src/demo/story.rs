//! The story that the demo tells, through the HTTP API, as an admin and as an agent.

use std::io::Write;

use color_eyre::eyre::{OptionExt, Result, ensure, eyre};
use portcullis_schemas::secret::Secret;
use serde_json::{Value, json};

use super::transcript::Transcript;
use super::upstream::Upstream;
use crate::api_client::{Answer, ApiClient};

/// What the story leaves behind, for those who go on by hand.
#[derive(Debug)]
pub(super) struct Epilogue {
    /// The agent's key.
    pub(super) agent_key: Secret,
    /// Path of the tool that may be called.
    pub(super) invoke_path: String,
}

/// Tells the story. Every sentence that it prints was checked against the API's answer first.
///
/// # Errors
/// When an answer is not what the story says.
pub(super) async fn tell<W: Write>(
    admin: &ApiClient,
    weather: &Upstream,
    notes: &Upstream,
    out: &mut Transcript<W>,
) -> Result<Epilogue> {
    out.chapter("An admin registers two MCP servers; their tools are discovered and quarantined")?;
    let forecast_server = register(admin, "weather", weather, out).await?;
    let notes_server = register(admin, "notes", notes, out).await?;
    let forecast = find_tool(admin, &forecast_server, "get_forecast").await?;
    let deletion = find_tool(admin, &forecast_server, "delete_station").await?;
    let search = find_tool(admin, &notes_server, "search_notes").await?;

    out.chapter("An agent gets a key, and nothing else")?;
    let agent_key = create_agent_key(admin).await?;
    let agent = admin.with_key(agent_key.clone());
    out.done("key `demo-agent` with the scope `invoke`")?;
    let early = invoke(&agent, &forecast, json!({ "city": "Zurich" })).await?;
    expect_refusal(&early, "tool_quarantined", "get_forecast before anybody has approved it", out)?;

    out.chapter("The admin approves definitions, which pins them, and writes a policy")?;
    for tool in [&forecast, &deletion, &search] {
        approve(admin, tool, out).await?;
    }
    put_starter_policy(admin, out).await?;

    out.chapter("The agent calls what it may, and is refused what it may not")?;
    let answer = invoke(&agent, &forecast, json!({ "city": "Zurich" })).await?;
    expect_result(&answer, "get_forecast (2026-07-28)", out)?;
    let answer = invoke(&agent, &search, json!({ "word": "release" })).await?;
    expect_result(&answer, "search_notes (2025-11-25)", out)?;
    let answer = invoke(&agent, &deletion, json!({ "station": "ZRH-1" })).await?;
    expect_refusal(
        &answer,
        "policy_denied",
        "delete_station: its risk is critical and no policy permits it",
        out,
    )?;
    let answer = invoke(&agent, &forecast, json!({ "city": "Zurich", "units": "metric" })).await?;
    expect_refusal(
        &answer,
        "arguments_invalid",
        "get_forecast with an argument that its schema does not know",
        out,
    )?;

    out.chapter("The weather server changes one byte of a definition")?;
    weather.change_one_byte("get_forecast");
    break_pin(admin, &agent, &forecast_server, &forecast, out).await?;

    out.chapter("The trail: every step is in it, chained, and verifies")?;
    verify_trail(admin, out).await?;
    Ok(Epilogue { agent_key, invoke_path: format!("{}/invoke", path(&search)) })
}

async fn register<W: Write>(
    admin: &ApiClient,
    name: &str,
    upstream: &Upstream,
    out: &mut Transcript<W>,
) -> Result<String> {
    let body = json!({ "name": name, "url": upstream.url(), "description": "bundled with the demo" });
    let registered = admin.post("/integrations/mcp-servers", &body).await?.success()?;
    ensure!(registered["discovery_error"].is_null(), "discovery failed: {}", registered["discovery_error"]);
    let version = text(&registered["discovery"]["protocol_version"])?;
    let found = &registered["discovery"]["tools_found"];
    out.done(&format!("{name} at {} speaks {version}: {found} tools, all quarantined", upstream.url()))?;
    Ok(text(&registered["server"]["server_id"])?.to_owned())
}

async fn find_tool(admin: &ApiClient, server: &str, name: &str) -> Result<Value> {
    let tools = admin.get(&format!("/integrations/mcp-servers/{server}/tools")).await?.success()?;
    let items = tools["items"].as_array().ok_or_eyre("expected a page of tools")?;
    items.iter().find(|tool| tool["name"] == name).cloned().ok_or_else(|| eyre!("no tool `{name}`"))
}

async fn create_agent_key(admin: &ApiClient) -> Result<Secret> {
    let body = json!({ "name": "demo-agent", "scopes": ["invoke"] });
    let created = admin.post("/api-keys", &body).await?.success()?;
    Ok(Secret::new(text(&created["secret"])?.to_owned()))
}

async fn approve<W: Write>(admin: &ApiClient, tool: &Value, out: &mut Transcript<W>) -> Result<()> {
    let body = json!({ "definition_hash": tool["definition_hash"] });
    let approved = admin.post(&format!("{}/approve", path(tool)), &body).await?.success()?;
    let pin = text(&approved["pinned_hash"])?;
    out.done(&format!(
        "{} approved: risk {}, pin {}...",
        text(&approved["name"])?,
        text(&approved["risk_level"])?,
        &pin[..12]
    ))?;
    Ok(())
}

async fn put_starter_policy<W: Write>(admin: &ApiClient, out: &mut Transcript<W>) -> Result<()> {
    let templates = admin.get("/policies/templates").await?.success()?;
    let items = templates["items"].as_array().ok_or_eyre("expected templates")?;
    let template =
        items.iter().find(|item| item["name"] == "allow-low-risk-tools").ok_or_eyre("no starter template")?;
    let body =
        json!({ "name": template["name"], "description": template["description"], "text": template["text"] });
    let policy = admin.put("/policies", &body).await?.success()?;
    out.done(&format!("policy `{}`, version {}:", text(&policy["name"])?, policy["version"]))?;
    for line in text(&policy["text"])?.lines().filter(|line| !line.trim().is_empty()) {
        out.note(line)?;
    }
    Ok(())
}

async fn invoke(agent: &ApiClient, tool: &Value, arguments: Value) -> Result<Answer> {
    agent
        .post(&format!("{}/invoke", path(tool)), &json!({ "arguments": arguments, "run_id": "demo-run" }))
        .await
}

async fn break_pin<W: Write>(
    admin: &ApiClient,
    agent: &ApiClient,
    server: &str,
    tool: &Value,
    out: &mut Transcript<W>,
) -> Result<()> {
    let found =
        admin.post(&format!("/integrations/mcp-servers/{server}/discover"), &json!({})).await?.success()?;
    ensure!(found["tools_changed"] == 1, "expected one changed tool: {found}");
    out.done("re-discovery: 1 tool changed, quarantined again")?;
    let answer = invoke(agent, tool, json!({ "city": "Zurich" })).await?;
    expect_refusal(&answer, "tool_quarantined", "get_forecast under its new definition", out)?;
    let incidents = admin.get("/incidents?status=open").await?.success()?;
    let items = incidents["items"].as_array().ok_or_eyre("expected a page of incidents")?;
    ensure!(
        items.iter().any(|item| item["cause"] == "pin_broken"),
        "expected an incident for the broken pin"
    );
    for incident in items {
        out.note(&format!("incident [{}] {}", text(&incident["severity"])?, text(&incident["title"])?))?;
    }
    Ok(())
}

async fn verify_trail<W: Write>(admin: &ApiClient, out: &mut Transcript<W>) -> Result<()> {
    let trail = admin.get("/logs/trail?limit=8").await?.success()?;
    for event in trail["items"].as_array().ok_or_eyre("expected a page of events")?.iter().rev() {
        let (sequence, kind) = (&event["sequence"], text(&event["event_type"])?);
        out.note(&format!("#{sequence:<4} {kind:<28} {}", text(&event["actor"]["name"])?))?;
    }
    let verified = admin.get("/logs/trail/verify").await?.success()?;
    ensure!(verified["intact"] == true, "the trail does not verify: {verified}");
    let head = text(&verified["head"])?;
    out.done(&format!("{} events, chain intact, head {}...", verified["events"], &head[..16]))?;
    Ok(())
}

fn expect_result<W: Write>(answer: &Answer, what: &str, out: &mut Transcript<W>) -> Result<()> {
    ensure!(answer.status == 200, "expected a result of {what}: {} {}", answer.status, answer.text);
    let body = answer.json();
    let said = text(&body["result"]["content"][0]["text"])?;
    out.done(&format!("{what}: {said}"))?;
    out.note(&format!("{} in {} ms", text(&body["invocation_id"])?, body["duration_ms"]))?;
    Ok(())
}

fn expect_refusal<W: Write>(answer: &Answer, code: &str, what: &str, out: &mut Transcript<W>) -> Result<()> {
    let problem = answer.json();
    ensure!(problem["code"] == code, "expected {code} for {what}: {} {}", answer.status, answer.text);
    out.refused(&format!("{what}: {} {code}", answer.status))?;
    Ok(())
}

fn path(tool: &Value) -> String {
    let part = |name: &str| tool[name].as_str().unwrap_or_default().to_owned();
    format!("/integrations/mcp-servers/{}/tools/{}", part("server_id"), part("tool_id"))
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().ok_or_eyre("expected a text in the API's answer")
}
