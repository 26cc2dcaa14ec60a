//! An agent of one revision at the gate's endpoint: it lists, follows cursors, and calls.

use color_eyre::eyre::{ContextCompat, Result, ensure, eyre};
use portcullis_mcp::headers::{ACCEPT_BOTH, Header, declared_params, param_headers, standard_headers};
use portcullis_mcp::messages::method;
use portcullis_mcp::version::{Era, ProtocolVersion};
use portcullis_schemas::egress::HttpMethod;
use portcullis_server::api_client::ApiClient;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use super::offer;

/// See the module.
pub(super) struct Agent {
    client: ApiClient,
    version: ProtocolVersion,
}

impl Agent {
    /// # Errors
    /// When nobody speaks such a revision.
    pub(super) fn new(client: ApiClient, revision: &str) -> Result<Self> {
        let version =
            ProtocolVersion::parse(revision).with_context(|| format!("{revision} is not spoken"))?;
        Ok(Self { client, version })
    }

    /// All definitions that it is offered.
    pub(super) async fn tools(&self) -> Result<Vec<Value>> {
        let (mut tools, mut params) = (Vec::new(), json!({}));
        loop {
            let page = self.ask(method::TOOLS_LIST, None, params, Vec::new()).await?;
            tools.extend(page["tools"].as_array().context("no tools")?.iter().cloned());
            match page.get("nextCursor") {
                Some(cursor) => params = json!({ "cursor": cursor }),
                None => return Ok(tools),
            }
        }
    }

    /// Calls a tool that it was offered. The result.
    pub(super) async fn call(&self, tool: &Value, arguments: Map<String, Value>) -> Result<Value> {
        let name = tool["name"].as_str().context("a tool without a name")?;
        let mut mirrored = Vec::new();
        if self.version.era() == Era::Modern {
            let declared = declared_params(&to_raw_value(&tool["inputSchema"])?);
            let declared =
                declared.map_err(|found| eyre!("an annotation that should not be offered: {found:?}"))?;
            mirrored = param_headers(&declared, &to_raw_value(&arguments)?)?;
        }
        let params = json!({ "name": name, "arguments": arguments });
        self.ask(method::TOOLS_CALL, Some(name), params, mirrored).await
    }

    async fn ask(
        &self,
        method: &str,
        name: Option<&str>,
        mut params: Value,
        mirrored: Vec<Header>,
    ) -> Result<Value> {
        if self.version.era() == Era::Modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": self.version.as_str(),
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut headers = standard_headers(self.version, method, name);
        headers.push(("accept".to_owned(), ACCEPT_BOTH.to_owned()));
        headers.extend(mirrored);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = self.client.send(HttpMethod::Post, offer::ENDPOINT, Some(&body), &headers).await?;
        let answered = answer.json();
        ensure!(answered["result"].is_object(), "{method} {name:?}: {} {}", answer.status, answer.text);
        Ok(answered["result"].clone())
    }
}
