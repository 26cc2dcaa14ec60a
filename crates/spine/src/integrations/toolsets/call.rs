//! A call of a tool by its name in a toolset: the governed call of that tool.

use portcullis_engines::integrations::toolsets::{call_arguments, check_mirrored};
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
    let mut work = scene.read().await?;
    let toolset = opened(&scene, &mut *work, &request.toolset).await?;
    let entry = toolset.tools.iter().find(|entry| entry.name == request.tool);
    let entry = entry.ok_or_else(|| Error::not_found("tool"))?;
    if let Some(lines) = &request.mirrored {
        let tool = work.mcp_tools().get(scene.tenant(), &entry.server_id, &entry.tool_id).await?;
        let tool = tool.ok_or_else(|| Error::not_found("tool"))?;
        check_mirrored(&tool.definition, &request.arguments, lines)?;
    }
    drop(work);
    let call = InvokeMcpTool {
        server_id: entry.server_id.clone(),
        tool_id: entry.tool_id.clone(),
        arguments: call_arguments(entry, request.arguments)?,
        run_id: request.run_id,
        step_index: request.step_index,
    };
    invoke_tool(scene, call).await
}
