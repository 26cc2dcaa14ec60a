//! ContextForge: by its own admin API the upstream becomes one of its gateways, and its tool a virtual server.

use std::path::Path;

use color_eyre::eyre::{ContextCompat, Result, WrapErr};
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use serde_json::{Value, json};

use super::Started;
use super::endpoint::Endpoint;
use super::home::{Home, listening, secret};
use super::install::run;
use crate::plant::free_port;

const SETTINGS: &str = include_str!("../../../peers/contextforge.env");
const LEAN: &str = include_str!("../../../peers/contextforge_lean.env");
const ADMIN: &str = "admin@example.com";
/// The gateway's name, and the tool's as the gateway makes it of both names.
const GATEWAY: &str = "bench";
const TOOL: &str = "bench-get-forecast";

/// How it is set up, and called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setup {
    /// It opens a new session of the upstream for each call.
    Default,
    /// It keeps one, records nothing of a call, and sees in the token that its bearer is an admin, which spares it to look
    /// up roles.
    Lean,
}

pub(super) async fn start(setup: Setup, bin: &Path, home: Home, upstream: &str) -> Result<Started> {
    home.file(".env", &settings(setup)?)?;
    let port = free_port()?;
    let mut command = home.command(&bin.join("mcpgateway"));
    command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    let program = listening(command, port).await?;

    let token = token(setup, bin, &home)?;
    let bearer = format!("Bearer {}", token.expose());
    let admin = ApiClient::new(&format!("http://127.0.0.1:{port}"), token)?;
    let server = offer(&admin, upstream).await.wrap_err("it does not take the upstream")?;
    let endpoint = Endpoint::of(port, &format!("/servers/{server}/mcp"), TOOL).with("authorization", bearer);
    let endpoint = match setup {
        Setup::Default => endpoint,
        Setup::Lean => endpoint.in_session().await?,
    };
    Ok(Started { program, endpoint, _home: home })
}

/// The fixed ones, and secrets of this run.
fn settings(setup: Setup) -> Result<String> {
    let mut settings = format!("{SETTINGS}PLATFORM_ADMIN_EMAIL={ADMIN}\n");
    if setup == Setup::Lean {
        settings.push_str(LEAN);
    }
    for name in ["JWT_SECRET_KEY", "AUTH_ENCRYPTION_SECRET"] {
        settings.push_str(&format!("{name}={}\n", secret()?));
    }
    for name in ["PLATFORM_ADMIN_PASSWORD", "BASIC_AUTH_PASSWORD", "DEFAULT_USER_PASSWORD"] {
        // It asks for letters of both cases, a digit and a sign.
        settings.push_str(&format!("{name}=Aa1!{}\n", secret()?));
    }
    Ok(settings)
}

/// A token of its admin for a day, made by its own tool.
fn token(setup: Setup, bin: &Path, home: &Home) -> Result<Secret> {
    let mut command = home.command(&bin.join("python"));
    command.args(["-m", "mcpgateway.utils.create_jwt_token", "--username", ADMIN, "--exp", "1440"]);
    if setup == Setup::Lean {
        command.arg("--admin");
    }
    let printed = run("create_jwt_token", &mut command)?;
    let token = printed.lines().last().context("create_jwt_token prints nothing")?;
    Ok(Secret::new(token.trim().to_owned()))
}

/// Registers the upstream and offers its tool: the virtual server's id.
async fn offer(admin: &ApiClient, upstream: &str) -> Result<String> {
    let gateway = json!({ "name": GATEWAY, "url": upstream, "transport": "STREAMABLEHTTP" });
    admin.post("/v1/gateways", &gateway).await?.success()?;
    let tools = admin.get("/v1/tools").await?.success()?;
    let found = tools.as_array().and_then(|tools| tools.iter().find(|tool| tool["name"] == TOOL));
    let tool = text(&found.context("it does not find the tool")?["id"])?;
    let server = json!({ "server": { "name": "bench", "associated_tools": [tool] } });
    let made = admin.post("/v1/servers", &server).await?.success()?;
    Ok(text(&made["id"])?.to_owned())
}

fn text(id: &Value) -> Result<&str> {
    id.as_str().context("expected an id in its answer")
}
