//! The servers: of the reference implementation, and small ones of ours on the SDKs of others.

use std::process::Command;

use color_eyre::eyre::{Result, WrapErr};

use super::Options;
use crate::plant::{Program, free_port};

/// How many items the server of many has, besides its other tools: more than a page holds.
pub(super) const ITEMS: usize = 130;

/// A server that runs.
pub(super) struct Server {
    pub(super) origin: String,
    _program: Program,
}

/// All of them.
pub(super) struct Servers {
    /// npm `server-everything`, legacy.
    pub(super) everything: Server,
    /// PyPI `mcp`, both eras, with [`ITEMS`].
    pub(super) python: Server,
    /// PyPI `fastmcp`, both eras.
    pub(super) fastmcp: Server,
    /// npm `@modelcontextprotocol/server`, both eras.
    pub(super) typescript: Server,
    /// The crate `rmcp`, both eras.
    pub(super) rmcp: Server,
}

impl Servers {
    pub(super) async fn start(options: &Options) -> Result<Self> {
        let items = ITEMS.to_string();
        let script = |name: &'static str, more: &[&str]| {
            let mut command = Command::new(&options.python);
            command.arg(options.folder.join(name));
            let more: Vec<String> = more.iter().map(|&word| word.to_owned()).collect();
            move |port: u16| {
                command.arg(port.to_string()).args(more);
                command
            }
        };
        let everything = |port: u16| {
            let mut command = Command::new("node");
            let main = "node_modules/@modelcontextprotocol/server-everything/dist/index.js";
            command.arg(options.node.join(main)).arg("streamableHttp").env("PORT", port.to_string());
            command
        };
        let typescript = options.folder.join("ts_server.mjs").canonicalize().wrap_err("ts_server.mjs")?;
        let typescript = |port: u16| {
            let mut command = Command::new("node");
            command.arg(typescript).arg(port.to_string()).current_dir(&options.node);
            command
        };
        let rmcp = |port: u16| {
            let mut command = Command::new(&options.rmcp);
            command.arg(port.to_string());
            command
        };
        Ok(Self {
            everything: start(everything).await?,
            python: start(script("mcp_server.py", &[&items])).await?,
            fastmcp: start(script("fastmcp_server.py", &[])).await?,
            typescript: start(typescript).await?,
            rmcp: start(rmcp).await?,
        })
    }

    pub(super) fn origins(&self) -> Vec<String> {
        let all = [&self.everything, &self.python, &self.fastmcp, &self.typescript, &self.rmcp];
        all.map(|server| server.origin.clone()).to_vec()
    }
}

async fn start(command: impl FnOnce(u16) -> Command) -> Result<Server> {
    let port = free_port()?;
    let program = Program::listening(command(port), port).await?;
    Ok(Server { origin: format!("http://127.0.0.1:{port}"), _program: program })
}
