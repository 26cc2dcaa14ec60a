//! The methods of the endpoint, each an operation of the spine.

use http::HeaderValue;
use portcullis_mcp::headers::PARAM_PREFIX;
use portcullis_mcp::jsonrpc::{ErrorCode, RpcError};
use portcullis_mcp::ladder::AcceptedRequest;
use portcullis_mcp::messages::{
    CallParams, Capabilities, Implementation, Listing, cursor_of, discover_reply, empty_reply,
    initialize_reply, list_reply, method, text_reply,
};
use portcullis_mcp::version::{Era, ProtocolVersion};
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::toolsets::operations::{
    CallOfferedTool, ListOfferedTools, MirroredHeader, OpenToolset, OpenedToolset, SearchOfferedTools,
};
use portcullis_schemas::integrations::toolsets::{ExposedToolName, OfferedTool, ToolDisclosure};
use portcullis_schemas::paging::{Cursor, PageLimit};
use portcullis_schemas::text::SearchText;
use portcullis_schemas::{Error, ErrorKind, codes};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::failures::{Refused, of_call, of_list, unknown_tool};
use super::items::members;
use super::pair::{Named, Wanted};
use super::run::run_of;
use super::{Agent, approval, pair, results};
use crate::base::BaseUrl;

impl Agent {
    /// The result of a request that has passed the ladder.
    pub(super) async fn dispatch(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        match accepted.request.method.as_ref() {
            method::DISCOVER => self.discover(accepted).await,
            method::INITIALIZE => self.initialize(accepted).await,
            method::TOOLS_LIST => self.list_tools(accepted).await,
            method::TOOLS_CALL => self.call(accepted).await,
            method::PROMPTS_LIST => self.list(accepted, ItemKind::Prompt, Listing::Prompts).await,
            method::RESOURCES_LIST => self.list(accepted, ItemKind::Resource, Listing::Resources).await,
            method::TEMPLATES_LIST => {
                self.list(accepted, ItemKind::ResourceTemplate, Listing::Templates).await
            }
            method::PROMPTS_GET => self.get_prompt(accepted).await,
            method::RESOURCES_READ => self.read_resource(accepted).await,
            method::COMPLETE => self.complete(accepted).await,
            _ => Ok(empty_reply(accepted.version)),
        }
    }

    async fn discover(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        let (capabilities, instructions) = self.offer(accepted).await?;
        Ok(discover_reply(&ProtocolVersion::SPOKEN, &this(), capabilities, instructions.as_deref()))
    }

    async fn initialize(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        let (capabilities, instructions) = self.offer(accepted).await?;
        Ok(initialize_reply(accepted.version, &this(), capabilities, instructions.as_deref()))
    }

    /// What the toolset can do, and what it is for.
    async fn offer(&self, accepted: &AcceptedRequest<'_>) -> Result<(Capabilities, Option<String>), Refused> {
        let opened = self.open(accepted).await.map_err(Refused::Problem)?;
        let holds = |kind| opened.kinds.contains(&kind);
        let capabilities = Capabilities {
            prompts: holds(ItemKind::Prompt),
            resources: holds(ItemKind::Resource) || holds(ItemKind::ResourceTemplate),
            completions: opened.completes,
            // The legacy era has other ways to tell, which need sessions.
            list_changed: accepted.era == Era::Modern,
        };
        Ok((capabilities, opened.description.map(|text| text.to_string())))
    }

    async fn open(&self, accepted: &AcceptedRequest<'_>) -> Result<OpenedToolset, Error> {
        self.spine.run(self.context(accepted), OpenToolset { toolset: self.toolset.clone() }).await
    }

    async fn list_tools(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        if self.open(accepted).await.map_err(of_list)?.disclosure == ToolDisclosure::Search {
            // One page, so whatever cursor there is was given out by another disclosure.
            cursor_of(accepted.request.params).map_err(|error| invalid(&error.to_string()))?;
            return Ok(list_reply(accepted.version, Listing::Tools, &pair::definitions(), None));
        }
        self.list(accepted, ItemKind::Tool, Listing::Tools).await
    }

    async fn list(
        &self,
        accepted: &AcceptedRequest<'_>,
        kind: ItemKind,
        listing: Listing,
    ) -> Result<Box<RawValue>, Refused> {
        let cursor = cursor_of(accepted.request.params).map_err(|error| invalid(&error.to_string()))?;
        let cursor = cursor.map(|text| Cursor::new(&text)).transpose().map_err(invalid)?;
        let request = ListOfferedTools {
            toolset: self.toolset.clone(),
            kind: Some(kind),
            limit: PageLimit::new(PageLimit::MAX).ok(),
            cursor,
        };
        let page = self.spine.run(self.context(accepted), request).await.map_err(of_list)?;
        let definition = |item: OfferedTool| results::definition_in(accepted.era, item.definition);
        let items: Vec<_> = page.items.into_iter().map(definition).collect();
        Ok(list_reply(accepted.version, listing, &items, page.next_cursor.as_deref()))
    }

    async fn call(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        let params =
            CallParams::parse(accepted.request.params).map_err(|error| invalid(&error.to_string()))?;
        let arguments = members("params.arguments", params.arguments)?;
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
        let found = self.spine.run(self.context(accepted), request).await.map_err(of_list)?;
        Ok(results::in_era(accepted.era, pair::found(&found.tools)))
    }

    async fn call_tool(
        &self,
        accepted: &AcceptedRequest<'_>,
        name: &str,
        arguments: Map<String, Value>,
        mirrored: Option<Vec<MirroredHeader>>,
    ) -> Result<Box<RawValue>, Refused> {
        let run_id = run_of(accepted.request.params).map_err(|expected| invalid(&expected))?;
        let request = CallOfferedTool {
            toolset: self.toolset.clone(),
            tool: ExposedToolName::new(name).map_err(|_| unknown_tool())?,
            arguments,
            mirrored,
            run_id,
            step_index: None,
        };
        let context = self.context_of_call(accepted)?;
        match self.spine.run(context, request).await {
            Ok(answer) => Ok(results::labelled(accepted.era, answer)),
            Err(error) if approval::waits(&error) => Ok(approval::waiting(accepted, self.base()?, &error)),
            Err(error) => of_call(accepted.version, error),
        }
    }

    /// By what addresses of ours start.
    pub(super) fn base(&self) -> Result<&BaseUrl, Refused> {
        self.parts.extensions.get::<BaseUrl>().ok_or_else(|| Refused::Problem(no_base()))
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
pub(super) fn this() -> Implementation {
    Implementation { name: "portcullis".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
}

/// The frame gives one to every request that it lets in.
fn no_base() -> Error {
    Error::new(ErrorKind::Internal, codes::INTERNAL, "the request came without the frame around it")
}

/// Parameters that do not fit, told in band.
pub(super) fn invalid(message: &str) -> Refused {
    Refused::Rpc { status: 200, error: RpcError::new(ErrorCode::INVALID_PARAMS, message) }
}
