//! A call of a tool by its name in a toolset: the governed call of that tool.

use portcullis_engines::integrations::toolsets::call_arguments;
use portcullis_schemas::Error;
use portcullis_schemas::integrations::mcp::invocation::InvokeToolResult;
use portcullis_schemas::integrations::mcp::operations::InvokeMcpTool;
use portcullis_schemas::integrations::toolsets::operations::CallOfferedTool;

use super::offer::opened;
use crate::integrations::mcp::invoke::invoke_tool;
use crate::scene::Scene;

pub(crate) async fn call_offered_tool(
    scene: Scene,
    request: CallOfferedTool,
) -> Result<InvokeToolResult, Error> {
    let toolset = opened(&scene, &mut *scene.read().await?, &request.toolset).await?;
    let entry = toolset.tools.iter().find(|entry| entry.name == request.tool);
    let entry = entry.ok_or_else(|| Error::not_found("tool"))?;
    let call = InvokeMcpTool {
        server_id: entry.server_id.clone(),
        tool_id: entry.tool_id.clone(),
        arguments: call_arguments(entry, request.arguments)?,
        run_id: request.run_id,
        step_index: request.step_index,
    };
    invoke_tool(scene, call).await
}
