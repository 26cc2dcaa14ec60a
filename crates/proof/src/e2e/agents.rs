//! Agents that we did not write, of every era, at the MCP endpoint, in front of servers of both eras.

use std::process::{Command, Stdio};

use color_eyre::eyre::{ContextCompat, Result, ensure};
use portcullis_server::api_client::ApiClient;
use serde_json::{Value, json};

use super::{Options, approve, release, tool_path};

/// How the client of the Python SDK connects: it finds out, it shakes hands, or it is told.
const MODES: [&str; 3] = ["auto", "legacy", "2026-07-28"];

/// Prompts and resources are permitted by name of the action only.
const READING: &str =
    r#"permit (principal, action in [Action::"get_prompt", Action::"read_resource"], resource);"#;

/// A tool of a server of one era, as the toolset names it.
struct Offer {
    era: &'static str,
    tool: &'static str,
    name: &'static str,
    arguments: Value,
    answer: &'static str,
}

/// Selects a tool, a prompt and a resource of each server into one toolset, and has each client list and use them.
#[expect(clippy::print_stdout, reason = "a report for people")]
pub(super) async fn run(
    options: &Options,
    admin: &ApiClient,
    agent: &ApiClient,
    origins: &[String; 2],
) -> Result<()> {
    let offers = [
        Offer {
            era: "legacy",
            tool: "echo",
            name: "say",
            arguments: json!({ "message": "through the gate" }),
            answer: "through the gate",
        },
        Offer {
            era: "modern",
            tool: "get_sum",
            name: "add",
            arguments: json!({ "a": 20, "b": 22 }),
            answer: "42",
        },
    ];
    let Selection { servers, selected, readings } = select(admin, &offers, origins).await?;
    let keys = admin.get("/api-keys").await?.success()?;
    let key = keys["items"].as_array().and_then(|keys| keys.iter().find(|key| key["name"] == "e2e-agent"));
    let key = &key.context("no key of the agent")?["key_id"];
    let body = json!({ "name": "e2e", "tools": selected, "keys": [key] });
    admin.post("/integrations/toolsets", &body).await?.success()?;

    for mode in MODES {
        for (offer, (prompt, uri)) in offers.iter().zip(&readings) {
            let said = python_client(options, agent, mode, offer, (prompt, uri))?;
            ensure!(said["tools"] == json!(["add", "say"]), "{mode}: {said}");
            let text = said["text"].as_str().unwrap_or_default();
            ensure!(said["is_error"] == false && text.contains(offer.answer), "{mode}: {said}");
            ensure!(said["prompts"] == json!(["prompt-legacy", "prompt-modern"]), "{mode}: {said}");
            let is_listed =
                |uri: &String| said["resources"].as_array().is_some_and(|all| all.contains(&json!(uri)));
            ensure!(readings.iter().all(|(_, uri)| is_listed(uri)), "{mode}: {said}");
            let is_told = |what: &str| said[what].as_str().is_some_and(|text| !text.is_empty());
            ensure!(is_told("prompt") && is_told("resource"), "{mode}: {said}");
            println!("ok python mcp Client ({mode}) at a {} server", offer.era);
        }
    }
    for offer in &offers {
        let listed = inspector(options, agent, &["--method", "tools/list"])?;
        let names: Vec<_> =
            listed["tools"].as_array().into_iter().flatten().map(|tool| &tool["name"]).collect();
        ensure!(names == ["add", "say"], "inspector: {listed}");
        let mut words = vec!["--method", "tools/call", "--tool-name", offer.name];
        let arguments = offer.arguments.as_object().context("no arguments")?;
        let pairs: Vec<_> = arguments.iter().map(|(name, value)| pair(name, value)).collect();
        words.extend(pairs.iter().flat_map(|pair| ["--tool-arg", pair]));
        let called = inspector(options, agent, &words)?;
        let text = called["content"][0]["text"].as_str().unwrap_or_default();
        ensure!(text.contains(offer.answer), "inspector: {called}");
        println!("ok npm inspector at a {} server", offer.era);
    }
    for server in servers {
        release(admin, &server).await?;
    }
    Ok(())
}

/// What was selected of each server: its path, the entries of the toolset, and the prompt and resource to be read.
struct Selection {
    servers: Vec<String>,
    selected: Vec<Value>,
    readings: Vec<(String, String)>,
}

async fn select(admin: &ApiClient, offers: &[Offer], origins: &[String; 2]) -> Result<Selection> {
    admin.put("/policies", &json!({ "name": "reading", "text": READING })).await?.success()?;
    let mut servers = Vec::new();
    let mut selected = Vec::new();
    let mut readings = Vec::new();
    for (offer, origin) in offers.iter().zip(origins) {
        let body = json!({ "name": format!("{} server", offer.era), "url": format!("{origin}/mcp") });
        let registered = admin.post("/integrations/mcp-servers", &body).await?.success()?;
        let id = registered["server"]["server_id"].as_str().context("no server id")?;
        let server = format!("/integrations/mcp-servers/{id}");
        let tool = tool_path(admin, &server, offer.tool).await?;
        approve(admin, &tool).await?;
        admin.put(&format!("{tool}/risk"), &json!({ "risk_level": "low" })).await?.success()?;
        let tool_id = tool.rsplit('/').next().context("no tool id")?;
        selected.push(json!({ "server_id": id, "tool_id": tool_id, "name": offer.name }));
        let prompt = format!("prompt-{}", offer.era);
        let found = first(admin, &server, "prompt").await?;
        selected.push(json!({ "server_id": id, "tool_id": found["tool_id"], "name": prompt }));
        let found = first(admin, &server, "resource").await?;
        selected.push(json!({ "server_id": id, "tool_id": found["tool_id"] }));
        readings.push((prompt, found["name"].as_str().context("no URI")?.to_owned()));
        servers.push(server);
    }
    Ok(Selection { servers, selected, readings })
}

/// The first item of this kind that asks for no arguments, approved.
async fn first(admin: &ApiClient, server: &str, kind: &str) -> Result<Value> {
    let listed = admin.get(&format!("{server}/tools?limit=100&kind={kind}")).await?.success()?;
    let is_plain = |item: &&Value| item["definition"]["arguments"].as_array().is_none_or(Vec::is_empty);
    let items = listed["items"].as_array().context("no items")?;
    let item = items.iter().find(is_plain).with_context(|| format!("no {kind}: {listed}"))?;
    approve(admin, &format!("{server}/tools/{}", item["tool_id"].as_str().context("no tool id")?)).await?;
    Ok(item.clone())
}

/// The agent's key goes by the environment: arguments of a process are everybody's to read.
fn python_client(
    options: &Options,
    agent: &ApiClient,
    mode: &str,
    offer: &Offer,
    (prompt, uri): (&str, &str),
) -> Result<Value> {
    let mut command = Command::new(&options.python);
    command.arg(&options.client).arg(format!("{}/mcp/e2e", agent.origin())).arg(mode).arg(offer.name);
    command.arg(offer.arguments.to_string()).args([prompt, uri]).env("PORTCULLIS_KEY", agent.key().expose());
    let output = command.stdin(Stdio::null()).output()?;
    ensure!(output.status.success(), "{mode}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// `a=20`, as the inspector takes arguments.
fn pair(name: &str, value: &Value) -> String {
    value.as_str().map_or_else(|| format!("{name}={value}"), |text| format!("{name}={text}"))
}

fn inspector(options: &Options, agent: &ApiClient, words: &[&str]) -> Result<Value> {
    let mut command = Command::new("node");
    command.arg(options.node.join("node_modules/.bin/mcp-inspector")).arg("--cli");
    command.arg(format!("{}/mcp/e2e", agent.origin())).args(["--transport", "http", "--header"]);
    command.arg(format!("Authorization: Bearer {}", agent.key().expose())).args(words);
    let output = command.stdin(Stdio::null()).output()?;
    let failed = || String::from_utf8_lossy(&output.stderr).replace(agent.key().expose(), "<key>");
    ensure!(output.status.success(), "inspector: {}", failed());
    Ok(serde_json::from_slice(&output.stdout)?)
}
