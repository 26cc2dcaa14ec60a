//! Prompts and resources of servers that we did not write, read by a client that we did not write, in every era.

use std::process::Command;

use color_eyre::eyre::{ContextCompat, Result, WrapErr, ensure};
use portcullis_server::api_client::ApiClient;
use serde_json::{Value, json};

use super::servers::Servers;
use super::{Options, approve, clients, key_of_agent, release};

const TOOLSET: &str = "readings";
/// How the client connects: it finds out, it shakes hands, or it is told.
const MODES: [&str; 3] = ["auto", "legacy", "2026-07-28"];
/// Prompts and resources are permitted by the names of their actions only.
const POLICY: &str =
    r#"permit (principal, action in [Action::"get_prompt", Action::"read_resource"], resource);"#;

/// Selects a prompt and a resource of each server into one toolset, and has the client list and read them.
#[expect(clippy::print_stdout, reason = "a report for people")]
pub(super) async fn run(
    options: &Options,
    admin: &ApiClient,
    agent: &ApiClient,
    servers: &Servers,
) -> Result<()> {
    admin.put("/policies", &json!({ "name": "reading", "text": POLICY })).await?.success()?;
    let (mut paths, mut selected, mut prompts, mut uris) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (name, server) in [("everything", &servers.everything), ("python", &servers.python)] {
        let body = json!({ "name": format!("readings {name}"), "url": format!("{}/mcp", server.origin) });
        let registered = admin.post("/integrations/mcp-servers", &body).await?.success()?;
        let id = registered["server"]["server_id"].as_str().context("no server id")?;
        let path = format!("/integrations/mcp-servers/{id}");
        let prompt = first(admin, &path, "prompt").await?;
        selected
            .push(json!({ "server_id": id, "tool_id": prompt["tool_id"], "name": format!("prompt-{name}") }));
        prompts.push(format!("prompt-{name}"));
        let resource = first(admin, &path, "resource").await?;
        selected.push(json!({ "server_id": id, "tool_id": resource["tool_id"] }));
        uris.push(resource["name"].as_str().context("no URI")?.to_owned());
        paths.push(path);
    }
    let body = json!({ "name": TOOLSET, "tools": selected, "keys": [key_of_agent(admin).await?] });
    admin.post("/integrations/toolsets", &body).await?.success()?;
    for mode in MODES {
        let said = read(options, agent, mode, &prompts, &uris).wrap_err(mode)?;
        ensure!(said["prompts"] == json!(prompts), "{mode}: {said}");
        let listed = said["resources"].as_array().context("no resources")?;
        ensure!(
            listed.len() == uris.len() && uris.iter().all(|uri| listed.contains(&json!(uri))),
            "{mode}: {said}"
        );
        let texts = ["got", "read"].iter().filter_map(|what| said[*what].as_array()).flatten();
        let told = texts.filter(|text| text.as_str().is_some_and(|text| !text.is_empty())).count();
        ensure!(told == prompts.len() + uris.len(), "{mode}: {said}");
        println!("ok python mcp Client ({mode}) gets prompts and reads resources of servers of both eras");
    }
    for path in paths {
        release(admin, &path).await?;
    }
    Ok(())
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
fn read(
    options: &Options,
    agent: &ApiClient,
    mode: &str,
    prompts: &[String],
    uris: &[String],
) -> Result<Value> {
    let mut command = Command::new(&options.python);
    command
        .arg(options.folder.join("mcp_reader.py"))
        .arg(format!("{}/mcp/{TOOLSET}", agent.origin()))
        .arg(mode);
    command.args([json!(prompts).to_string(), json!(uris).to_string()]);
    command.env("PORTCULLIS_KEY", agent.key().expose());
    clients::json_of(command, agent)
}
