//! Servers that we did not write learn a tool while an agent uses them, and say so: the gate has it before anybody looks.

use std::time::Duration;

use color_eyre::eyre::{ContextCompat, Result, bail, ensure};
use portcullis_server::api_client::ApiClient;
use serde_json::json;

use super::servers::Servers;
use super::{all_tools, approve, release, tool_path};

/// How long the news may take, beside the ten seconds that lie between two readings.
const SOON: Duration = Duration::from_secs(20);
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(100);

/// One of each era.
#[expect(clippy::print_stdout, reason = "a report for people")]
pub(super) async fn run(admin: &ApiClient, agent: &ApiClient, servers: &Servers) -> Result<()> {
    for (name, origin, version) in [
        ("python mcp MCPServer", &servers.python.origin, "2026-07-28"),
        ("rmcp", &servers.rmcp.origin, "2025-11-25"),
    ] {
        let url = format!("{origin}/mcp?changes");
        let body = json!({ "name": format!("{name} that learns"), "url": url, "protocol": version });
        let registered = admin.post("/integrations/mcp-servers", &body).await?.success()?;
        let id = registered["server"]["server_id"].as_str().context("no server id")?;
        let path = format!("/integrations/mcp-servers/{id}");
        let shown = admin.get(&path).await?.success()?;
        let flags = shown["capabilities"].as_array().context("no capabilities")?;
        ensure!(flags.contains(&json!("tools.listChanged")), "{name}: {shown}");
        ensure!(!has_learnt(admin, &path).await?, "{name} has learnt it before it was taught");
        let lesson = tool_path(admin, &path, "get_lesson").await?;
        approve(admin, &lesson).await?;
        admin.put(&format!("{lesson}/risk"), &json!({ "risk_level": "low" })).await?.success()?;
        // The first call begins to listen, so that what it changes itself may come too early to be heard of.
        for _ in 0..2 {
            let answer =
                agent.post(&format!("{lesson}/invoke"), &json!({ "arguments": {} })).await?.success()?;
            ensure!(answer["status"] == "success", "{name}: {answer}");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        until_learnt(admin, &path, name).await?;
        release(admin, &path).await?;
        println!("ok {name} ({version}) tells of a tool that it has learnt");
    }
    Ok(())
}

/// Nobody calls or looks at a toolset meanwhile: what is found was told.
async fn until_learnt(admin: &ApiClient, server: &str, name: &str) -> Result<()> {
    let looks = SOON.as_millis() / LOOK.as_millis();
    for _ in 0..looks {
        if has_learnt(admin, server).await? {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    bail!("{name}: its new tool was not heard of")
}

async fn has_learnt(admin: &ApiClient, server: &str) -> Result<bool> {
    let tools = all_tools(admin, server).await?;
    let learnt = tools.iter().find(|tool| tool["name"] == "get_learnt");
    ensure!(learnt.is_none_or(|tool| tool["status"] == "quarantined"), "what is new needs an admin");
    Ok(learnt.is_some())
}
