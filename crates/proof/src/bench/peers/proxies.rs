//! The peers that pass calls on and know no callers: FastMCP's proxy and mcp-proxy.

use std::path::Path;
use std::process::Command;

use color_eyre::eyre::Result;

use super::Started;
use super::endpoint::Endpoint;
use super::home::{Home, listening};
use crate::plant::free_port;

pub(super) const FASTMCP_SHARED: &str = include_str!("../../../peers/fastmcp_shared.py");
pub(super) const FASTMCP_PLAIN: &str = include_str!("../../../peers/fastmcp_plain.py");

pub(super) async fn fastmcp(script: &str, bin: &Path, home: Home, upstream: &str) -> Result<Started> {
    let port = free_port()?;
    let mut command = home.command(&bin.join("python"));
    command.arg(home.file("proxy.py", script)?).args([&port.to_string(), upstream]);
    started(home, command, port).await
}

/// Two in a row, because one speaks HTTP on one side only.
pub(super) async fn mcp_proxy(bin: &Path, home: Home, upstream: &str) -> Result<Started> {
    let port = free_port()?;
    let proxy = bin.join("mcp-proxy");
    let mut command = home.command(&proxy);
    command.args(["--host", "127.0.0.1", "--stateless", "--port", &port.to_string(), "--"]);
    command.arg(&proxy).args(["--transport", "streamablehttp", upstream]);
    started(home, command, port).await
}

async fn started(home: Home, command: Command, port: u16) -> Result<Started> {
    let program = listening(command, port).await?;
    Ok(Started { program, endpoint: Endpoint::of(port, "/mcp", "get_forecast"), _home: home })
}
