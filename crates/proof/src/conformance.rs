//! The official conformance suite of MCP, its server leg, through the running binary: agents of both eras, in front of a
//! small server that we wrote on another's SDK, in each of both eras too. What fails and is known stands in a file for each revision; a failure
//! that is not in it breaks the run, and so does one that is and does not fail any more.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Args;
use color_eyre::eyre::{ContextCompat, Result, WrapErr, ensure};
use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use serde_json::{Value, json};

use crate::plant::{Gate, Program, free_port};

/// The revisions that agents may speak in it.
const REVISIONS: [&str; 2] = ["2026-07-28", "2025-11-25"];

/// What the server behind the gate is spoken to in.
const UPSTREAMS: [&str; 2] = ["2026-07-28", "2025-11-25"];

/// A policy that permits whatever a server lists.
const ALL: &str = r#"permit (
  principal,
  action in [Action::"call_tool", Action::"get_prompt", Action::"read_resource"],
  resource
);"#;

/// Where the programs are. All are required: what is missing is a failure, not a skip.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The `portcullis` binary
    #[arg(long)]
    binary: PathBuf,
    /// Folder whose `node_modules` holds the suite, and a Node.js that runs it
    #[arg(long)]
    node: PathBuf,
    /// A Python with the package `mcp`
    #[arg(long)]
    python: PathBuf,
    /// Folder of this crate's server, front and expectations
    #[arg(long, default_value = "crates/proof/conformance")]
    folder: PathBuf,
}

#[expect(clippy::print_stdout, reason = "a report for people")]
pub(crate) async fn run(options: Options) -> Result<()> {
    let (server_port, front_port) = (free_port()?, free_port()?);
    let mut server = Command::new(&options.python);
    server.arg(options.folder.join("server.py")).arg(server_port.to_string());
    let _server = Program::listening(server, server_port).await?;
    let origin = format!("http://127.0.0.1:{server_port}");
    let gate = Gate::start(&options.binary, std::slice::from_ref(&origin)).await?;
    let agent = offered(&gate.admin, &origin).await?;
    let mut front = Command::new(options.node.join("node_modules/.bin/node"));
    front.arg(options.folder.join("with_key.mjs")).arg(front_port.to_string());
    front.arg(format!("{}/mcp/conformance", agent.origin())).env("PORTCULLIS_KEY", agent.key().expose());
    let _front = Program::listening(front, front_port).await?;
    for pin in UPSTREAMS {
        let servers = gate.admin.get("/integrations/mcp-servers").await?.success()?;
        let id = servers["items"][0]["server_id"].as_str().context("no server")?;
        let body = json!({ "protocol": pin });
        let path = format!("/integrations/mcp-servers/{id}");
        gate.admin.send(HttpMethod::Patch, &path, Some(&body), &[]).await?.success()?;
        for revision in REVISIONS {
            let total = suite(&options, &format!("http://127.0.0.1:{front_port}/mcp"), revision)?;
            println!(
                "ok conformance {revision}, upstream {pin}, but for the failures that are known: {total}"
            );
        }
    }
    Ok(())
}

/// Registers the server and offers all that it lists, under its own names. The agent's client.
async fn offered(admin: &ApiClient, origin: &str) -> Result<ApiClient> {
    let body = json!({ "name": "fixture", "url": format!("{origin}/mcp") });
    let registered = admin.post("/integrations/mcp-servers", &body).await?.success()?;
    let id = registered["server"]["server_id"].as_str().context("no server id")?;
    let server = format!("/integrations/mcp-servers/{id}");
    let tools = admin.get(&format!("{server}/tools?limit=100")).await?.success()?;
    let mut selected: Vec<Value> = Vec::new();
    for tool in tools["items"].as_array().context("no tools")? {
        let tool_id = tool["tool_id"].as_str().context("no tool id")?;
        let approval = json!({ "definition_hash": tool["definition_hash"] });
        admin.post(&format!("{server}/tools/{tool_id}/approve"), &approval).await?.success()?;
        let mut selection = json!({ "server_id": id, "tool_id": tool_id });
        if ["tool", "prompt"].iter().any(|kind| tool["kind"] == *kind) {
            selection["name"] = tool["name"].clone();
        }
        selected.push(selection);
    }
    let policy = json!({ "name": "all", "text": ALL });
    admin.put("/policies", &policy).await?.success()?;
    let agent = json!({ "name": "agent", "scopes": ["invoke"] });
    let agent = admin.post("/api-keys", &agent).await?.success()?;
    let body = json!({ "name": "conformance", "tools": selected, "keys": [agent["key"]["key_id"]] });
    admin.post("/integrations/toolsets", &body).await?.success()?;
    let key = agent["secret"].as_str().context("no key")?;
    Ok(admin.with_key(Secret::new(key.to_owned())))
}

/// Runs the requirements of a revision, and compares what fails with what is known to. The total, in the suite's words.
///
/// The suite could compare by itself, but counts what is known as a failure of the requirements all the same.
fn suite(options: &Options, url: &str, revision: &str) -> Result<String> {
    let modules = options.node.join("node_modules");
    let mut command = Command::new(modules.join(".bin/node"));
    command.arg(modules.join("@modelcontextprotocol/conformance/dist/index.js")).arg("server");
    command.args(["--url", url, "--requirements", revision]);
    let output = command.stdin(Stdio::null()).output().wrap_err("the suite cannot be started")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let total = said.lines().find(|line| line.starts_with("Total:"));
    let total = total.with_context(|| format!("{revision}: the suite did not run to its end: {said}"))?;
    let failed = names(said.lines().filter_map(|line| line.strip_prefix("✗ ")?.split(':').next()));
    let file = options.folder.join(format!("expected-failures-{revision}.txt"));
    let known = std::fs::read_to_string(&file).wrap_err_with(|| file.display().to_string())?;
    let known = names(known.lines().filter(|line| !line.starts_with('#')));
    let (new, gone): (Vec<_>, Vec<_>) =
        (failed.difference(&known).collect(), known.difference(&failed).collect());
    ensure!(new.is_empty(), "{revision}: {new:?} failed, which must not: {said}");
    ensure!(gone.is_empty(), "{revision}: {gone:?} failed no more: take them out of {}", file.display());
    Ok(total.to_owned())
}

fn names<'t>(lines: impl Iterator<Item = &'t str>) -> BTreeSet<String> {
    lines.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
