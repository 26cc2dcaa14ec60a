//! LiteLLM as an MCP gateway: a settings file with the upstream and a key that callers show.

use std::path::Path;

use color_eyre::eyre::Result;

use super::Started;
use super::endpoint::Endpoint;
use super::home::{Home, listening, secret};
use crate::plant::free_port;

const SETTINGS: &str = include_str!("../../../peers/litellm.yaml");
/// The upstream's name in the settings stands before the tool's.
const TOOL: &str = "bench-get_forecast";
/// It stays at home: no telemetry, and its own copies of what it would fetch when it starts.
const OFFLINE: [&str; 6] = [
    "LITELLM_TELEMETRY_DISABLED",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS",
    "LITELLM_LOCAL_AUTOROUTER_PRESETS",
    "LITELLM_LOCAL_BLOG_POSTS",
    "LITELLM_LOCAL_MODEL_COST_MAP",
    "LITELLM_LOCAL_POLICY_TEMPLATES",
];

/// Starts it, with all calls in one session.
pub(super) async fn start(bin: &Path, home: Home, upstream: &str) -> Result<Started> {
    // It refuses well-known keys.
    let key = format!("sk-{}", secret()?);
    let settings = SETTINGS.replace("<MASTER_KEY>", &key).replace("<UPSTREAM>", upstream);
    let settings = home.file("litellm.yaml", &settings)?;
    let port = free_port()?;
    let mut command = home.command(&bin.join("litellm"));
    command.arg("--config").arg(settings).args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    command.envs(OFFLINE.map(|name| (name, "true")));
    let program = listening(command, port).await?;
    let endpoint = Endpoint::of(port, "/mcp/", TOOL).with("x-litellm-api-key", format!("Bearer {key}"));
    Ok(Started { program, endpoint: endpoint.in_session().await?, _home: home })
}
