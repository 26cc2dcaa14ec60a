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
    /// Whether somebody sits at it who fills in forms.
    fills_in: bool,
}

impl Agent {
    /// # Errors
    /// When nobody speaks such a revision.
    pub(super) fn new(client: ApiClient, revision: &str) -> Result<Self> {
        let version =
            ProtocolVersion::parse(revision).with_context(|| format!("{revision} is not spoken"))?;
        Ok(Self { client, version, fills_in: false })
    }

    /// One with a person, who leaves everything in a form as it is proposed. Only agents of 2026-07-28 are asked anything,
    /// whatever their servers speak.
    pub(super) fn with_person(client: ApiClient) -> Self {
        Self { client, version: ProtocolVersion::V2026_07_28, fills_in: true }
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
        let mut params = json!({ "name": name, "arguments": arguments });
        loop {
            let result = self.ask(method::TOOLS_CALL, Some(name), params.clone(), mirrored.clone()).await?;
            if !self.fills_in || result["resultType"] != "input_required" {
                return Ok(result);
            }
            params["requestState"] = result["requestState"].clone();
            params["inputResponses"] = filled_in(&result["inputRequests"])?;
        }
    }

    async fn ask(
        &self,
        method: &str,
        name: Option<&str>,
        mut params: Value,
        mirrored: Vec<Header>,
    ) -> Result<Value> {
        if self.version.era() == Era::Modern {
            let capabilities =
                if self.fills_in { json!({ "elicitation": { "form": {} } }) } else { json!({}) };
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": self.version.as_str(),
                "io.modelcontextprotocol/clientCapabilities": capabilities,
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

/// Forms, each accepted with what its fields propose.
fn filled_in(questions: &Value) -> Result<Value> {
    let mut answers = json!({});
    for (name, question) in questions.as_object().context("no questions")? {
        let fields = question["params"]["requestedSchema"]["properties"].as_object();
        let fields = fields.with_context(|| format!("{name} is no form: {question}"))?;
        let proposed = fields.iter().filter_map(|(field, schema)| {
            schema.get("default").map(|default| (field.clone(), default.clone()))
        });
        let content: Map<String, Value> = proposed.collect();
        answers[name] = json!({ "action": "accept", "content": content });
    }
    Ok(answers)
}
