//! A call of a tool by its name in a toolset: the governed call of that tool.

use portcullis_engines::integrations::toolsets::{call_arguments, check_mirrored, offered, told};
use portcullis_schemas::Error;
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::integrations::mcp::invocation::InvokeToolResult;
use portcullis_schemas::integrations::mcp::operations::InvokeMcpTool;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::integrations::toolsets::ToolsetTool;
use portcullis_schemas::integrations::toolsets::operations::CallOfferedTool;
use serde_json::{Map, Value};

use super::offer::{is_offered, opened};
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
    let definition_hash = tool.definition_hash;
    let through = ThroughToolset { toolset, name: entry.name.clone(), definition_hash, read_at };
    match invoke(scene.clone(), call, Some(through)).await {
        Err(error) if BEFORE_THE_DECISION.contains(&error.code()) => {
            Err(if_offered(&scene, &entry, error).await)
        }
        answer => answer.map_err(|error| told(&entry, error)),
    }
}

/// What goes upstream, if the request says the same everywhere and names only what it can see.
fn arguments(
    entry: &ToolsetTool,
    tool: &McpTool,
    request: &CallOfferedTool,
) -> Result<Map<String, Value>, Error> {
    let shown = offered(entry, &tool.definition).ok_or_else(|| Error::not_found("tool"))?;
    if let Some(lines) = &request.mirrored {
        check_mirrored(&shown.definition, &request.arguments, lines)?;
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
