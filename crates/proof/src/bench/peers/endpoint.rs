//! How a peer is called: MCP of 2025-06-18, without a session or in one.

use std::net::SocketAddr;

use color_eyre::eyre::{ContextCompat, Result, WrapErr, ensure};
use serde_json::{Value, json};

use super::super::wire::{Caller, NUMBER, Request};

const VERSION: &str = "2025-06-18";
const SESSION: &str = "mcp-session-id";

/// Where a peer speaks MCP, and what it calls the tool.
pub(super) struct Endpoint {
    address: SocketAddr,
    path: String,
    tool: &'static str,
    headers: Vec<(&'static str, String)>,
}

impl Endpoint {
    pub(super) fn of(port: u16, path: &str, tool: &'static str) -> Self {
        let headers = [("accept", "application/json, text/event-stream"), ("mcp-protocol-version", VERSION)];
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            path: path.to_owned(),
            tool,
            headers: headers.map(|(name, value)| (name, value.to_owned())).to_vec(),
        }
    }

    /// The same with a further header in every request.
    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same in a session, which is opened for it.
    ///
    /// # Errors
    /// When the peer opens none.
    pub(super) async fn in_session(self) -> Result<Self> {
        let client = json!({ "name": "bench", "version": "1" });
        let params = json!({ "protocolVersion": VERSION, "capabilities": {}, "clientInfo": client });
        let initialize = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        let request = self.post(&initialize.to_string(), "protocolVersion");
        let mut caller = Caller::connect(&request).await?;
        caller.call(&request).await.wrap_err("it refuses to initialize")?;
        let session = caller.header(SESSION).context("it opens no session")?.to_owned();

        let opened = self.with(SESSION, session);
        let initialized: Value = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let status = caller.exchange(&opened.post(&initialized.to_string(), "")).await?;
        ensure!(status == 202, "it answers {status} to notifications/initialized");
        Ok(opened)
    }

    /// `tools/call`, with a number of its own in each request: a session tells calls apart by it.
    pub(super) fn tool_call(&self) -> Request {
        let params = json!({ "name": self.tool, "arguments": { "city": "Zurich" } });
        let body = format!(r#"{{"jsonrpc":"2.0","id":{NUMBER},"method":"tools/call","params":{params}}}"#);
        self.post(&body, "light rain")
    }

    fn post(&self, body: &str, expected: &str) -> Request {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Request::post(self.address, &self.path, &headers, body, expected)
    }
}
