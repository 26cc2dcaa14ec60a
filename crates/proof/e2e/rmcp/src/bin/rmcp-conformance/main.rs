//! The tools, prompts and resources that the official conformance suite asks for, as far as a gate relays them. On the
//! official Rust SDK, which speaks both eras. Usage: rmcp-conformance PORT

mod in_session;
mod prompts;
mod resources;
mod rounds;
mod tools;

use std::error::Error;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, CompleteRequestParams,
    CompleteResult, CompletionInfo, ContentBlock, GetPromptRequestParams, GetPromptResponse, JsonObject,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities,
    ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};

use rounds::{Round, Turn};

/// See the program.
#[derive(Clone)]
struct Fixture;

/// What the client of this request says that it can be asked for.
fn client(context: &RequestContext<RoleServer>) -> ClientCapabilities {
    context.client_capabilities().unwrap_or_default()
}

/// Takes the turn of a tool or a prompt that asks. A client that has no rounds is asked within this one request.
async fn turn(
    name: &str,
    mut round: Round,
    context: &RequestContext<RoleServer>,
) -> Result<Option<Turn>, ErrorData> {
    loop {
        match rounds::turn(name, &round, &client(context))? {
            Some(Turn::Ask(asked)) if in_session::is_asked_here(context) => {
                round = in_session::ask(asked, context).await?;
            }
            turn => return Ok(turn),
        }
    }
}

/// A text that a call or a prompt cannot do without.
fn argument<'a>(arguments: &'a JsonObject, name: &str) -> Result<&'a str, ErrorData> {
    let value = arguments.get(name).and_then(|value| value.as_str());
    value.ok_or_else(|| ErrorData::invalid_params(format!("no argument `{name}`"), None))
}

impl ServerHandler for Fixture {
    fn get_info(&self) -> ServerConfig {
        let can = ServerCapabilities::builder();
        let can = can.enable_tools().enable_prompts().enable_resources().enable_completions().build();
        ServerConfig::new(can)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::all()))
    }

    // By it the SDK holds the headers of a call to the arguments that they mirror.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::all().into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let round = Round::new(request.input_responses, request.request_state);
        match turn(&request.name, round, &context).await? {
            Some(Turn::Ask(asked)) => Ok(asked.into()),
            Some(Turn::Done(text)) => Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into()),
            None => {
                let arguments = request.arguments.unwrap_or_default();
                Ok(tools::call(&request.name, &arguments, &context).await?.into())
            }
        }
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(prompts::all()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let round = Round::new(request.input_responses, request.request_state);
        match turn(&request.name, round, &context).await? {
            Some(Turn::Ask(asked)) => Ok(asked.into()),
            Some(Turn::Done(text)) => Ok(prompts::of_text(text).into()),
            None => Ok(prompts::get(&request.name, &request.arguments.unwrap_or_default())?.into()),
        }
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::with_all_items(resources::all()))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        Ok(resources::read(&request.uri)?.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let all = CompletionInfo::with_all_values(vec![format!("{}ing", request.argument.value)]);
        Ok(CompleteResult::new(all.map_err(|error| ErrorData::internal_error(error, None))?))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    rmcp_server::serve(Fixture).await
}
