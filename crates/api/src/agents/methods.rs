//! The methods of the endpoint, each an operation of the spine.

use http::HeaderValue;
use portcullis_mcp::headers::PARAM_PREFIX;
use portcullis_mcp::jsonrpc::{ErrorCode, RpcError};
use portcullis_mcp::ladder::AcceptedRequest;
use portcullis_mcp::messages::{
    CallParams, Implementation, cursor_of, discover_reply, empty_reply, initialize_reply, method, text_reply,
    tools_reply,
};
use portcullis_mcp::version::{Era, ProtocolVersion};
use portcullis_schemas::integrations::toolsets::operations::{
    CallOfferedTool, ListOfferedTools, MirroredHeader, OpenToolset, OpenedToolset, SearchOfferedTools,
};
use portcullis_schemas::integrations::toolsets::{ExposedToolName, ToolDisclosure};
use portcullis_schemas::paging::{Cursor, PageLimit};
use portcullis_schemas::text::SearchText;
use portcullis_schemas::{Error, codes};
use portcullis_spine::Input;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::failures::{Refused, of_call, of_list, unknown_tool};
use super::pair::{Named, Wanted};
use super::{Agent, pair, results};

impl Agent<'_> {
    /// The result of a request that has passed the ladder.
    pub(super) async fn dispatch(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        match accepted.request.method.as_ref() {
            method::DISCOVER => self.discover(accepted).await,
            method::INITIALIZE => self.initialize(accepted).await,
            method::TOOLS_LIST => self.list(accepted).await,
            method::TOOLS_CALL => self.call(accepted).await,
            _ => Ok(empty_reply(accepted.version)),
        }
    }

    async fn discover(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        let instructions = self.instructions(accepted).await?;
        Ok(discover_reply(&ProtocolVersion::SPOKEN, &this(), instructions.as_deref()))
    }

    async fn initialize(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        let instructions = self.instructions(accepted).await?;
        Ok(initialize_reply(accepted.version, &this(), instructions.as_deref()))
    }

    async fn instructions(&self, accepted: &AcceptedRequest<'_>) -> Result<Option<String>, Refused> {
        let opened = self.open(accepted).await.map_err(Refused::Problem)?;
        Ok(opened.description.map(|text| text.to_string()))
    }

    async fn open(&self, accepted: &AcceptedRequest<'_>) -> Result<OpenedToolset, Error> {
        self.spine.run(self.context(accepted)?, OpenToolset { toolset: self.toolset.clone() }).await
    }

    async fn list(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        let cursor = cursor_of(accepted.request.params).map_err(|error| invalid(&error.to_string()))?;
        let cursor = cursor.map(|text| Cursor::new(&text)).transpose().map_err(invalid)?;
        if self.open(accepted).await.map_err(of_list)?.disclosure == ToolDisclosure::Search {
            return Ok(tools_reply(accepted.version, &pair::definitions(), None));
        }
        let request = ListOfferedTools {
            toolset: self.toolset.clone(),
            limit: PageLimit::new(PageLimit::MAX).ok(),
            cursor,
        };
        let context = self.context(accepted).map_err(Refused::Problem)?;
        let page = self.spine.run(context, request).await.map_err(of_list)?;
        let tools: Vec<_> = page.items.into_iter().map(|tool| tool.definition.into_raw()).collect();
        Ok(tools_reply(accepted.version, &tools, page.next_cursor.as_deref()))
    }

    async fn call(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        let params =
            CallParams::parse(accepted.request.params).map_err(|error| invalid(&error.to_string()))?;
        // Strict, as over REST: a number that another reader would read as another number is refused.
        let arguments = Input::members(params.arguments.map_or("", RawValue::get).as_bytes())
            .map_err(|error| invalid(&format!("`params.arguments`: {}", error.public())))?;
        // No tool of a toolset has these names; of which disclosure it is, matters for them alone.
        if [pair::SEARCH, pair::CALL].contains(&&*params.name)
            && self.open(accepted).await.map_err(Refused::Problem)?.disclosure == ToolDisclosure::Search
        {
            return self.call_of_pair(accepted, &params.name, Value::Object(arguments)).await;
        }
        let mirrored = (accepted.era == Era::Modern).then(|| self.mirrored());
        self.call_tool(accepted, &params.name, arguments, mirrored).await
    }

    async fn call_of_pair(
        &self,
        accepted: &AcceptedRequest<'_>,
        name: &str,
        arguments: Value,
    ) -> Result<Box<RawValue>, Refused> {
        if name == pair::CALL {
            return match serde_json::from_value::<Named>(arguments) {
                // What stands in headers is the name of the pair's tool, and its arguments mirror nothing.
                Ok(named) => self.call_tool(accepted, &named.name, named.arguments, None).await,
                Err(_) => Ok(unfit(accepted.version, pair::CALL)),
            };
        }
        let wanted = match serde_json::from_value::<Wanted>(arguments) {
            Ok(wanted) => wanted,
            Err(_) => return Ok(unfit(accepted.version, pair::SEARCH)),
        };
        let query = match SearchText::new(wanted.query) {
            Ok(query) => query,
            Err(error) => return Ok(text_reply(accepted.version, &format!("`query`: {error}"), true)),
        };
        let request = SearchOfferedTools { toolset: self.toolset.clone(), query };
        let context = self.context(accepted).map_err(Refused::Problem)?;
        let found = self.spine.run(context, request).await.map_err(of_list)?;
        Ok(results::in_era(accepted.era, pair::found(&found.tools)))
    }

    async fn call_tool(
        &self,
        accepted: &AcceptedRequest<'_>,
        name: &str,
        arguments: Map<String, Value>,
        mirrored: Option<Vec<MirroredHeader>>,
    ) -> Result<Box<RawValue>, Refused> {
        let request = CallOfferedTool {
            toolset: self.toolset.clone(),
            tool: ExposedToolName::new(name).map_err(|_| unknown_tool())?,
            arguments,
            mirrored,
            run_id: None,
            step_index: None,
        };
        let context = self.context(accepted).map_err(Refused::Problem)?;
        match self.spine.run(context, request).await {
            Ok(answer) => Ok(results::labelled(accepted.era, answer)),
            Err(error) => of_call(accepted.version, error),
        }
    }

    /// The header lines that mirror arguments. A value that is no text is none that any argument has.
    fn mirrored(&self) -> Vec<MirroredHeader> {
        let lines = self.parts.headers.iter().filter(|(name, _)| name.as_str().starts_with(PARAM_PREFIX));
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        lines.map(|(name, value)| MirroredHeader { name: name.to_string(), value: text(value) }).collect()
    }
}

/// Arguments of a tool of the pair that do not fit. In our words: the parser's would repeat what was given.
fn unfit(version: ProtocolVersion, tool: &str) -> Box<RawValue> {
    let text =
        format!("{}: expected arguments that fit the inputSchema of `{tool}`", codes::ARGUMENTS_INVALID);
    text_reply(version, &text, true)
}

/// Who we say that we are. Self-reported, and no reason to trust anybody.
fn this() -> Implementation {
    Implementation { name: "portcullis".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
}

/// Parameters that do not fit, told in band.
fn invalid(message: &str) -> Refused {
    Refused::Rpc { status: 200, error: RpcError::new(ErrorCode::INVALID_PARAMS, message) }
}
