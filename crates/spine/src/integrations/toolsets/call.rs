//! A call of a tool by its name in a toolset: the governed call of that tool.

use portcullis_engines::integrations::toolsets::{call_arguments, check_mirrored, offered, told};
use portcullis_schemas::integrations::mcp::invocation::InvokeToolResult;
use portcullis_schemas::integrations::mcp::operations::InvokeMcpTool;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::integrations::toolsets::ToolsetTool;
use portcullis_schemas::integrations::toolsets::operations::CallOfferedTool;
use portcullis_schemas::{Error, codes};
use serde_json::{Map, Value};

use super::offer::{is_offered, opened};
use crate::integrations::mcp::{ThroughToolset, invoke::invoke};
use crate::scene::Scene;

pub(crate) async fn call_offered_tool(
    scene: Scene,
    request: CallOfferedTool,
) -> Result<InvokeToolResult, Error> {
    let mut work = scene.read().await?;
    let read_at = work.tenants().config_version(scene.tenant()).await?;
    let toolset = opened(&scene, &mut *work, &request.toolset).await?;
    let entry = toolset.tools.iter().find(|entry| entry.name == request.tool).cloned();
    let entry = entry.ok_or_else(|| Error::not_found("tool"))?;
    let tool = work.mcp_tools().get(scene.tenant(), &entry.server_id, &entry.tool_id).await?;
    let tool = tool.ok_or_else(|| Error::not_found("tool"))?;
    drop(work);
    let arguments = match arguments(&entry, &tool, &request) {
        Ok(arguments) => arguments,
        Err(error) => return Err(if_offered(&scene, &entry, error).await),
    };
    let call = InvokeMcpTool {
        server_id: entry.server_id.clone(),
        tool_id: entry.tool_id.clone(),
        arguments,
        run_id: request.run_id,
        step_index: request.step_index,
    };
    let through = ThroughToolset { toolset, name: entry.name.clone(), read_at };
    match invoke(scene.clone(), call, Some(through)).await {
        // Too large or too deep to be decided on at all.
        Err(error) if error.code() == codes::INVALID_FIELD => Err(if_offered(&scene, &entry, error).await),
        answer => answer.map_err(|error| told(&entry, error)),
    }
}

/// What goes upstream, if the request says the same everywhere and names only what it can see.
fn arguments(
    entry: &ToolsetTool,
    tool: &McpTool,
    request: &CallOfferedTool,
) -> Result<Map<String, Value>, Error> {
    offered(entry, &tool.definition).ok_or_else(|| Error::not_found("tool"))?;
    if let Some(lines) = &request.mirrored {
        check_mirrored(&tool.definition, &request.arguments, lines)?;
    }
    call_arguments(entry, request.arguments.clone())
}

/// What is wrong with a request, for a caller who may know that there is such a tool.
async fn if_offered(scene: &Scene, entry: &ToolsetTool, error: Error) -> Error {
    match is_offered(scene, entry).await {
        Ok(true) => error,
        Ok(false) => Error::not_found("tool"),
        Err(unknown) => unknown,
    }
}
