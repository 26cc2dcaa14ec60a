//! Reading and classifying tools.

use portcullis_engines::integrations::mcp::events::EventStamp;
use portcullis_engines::integrations::mcp::tool::{McpToolEngine, ToolChange};
use portcullis_schemas::Error;
use portcullis_schemas::ids::{ServerId, ToolId};
use portcullis_schemas::integrations::mcp::operations::{
    ApproveMcpTool, DisableMcpTool, EnableMcpTool, GetMcpTool, ListMcpTools, SetMcpToolRiskLevel,
};
use portcullis_schemas::integrations::mcp::ports::ToolFilter;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::store::UnitOfWork;

use crate::integrations::mcp::servers;
use crate::scene::Scene;

pub(crate) async fn list_tools(scene: Scene, request: ListMcpTools) -> Result<Page<McpTool>, Error> {
    let mut work = scene.read().await?;
    servers::find(&scene, &mut *work, &request.server_id).await?;
    let page = PageRequest::new(request.limit, request.cursor);
    let filter = ToolFilter { kind: request.kind, status: request.status };
    Ok(work.mcp_tools().list(scene.tenant(), &request.server_id, &filter, &page).await?)
}

pub(crate) async fn get_tool(scene: Scene, request: GetMcpTool) -> Result<McpTool, Error> {
    find(&scene, &mut *scene.read().await?, &request.server_id, &request.tool_id).await
}

pub(crate) async fn approve_tool(scene: Scene, request: ApproveMcpTool) -> Result<McpTool, Error> {
    change(&scene, &request.server_id, &request.tool_id, |stamp, tool| {
        McpToolEngine::approve(stamp, tool, &request.definition_hash)
    })
    .await
}

pub(crate) async fn enable_tool(scene: Scene, request: EnableMcpTool) -> Result<McpTool, Error> {
    change(&scene, &request.server_id, &request.tool_id, McpToolEngine::enable).await
}

pub(crate) async fn disable_tool(scene: Scene, request: DisableMcpTool) -> Result<McpTool, Error> {
    change(&scene, &request.server_id, &request.tool_id, McpToolEngine::disable).await
}

pub(crate) async fn set_tool_risk_level(
    scene: Scene,
    request: SetMcpToolRiskLevel,
) -> Result<McpTool, Error> {
    change(&scene, &request.server_id, &request.tool_id, |stamp, tool| {
        Ok(McpToolEngine::set_risk(stamp, tool, request.risk_level))
    })
    .await
}

/// A tool of a server that is not deleted.
pub(super) async fn find(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    server: &ServerId,
    id: &ToolId,
) -> Result<McpTool, Error> {
    servers::find(scene, work, server).await?;
    work.mcp_tools().get(scene.tenant(), server, id).await?.ok_or_else(|| Error::not_found("tool"))
}

async fn change(
    scene: &Scene,
    server: &ServerId,
    id: &ToolId,
    step: impl FnOnce(&EventStamp<'_>, McpTool) -> Result<ToolChange, Error> + Send,
) -> Result<McpTool, Error> {
    let mut work = scene.begin().await?;
    let tool = find(scene, &mut *work, server, id).await?;
    let change = scene.stamped(|stamp| step(stamp, tool))?;
    work.mcp_tools().upsert(scene.tenant(), std::slice::from_ref(&change.tool)).await?;
    work.audit_log().append(scene.tenant(), &change.events).await?;
    work.commit().await?;
    Ok(change.tool)
}
