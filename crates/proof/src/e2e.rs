//! End to end: the running binary, over HTTP, in front of MCP servers that we did not write.

use std::path::PathBuf;

use clap::Args;
use color_eyre::eyre::{ContextCompat, Result, ensure};
use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::{Answer, ApiClient};
use serde_json::{Value, json};

use self::servers::Servers;
use crate::plant::Gate;

mod changes;
mod clients;
mod matrix;
mod oauth;
mod paging;
mod questions;
mod readings;
mod servers;

/// Where the programs are. All are required: what is missing is a failure, not a skip.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The `portcullis` binary
    #[arg(long)]
    binary: PathBuf,
    /// Folder whose `node_modules` holds what `package.json` of this crate's folder names
    #[arg(long)]
    node: PathBuf,
    /// A Python with the packages of its `requirements.txt`
    #[arg(long)]
    python: PathBuf,
    /// The server on the Rust SDK, as built from `rmcp` in this crate's folder
    #[arg(long)]
    rmcp: PathBuf,
    /// Folder of this crate's servers and client
    #[arg(long, default_value = "crates/proof/e2e")]
    folder: PathBuf,
}

impl Options {
    /// A program of this crate's folder.
    fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// One real server and what is expected of it.
struct Case {
    name: &'static str,
    url: String,
    protocol: &'static str,
    version: &'static str,
    tool: &'static str,
    arguments: Value,
    answer: &'static str,
    critical: Option<(&'static str, Value)>,
}

#[expect(clippy::print_stdout, reason = "a report for people")]
pub(crate) async fn run(options: Options) -> Result<()> {
    let servers = Servers::start(&options).await?;
    let mut gate = Gate::start(&options.binary, &servers.origins()).await?;

    write_policy(&gate.admin).await?;
    let agent = agent_of(&gate.admin).await?;
    for case in cases(&servers) {
        let path = run_case(&gate.admin, &agent, &case).await?;
        println!("ok {:<34} {} {}", case.name, case.version, case.tool);
        release(&gate.admin, &path).await?;
    }
    matrix::run(&options, &gate.admin, &agent, &servers).await?;
    readings::run(&options, &gate.admin, &agent, &servers).await?;
    questions::run(&options, &gate.admin, &agent, &servers).await?;
    changes::run(&gate.admin, &agent, &servers).await?;
    paging::run(&options, &gate.admin, &agent, &servers.python.origin).await?;
    check_idempotency(&gate.admin, &agent, &servers.everything.origin).await?;
    println!("ok a repeated request is answered without a second call");
    gate.crash_and_restart().await?;
    check_persistence(&gate.admin).await?;
    println!("ok servers, invocations and an intact trail after a crash and a restart");
    oauth::run(&options).await?;
    Ok(())
}

fn cases(servers: &Servers) -> Vec<Case> {
    let python = |name, protocol, version| Case {
        name,
        url: format!("{}/mcp", servers.python.origin),
        protocol,
        version,
        tool: "get_sum",
        arguments: json!({ "a": 20, "b": 22 }),
        answer: "42",
        critical: Some(("delete_row", json!({ "row": 7 }))),
    };
    vec![
        Case {
            name: "npm server-everything (auto)",
            url: format!("{}/mcp", servers.everything.origin),
            protocol: "auto",
            version: "2025-11-25",
            tool: "echo",
            arguments: json!({ "message": "through the gate" }),
            answer: "through the gate",
            critical: None,
        },
        python("python mcp MCPServer (auto)", "auto", "2026-07-28"),
        python("python mcp MCPServer (2026-07-28)", "2026-07-28", "2026-07-28"),
        python("python mcp MCPServer (2025-11-25)", "2025-11-25", "2025-11-25"),
    ]
}

/// Registers, is refused, approves, invokes, is refused the critical tool, checks health. Returns the server's path.
async fn run_case(admin: &ApiClient, agent: &ApiClient, case: &Case) -> Result<String> {
    let body = json!({ "name": case.name, "url": case.url, "protocol": case.protocol });
    let registered = admin.post("/integrations/mcp-servers", &body).await?.success()?;
    let version = &registered["discovery"]["protocol_version"];
    ensure!(version == case.version, "{}: expected {}, got {registered}", case.name, case.version);
    let id = registered["server"]["server_id"].as_str().context("no server id")?;
    let server = format!("/integrations/mcp-servers/{id}");

    let tool = tool_path(admin, &server, case.tool).await?;
    let arguments = json!({ "arguments": case.arguments });
    expect_code(&agent.post(&format!("{tool}/invoke"), &arguments).await?, 403, "tool_quarantined")?;
    approve(admin, &tool).await?;
    // `echo` is in no keyword table, so its risk is high until somebody classifies it.
    admin.put(&format!("{tool}/risk"), &json!({ "risk_level": "low" })).await?.success()?;
    let answer = agent.post(&format!("{tool}/invoke"), &arguments).await?.success()?;
    let said = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
    ensure!(answer["status"] == "success" && said.contains(case.answer), "{}: {answer}", case.name);

    if let Some((name, arguments)) = &case.critical {
        let critical = tool_path(admin, &server, name).await?;
        approve(admin, &critical).await?;
        let refused = agent.post(&format!("{critical}/invoke"), &json!({ "arguments": arguments })).await?;
        expect_code(&refused, 403, "policy_denied")?;
    }
    let health = admin.get(&format!("{server}/health")).await?.success()?;
    ensure!(health["is_healthy"] == true && health["status"] == "active", "{}: {health}", case.name);
    let invocations = admin.get(&format!("{server}/invocations")).await?.success()?;
    let recorded = invocations["items"].as_array().map_or(0, Vec::len);
    let expected = if case.critical.is_some() { 3 } else { 2 };
    ensure!(recorded == expected, "{}: expected {expected} invocations, got {recorded}", case.name);
    Ok(server)
}

/// Deletes the server softly, which frees its URL for the next case; calls are refused at once.
async fn release(admin: &ApiClient, server: &str) -> Result<()> {
    admin.send(HttpMethod::Delete, server, None, &[]).await?.success()?;
    expect_code(&admin.get(server).await?, 404, "not_found")
}

async fn check_idempotency(admin: &ApiClient, agent: &ApiClient, origin: &str) -> Result<()> {
    let body = json!({ "name": "repeats", "url": format!("{origin}/mcp") });
    let registered = admin.post("/integrations/mcp-servers", &body).await?.success()?;
    let id = registered["server"]["server_id"].as_str().context("no server id")?;
    let tool = tool_path(admin, &format!("/integrations/mcp-servers/{id}"), "echo").await?;
    approve(admin, &tool).await?;
    admin.put(&format!("{tool}/risk"), &json!({ "risk_level": "low" })).await?.success()?;
    let once = |message: &str| {
        let body = json!({ "arguments": { "message": message } });
        let path = format!("{tool}/invoke");
        async move { agent.send(HttpMethod::Post, &path, Some(&body), &[("idempotency-key", "e2e-1")]).await }
    };
    let first = once("once").await?;
    let again = once("once").await?;
    ensure!(first.status == 200 && first.text == again.text, "a repeat got another answer: {}", again.text);
    expect_code(&once("twice").await?, 422, "idempotency_mismatch")
}

async fn check_persistence(admin: &ApiClient) -> Result<()> {
    let servers = admin.get("/integrations/mcp-servers").await?.success()?;
    ensure!(
        servers["items"].as_array().is_some_and(|items| items.len() == 1),
        "expected the server: {servers}"
    );
    let invocations = admin.get("/integrations/mcp-invocations").await?.success()?;
    ensure!(invocations["items"].as_array().is_some_and(|items| items.len() >= 9), "invocations are gone");
    let verified = admin.get("/logs/trail/verify").await?.success()?;
    ensure!(verified["intact"] == true, "the trail does not verify: {verified}");
    Ok(())
}

async fn write_policy(admin: &ApiClient) -> Result<()> {
    let templates = admin.get("/policies/templates").await?.success()?;
    let items = templates["items"].as_array().context("no templates")?;
    let template =
        items.iter().find(|item| item["name"] == "allow-low-risk-tools").context("no starter template")?;
    let body = json!({ "name": template["name"], "text": template["text"] });
    admin.put("/policies", &body).await?.success().map(drop)
}

async fn agent_of(admin: &ApiClient) -> Result<ApiClient> {
    let body = json!({ "name": "e2e-agent", "scopes": ["invoke"] });
    let created = admin.post("/api-keys", &body).await?.success()?;
    let key = created["secret"].as_str().context("no key")?;
    Ok(admin.with_key(Secret::new(key.to_owned())))
}

/// The id of the agent's key.
async fn key_of_agent(admin: &ApiClient) -> Result<Value> {
    let keys = admin.get("/api-keys").await?.success()?;
    let mut keys = keys["items"].as_array().into_iter().flatten();
    Ok(keys.find(|key| key["name"] == "e2e-agent").context("no key of the agent")?["key_id"].clone())
}

async fn tool_path(admin: &ApiClient, server: &str, name: &str) -> Result<String> {
    let tools = all_tools(admin, server).await?;
    let tool = tools.iter().find(|tool| tool["kind"] == "tool" && tool["name"] == name);
    let id = tool.and_then(|tool| tool["tool_id"].as_str()).with_context(|| format!("no tool `{name}`"))?;
    Ok(format!("{server}/tools/{id}"))
}

/// All tools of a server, page by page.
async fn all_tools(admin: &ApiClient, server: &str) -> Result<Vec<Value>> {
    let (mut tools, mut query) = (Vec::new(), "limit=100".to_owned());
    loop {
        let page = admin.get(&format!("{server}/tools?{query}")).await?.success()?;
        tools.extend(page["items"].as_array().context("no tools")?.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("limit=100&cursor={cursor}"),
            None => return Ok(tools),
        }
    }
}

async fn approve(admin: &ApiClient, tool: &str) -> Result<()> {
    let found = admin.get(tool).await?.success()?;
    let body = json!({ "definition_hash": found["definition_hash"] });
    admin.post(&format!("{tool}/approve"), &body).await?.success().map(drop)
}

fn expect_code(answer: &Answer, status: u16, code: &str) -> Result<()> {
    let found = answer.json();
    ensure!(
        answer.status == status && found["code"] == code,
        "expected {status} {code}, got {} {}",
        answer.status,
        answer.text
    );
    Ok(())
}
