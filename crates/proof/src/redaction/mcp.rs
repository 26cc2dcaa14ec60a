//! What agents do with the same tools over MCP, in both eras, and what they hear.

use color_eyre::eyre::Result;
use memchr::memmem;
use portcullis_mcp::headers::{ACCEPT_BOTH, standard_headers};
use portcullis_mcp::messages::method;
use portcullis_mcp::version::{Era, ProtocolVersion};
use serde_json::{Value, json};

use super::echo::TOOLS;
use super::forms::CANARY;
use super::raw::{Request, ask, body_of};
use super::sinks::{Sink, Sinks};
use super::story::Story;

const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::V2026_07_28, ProtocolVersion::V2025_11_25];

/// How much of it there was to search.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) progress: u64,
    pub(super) failed: u64,
}

impl Story {
    /// Agents list the tools and call each, with and without wanting to hear of its progress, also with the credential
    /// among the arguments; and a tool by the name of the credential.
    pub(super) async fn agents_over_mcp(&self, times: usize, sinks: &mut Sinks) -> Result<Heard> {
        let mut heard = Heard::default();
        let arguments = json!({ "token": CANARY, "nested": [{ "authorization": CANARY }] });
        for version in VERSIONS.repeat(times) {
            self.hear(version, method::TOOLS_LIST, json!({}), sinks, &mut heard).await?;
            for name in TOOLS {
                for wish in [json!({}), json!({ "progressToken": "the agent's" })] {
                    let params = json!({ "name": name, "arguments": arguments, "_meta": wish });
                    self.hear(version, method::TOOLS_CALL, params, sinks, &mut heard).await?;
                }
            }
            let params = json!({ "name": CANARY, "arguments": {} });
            self.hear(version, method::TOOLS_CALL, params, sinks, &mut heard).await?;
        }
        Ok(heard)
    }

    /// One request; its answer is searched as it came, and without the sizes of chunks.
    async fn hear(
        &self,
        version: ProtocolVersion,
        method: &str,
        mut params: Value,
        sinks: &mut Sinks,
        heard: &mut Heard,
    ) -> Result<()> {
        if version.era() == Era::Modern {
            params["_meta"]["io.modelcontextprotocol/protocolVersion"] = version.as_str().into();
            params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        let name = params["name"].as_str().map(str::to_owned);
        let mut headers = standard_headers(version, method, name.as_deref());
        headers.push(("accept".to_owned(), ACCEPT_BOTH.to_owned()));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let path = format!("/mcp/{}", self.toolset);
        let request =
            Request { method: "POST", path: &path, key: &self.agent_key, headers: &headers, body: &body };
        let answer = ask(&self.address, &request).await?;
        let place = format!("{version} {method} {}", name.unwrap_or_default());
        let whole = body_of(&answer);
        sinks.search(Sink::Mcp, &place, &answer);
        sinks.search(Sink::Mcp, &place, &whole);
        heard.progress += memmem::find_iter(&whole, method::PROGRESS).count() as u64;
        let has = |what: &str| memmem::find(&whole, what.as_bytes()).is_some();
        heard.failed += u64::from(has("\"isError\":true") || has("\"error\":{"));
        Ok(())
    }
}
