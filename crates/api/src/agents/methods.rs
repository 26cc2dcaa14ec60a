//! The methods of the endpoint, each an operation of the spine.

use portcullis_mcp::jsonrpc::{ErrorCode, RpcError};
use portcullis_mcp::ladder::AcceptedRequest;
use portcullis_mcp::messages::{
    CallParams, Implementation, cursor_of, discover_reply, empty_reply, initialize_reply, method, tools_reply,
};
use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::integrations::toolsets::ExposedToolName;
use portcullis_schemas::integrations::toolsets::operations::{
    CallOfferedTool, ListOfferedTools, OpenToolset,
};
use portcullis_schemas::paging::{Cursor, PageLimit};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::failures::{Refused, of_call, of_list, unknown_tool};
use super::{Agent, results};

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
        let request = OpenToolset { toolset: self.toolset.clone() };
        let opened = self.spine.run(self.context(accepted), request).await.map_err(Refused::Problem)?;
        Ok(opened.description.map(|text| text.to_string()))
    }

    async fn list(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        let cursor = cursor_of(accepted.request.params).map_err(|error| invalid(&error.to_string()))?;
        let cursor = cursor.map(|text| Cursor::new(&text)).transpose().map_err(invalid)?;
        let request = ListOfferedTools {
            toolset: self.toolset.clone(),
            limit: PageLimit::new(PageLimit::MAX).ok(),
            cursor,
        };
        let page = self.spine.run(self.context(accepted), request).await.map_err(of_list)?;
        let tools: Vec<_> = page.items.into_iter().map(|tool| tool.definition.into_raw()).collect();
        Ok(tools_reply(accepted.version, &tools, page.next_cursor.as_deref()))
    }

    async fn call(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        let params =
            CallParams::parse(accepted.request.params).map_err(|error| invalid(&error.to_string()))?;
        let tool = ExposedToolName::new(&params.name).map_err(|_| unknown_tool())?;
        let arguments: Map<String, Value> = params
            .arguments
            .map_or(Ok(Map::new()), |raw| serde_json::from_str(raw.get()))
            .map_err(|_| invalid("`params.arguments`: expected an object"))?;
        let request = CallOfferedTool {
            toolset: self.toolset.clone(),
            tool,
            arguments,
            run_id: None,
            step_index: None,
        };
        match self.spine.run(self.context(accepted), request).await {
            Ok(answer) => Ok(results::in_era(accepted.era, answer.result)),
            Err(error) => of_call(accepted.version, error),
        }
    }
}

/// Who we say that we are. Self-reported, and no reason to trust anybody.
fn this() -> Implementation {
    Implementation { name: "portcullis".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
}

/// Parameters that do not fit, told in band.
fn invalid(message: &str) -> Refused {
    Refused::Rpc { status: 200, error: RpcError::new(ErrorCode::INVALID_PARAMS, message) }
}
