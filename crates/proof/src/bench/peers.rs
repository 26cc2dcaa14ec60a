//! Gateways of other people, where Python is there: installed into a folder of their own, started before an upstream of
//! the era that they speak, and measured as everything else.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use color_eyre::eyre::{Result, WrapErr, bail};
use serde_json::json;

use super::load::NUMBER;
use super::process::Meter;
use super::wire::{Caller, Request};
use crate::plant::{Program, free_port};

/// One shared, connected client behind a stateless server: the fastest form of it that we know.
const FASTMCP: &str = include_str!("../../peers/fastmcp_shared.py");
/// A new client for each request, as its documentation begins.
const FASTMCP_PLAIN: &str = include_str!("../../peers/fastmcp_plain.py");

/// A peer: what to install, what to run.
struct Peer {
    name: &'static str,
    package: &'static str,
    script: Option<&'static str>,
}

const PEERS: [Peer; 3] = [
    Peer { name: "FastMCP 4.1.2, one shared client", package: "fastmcp==4.1.2", script: Some(FASTMCP) },
    Peer { name: "FastMCP 4.1.2, as documented", package: "fastmcp==4.1.2", script: Some(FASTMCP_PLAIN) },
    Peer { name: "mcp-proxy 0.13.0, two in a row", package: "mcp-proxy==0.13.0", script: None },
];

/// A running peer.
pub(super) struct Running {
    pub(super) name: &'static str,
    program: Program,
    pub(super) request: Request,
}

impl Running {
    pub(super) fn meter(&self) -> Meter {
        Meter::of(self.program.pid())
    }
}

/// Installs and starts the peers, each before `upstream`. One that cannot be started is named and left out.
pub(super) async fn start(folder: &Path, upstream: &str, notes: &mut Vec<String>) -> Result<Vec<Running>> {
    let mut running = Vec::new();
    for peer in &PEERS {
        match start_one(folder, peer, upstream).await {
            Ok(peer) => running.push(peer),
            Err(error) => notes.push(format!("{} was not measured: {error}", peer.name)),
        }
    }
    Ok(running)
}

async fn start_one(folder: &Path, peer: &Peer, upstream: &str) -> Result<Running> {
    let bin = installed(folder, peer.package)?;
    let port = free_port()?;
    let mut command = match peer.script {
        Some(script) => {
            let file = folder.join(format!("{port}.py"));
            fs::write(&file, script)?;
            let mut command = Command::new(bin.join("python"));
            command.arg(file).arg(port.to_string()).arg(upstream);
            command
        }
        None => {
            let proxy = bin.join("mcp-proxy");
            let mut command = Command::new(&proxy);
            command.args(["--host", "127.0.0.1", "--stateless", "--port", &port.to_string(), "--"]);
            command.arg(&proxy).args(["--transport", "streamablehttp", upstream]);
            command
        }
    };
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let program = Program::listening(command, port).await?;
    let request = request(SocketAddr::from(([127, 0, 0, 1], port)));
    // It may listen before it is connected to the upstream.
    for attempt in 0.. {
        let called = match Caller::connect(&request).await {
            Ok(mut caller) => caller.call(&request).await,
            Err(error) => Err(error),
        };
        match called {
            Ok(()) => break,
            Err(error) if attempt > 20 => return Err(error.wrap_err("it does not answer as expected")),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(250)).await,
        }
    }
    Ok(Running { name: peer.name, program, request })
}

/// The `bin` of a virtual environment with this package; made on the first run.
fn installed(folder: &Path, package: &str) -> Result<PathBuf> {
    let home = folder.canonicalize()?.join(package.replace("==", "-"));
    let bin = home.join("bin");
    if !bin.join("installed").exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        run(Command::new(bin.join("pip")).args(["install", "--quiet", package]))?;
        fs::write(bin.join("installed"), package)?;
    }
    Ok(bin)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().wrap_err_with(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?}: {}", said.lines().last().unwrap_or_default());
    }
    Ok(())
}

/// `tools/call` without a session, in the version that these peers speak.
fn request(address: SocketAddr) -> Request {
    let params = json!({ "name": "get_forecast", "arguments": { "city": "Zurich" } });
    let body = format!(r#"{{"jsonrpc":"2.0","id":{NUMBER},"method":"tools/call","params":{params}}}"#);
    let headers = [("accept", "application/json, text/event-stream"), ("mcp-protocol-version", "2025-06-18")];
    Request::post(address, "/mcp", &headers, &body, "light rain")
}
