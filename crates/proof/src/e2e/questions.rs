//! Legacy servers that we did not write ask an agent that we did not write: for a form that its user fills in, and a text by
//! its model. The agent speaks 2026-07-28, so that what is asked on a stream comes to it as rounds.

use std::process::Command;

use color_eyre::eyre::{ContextCompat, Result, ensure};
use portcullis_schemas::integrations::mcp::input::InputKind;
use portcullis_server::api_client::ApiClient;
use serde_json::{Value, json};

use super::servers::Servers;
use super::{Options, approve, clients, key_of_agent, release, tool_path};

const TOOLSET: &str = "questions";
const POLICY: &str = r#"permit (principal, action == Action::"call_tool", resource)
when { context has toolset && context.toolset == "questions" };"#;

/// A tool that asks, and what is in its answer if it was answered.
struct Asking {
    /// The server, and its tool; also the name that it is offered under.
    server: &'static str,
    tool: &'static str,
    arguments: Value,
    answer: &'static str,
}

fn all() -> [Asking; 3] {
    let sample = json!({ "prompt": "What is asked of a model?", "maxTokens": 20 });
    [
        Asking {
            server: "everything",
            tool: "trigger-elicitation-request",
            arguments: json!({}),
            answer: "ada",
        },
        Asking {
            server: "everything",
            tool: "trigger-sampling-request",
            arguments: sample,
            answer: "a text by a model",
        },
        Asking {
            server: "python",
            tool: "order",
            arguments: json!({ "dish": "soup" }),
            answer: "soup for 2",
        },
    ]
}

/// Registers the servers as ones that may ask, and has the client call what asks.
#[expect(clippy::print_stdout, reason = "a report for people")]
pub(super) async fn run(
    options: &Options,
    admin: &ApiClient,
    agent: &ApiClient,
    servers: &Servers,
) -> Result<()> {
    admin.put("/policies", &json!({ "name": "questions", "text": POLICY })).await?.success()?;
    let (mut paths, mut entries, mut calls) = (Vec::new(), Vec::new(), Vec::new());
    for (name, server) in [("everything", &servers.everything), ("python", &servers.python)] {
        let url = format!("{}/mcp?questions", server.origin);
        let body = json!({
            "name": format!("{name} that asks"), "url": url, "protocol": "2025-11-25", "agent_input": InputKind::ALL,
        });
        let registered = admin.post("/integrations/mcp-servers", &body).await?.success()?;
        let id = registered["server"]["server_id"].as_str().context("no server id")?;
        let path = format!("/integrations/mcp-servers/{id}");
        for asking in all().into_iter().filter(|asking| asking.server == name) {
            let tool = tool_path(admin, &path, asking.tool).await?;
            approve(admin, &tool).await?;
            let tool_id = tool.rsplit('/').next().context("no tool id")?;
            entries.push(json!({ "server_id": id, "tool_id": tool_id, "name": asking.tool }));
            calls.push(json!({ "tool": asking.tool, "arguments": asking.arguments }));
        }
        paths.push(path);
    }
    let body = json!({ "name": TOOLSET, "tools": entries, "keys": [key_of_agent(admin).await?] });
    admin.post("/integrations/toolsets", &body).await?.success()?;
    let mut command = Command::new(&options.python);
    command.arg(options.folder.join("mcp_answerer.py")).arg(format!("{}/mcp/{TOOLSET}", agent.origin()));
    command.arg(Value::from(calls).to_string()).env("PORTCULLIS_KEY", agent.key().expose());
    let said = clients::json_of(command, agent)?;
    for (asking, called) in all().iter().zip(said["calls"].as_array().context("no calls")?) {
        let text = called["text"].as_str().unwrap_or_default();
        ensure!(called["is_error"] == false && text.contains(asking.answer), "{}: {called}", asking.tool);
    }
    ensure!(said["asked"] == json!(["form", "model", "form"]), "asked otherwise: {said}");
    println!("ok python mcp Client (2026-07-28) answers what servers of 2025-11-25 ask it");
    for path in paths {
        release(admin, &path).await?;
    }
    Ok(())
}
