//! What an agent asks of a toolset by name (call a tool, get a prompt, read a resource, complete an argument): the governed
//! call of what stands there under that name.

use portcullis_engines::integrations::toolsets::{
    by_name, call_arguments, check_mirrored, for_uri, offered, told,
};
use portcullis_schemas::Error;
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::integrations::mcp::invocation::{CallMethod, InvokeToolResult};
use portcullis_schemas::integrations::mcp::operations::InvokeMcpTool;
use portcullis_schemas::integrations::mcp::tool::{ItemKind, McpTool};
use portcullis_schemas::integrations::toolsets::operations::{
    CallOfferedTool, CompleteOfferedArgument, GetOfferedPrompt, ReadOfferedResource,
};
use portcullis_schemas::integrations::toolsets::{Toolset, ToolsetName, ToolsetTool};
use portcullis_schemas::tenants::ConfigVersion;
use portcullis_schemas::text::RunId;
use serde_json::{Map, Value, json};

use super::offer::{can_complete, is_offered, opened};
use crate::integrations::mcp::{ThroughToolset, invoke::invoke};
use crate::scene::Scene;

/// Refusals of a call that nothing was decided on: its arguments are too large or too deep, there is no room, or the
/// trail or the configuration do not allow it.
const BEFORE_THE_DECISION: [Code; 4] =
    [codes::INVALID_FIELD, codes::OVERLOADED, codes::AUDIT_UNAVAILABLE, codes::CONFIGURATION_UNSETTLED];

pub(crate) async fn call_offered_tool(
    scene: Scene,
    request: CallOfferedTool,
) -> Result<InvokeToolResult, Error> {
    let name = request.tool.as_str();
    let found =
        Found::read(&scene, &request.toolset, ItemKind::Tool, |it| by_name(it, ItemKind::Tool, name)).await?;
    let arguments = arguments(&found.entry, &found.tool, &request);
    let step = Step { run_id: request.run_id, step_index: request.step_index };
    found.ask(scene, CallMethod::CallTool, arguments, step).await
}

pub(crate) async fn get_offered_prompt(
    scene: Scene,
    request: GetOfferedPrompt,
) -> Result<InvokeToolResult, Error> {
    let name = request.prompt.as_str();
    let found =
        Found::read(&scene, &request.toolset, ItemKind::Prompt, |it| by_name(it, ItemKind::Prompt, name))
            .await?;
    let step = Step { run_id: request.run_id, step_index: request.step_index };
    found.ask(scene, CallMethod::GetPrompt, Ok(request.arguments), step).await
}

pub(crate) async fn read_offered_resource(
    scene: Scene,
    request: ReadOfferedResource,
) -> Result<InvokeToolResult, Error> {
    let uri = request.uri.as_str();
    let found =
        Found::read(&scene, &request.toolset, ItemKind::Resource, |toolset| for_uri(toolset, uri)).await?;
    let mut arguments = Map::new();
    if found.entry.kind == ItemKind::ResourceTemplate {
        arguments.insert("uri".to_owned(), uri.into());
    }
    let step = Step { run_id: request.run_id, step_index: request.step_index };
    found.ask(scene, CallMethod::ReadResource, Ok(arguments), step).await
}

/// Servers that do not declare completion are not asked: agents ask at every keystroke.
pub(crate) async fn complete_offered_argument(
    scene: Scene,
    request: CompleteOfferedArgument,
) -> Result<InvokeToolResult, Error> {
    let (kind, name) = (request.kind, request.name.as_str());
    if !matches!(kind, ItemKind::Prompt | ItemKind::ResourceTemplate) {
        return Err(Error::invalid(
            "kind",
            "expected `prompt` or `resource_template`: nothing else has arguments that can be completed",
        ));
    }
    let found = Found::read(&scene, &request.toolset, kind, |toolset| by_name(toolset, kind, name)).await?;
    if !can_complete(&scene, &mut *scene.read().await?, &found.entry.server_id).await? {
        return Err(absent(kind));
    }
    let mut arguments = Map::new();
    let argument = json!({ "name": request.argument.name, "value": request.argument.value });
    arguments.insert("argument".to_owned(), argument);
    if !request.arguments.is_empty() {
        arguments.insert("arguments".to_owned(), Value::Object(request.arguments));
    }
    let step = Step { run_id: request.run_id, step_index: None };
    found.ask(scene, CallMethod::Complete, Ok(arguments), step).await
}

/// Where in a run a call stands.
struct Step {
    run_id: Option<RunId>,
    step_index: Option<u32>,
}

/// An entry of a toolset, as it was read.
struct Found {
    toolset: Toolset,
    entry: ToolsetTool,
    tool: McpTool,
    read_at: ConfigVersion,
}

impl Found {
    /// # Errors
    /// `not_found`, whatever is absent or not for this key; `store_unavailable`.
    async fn read(
        scene: &Scene,
        name: &ToolsetName,
        kind: ItemKind,
        pick: impl Fn(&Toolset) -> Option<&ToolsetTool>,
    ) -> Result<Self, Error> {
        let mut work = scene.read().await?;
        let read_at = work.tenants().config_version(scene.tenant()).await?;
        let toolset = opened(scene, &mut *work, name).await?;
        let entry = pick(&toolset).cloned().ok_or_else(|| absent(kind))?;
        let tool = work.mcp_tools().get(scene.tenant(), &entry.server_id, &entry.tool_id).await?;
        let tool = tool.ok_or_else(|| absent(kind))?;
        Ok(Self { toolset, entry, tool, read_at })
    }

    /// The governed call. What is wrong with a request is told to those only who may know that it is about something.
    async fn ask(
        self,
        scene: Scene,
        method: CallMethod,
        arguments: Result<Map<String, Value>, Error>,
        step: Step,
    ) -> Result<InvokeToolResult, Error> {
        let Self { toolset, entry, tool, read_at } = self;
        let name = toolset.name.clone();
        let arguments = match arguments {
            Ok(arguments) => arguments,
            Err(error) => return Err(if_offered(&scene, &name, &entry, error).await),
        };
        let call = InvokeMcpTool {
            server_id: entry.server_id.clone(),
            tool_id: entry.tool_id.clone(),
            arguments,
            run_id: step.run_id,
            step_index: step.step_index,
        };
        let definition_hash = tool.definition_hash;
        let through = ThroughToolset { toolset, name: entry.name.clone(), definition_hash, read_at };
        match invoke(scene.clone(), call, Some(method), Some(through)).await {
            Err(error) if BEFORE_THE_DECISION.contains(&error.code()) => {
                Err(if_offered(&scene, &name, &entry, error).await)
            }
            answer => answer.map_err(|error| told(&entry, error)),
        }
    }
}

/// What goes upstream, if the request says the same everywhere and names only what it can see.
fn arguments(
    entry: &ToolsetTool,
    tool: &McpTool,
    request: &CallOfferedTool,
) -> Result<Map<String, Value>, Error> {
    let shown = offered(entry, &tool.definition).ok_or_else(|| absent(entry.kind))?;
    if let Some(lines) = &request.mirrored {
        check_mirrored(&shown.definition, &request.arguments, lines)?;
    }
    call_arguments(entry, request.arguments.clone())
}

/// What is wrong with a request, for a caller who may know that there is such a tool.
async fn if_offered(scene: &Scene, toolset: &ToolsetName, entry: &ToolsetTool, error: Error) -> Error {
    match is_offered(scene, toolset, entry).await {
        Ok(true) => error,
        Ok(false) => absent(entry.kind),
        Err(unknown) => unknown,
    }
}

fn absent(kind: ItemKind) -> Error {
    Error::not_found(match kind {
        ItemKind::Tool => "tool",
        ItemKind::Prompt => "prompt",
        _ => "resource",
    })
}
