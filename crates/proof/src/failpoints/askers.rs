//! Who asks in the story: an admin, and an agent over REST and over MCP.

use color_eyre::eyre::Result;
use portcullis_mcp::headers::{ACCEPT_BOTH, standard_headers};
use portcullis_mcp::messages::method;
use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::egress::HttpMethod::Post;
use portcullis_server::api_client::{Answer, ApiClient};
use serde_json::{Value, json};

use crate::permitted::PermittedTool;
use crate::process::Child;

/// See the module.
pub(super) struct Askers {
    pub(super) admin: ApiClient,
    pub(super) tool: PermittedTool,
}

impl Askers {
    /// The same ones at this gate.
    pub(super) fn at(&self, gate: &Child) -> Result<Self> {
        let origin = gate.said("origin")?;
        Ok(Self { admin: self.admin.at(origin)?, tool: self.tool.at(origin)? })
    }

    /// A call of the agent's over REST. An error says that no answer came.
    pub(super) async fn call(&self, path: &str, nonce: &str) -> Result<Answer> {
        self.tool.agent.post(path, &body(nonce)).await
    }

    /// One over MCP, of a tool by the name that it has in a toolset.
    pub(super) async fn call_over_mcp(&self, path: &str, tool: &str, nonce: &str) -> Result<Answer> {
        let version = ProtocolVersion::V2026_07_28;
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": version.as_str(),
            "io.modelcontextprotocol/clientCapabilities": {},
            "portcullis/runId": nonce,
        });
        let params = json!({ "name": tool, "arguments": { "nonce": nonce }, "_meta": meta });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method::TOOLS_CALL, "params": params });
        let mut headers = standard_headers(version, method::TOOLS_CALL, Some(tool));
        headers.push(("accept".to_owned(), ACCEPT_BOTH.to_owned()));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.tool.agent.send(Post, path, Some(&body), &headers).await
    }
}

/// Of a call: its nonce is its argument and its run.
pub(super) fn body(nonce: &str) -> Value {
    json!({ "arguments": { "nonce": nonce }, "run_id": nonce })
}
