//! Reading invocations.

use portcullis_schemas::Error;
use portcullis_schemas::integrations::mcp::invocation::McpToolInvocation;
use portcullis_schemas::integrations::mcp::operations::{GetMcpInvocation, GetMcpInvocations};
use portcullis_schemas::integrations::mcp::ports::InvocationFilter;
use portcullis_schemas::paging::{Page, PageRequest};

use crate::scene::Scene;

pub(crate) async fn get_invocations(
    scene: Scene,
    request: GetMcpInvocations,
) -> Result<Page<McpToolInvocation>, Error> {
    let mut work = scene.read().await?;
    if let Some(server) = &request.server_id {
        let known = work.mcp_servers().get(scene.tenant(), server).await?;
        known.ok_or_else(|| Error::not_found("MCP server"))?;
    }
    let filter =
        InvocationFilter { server: request.server_id, run: request.run_id, outcome: request.outcome };
    let page = PageRequest::new(request.limit, request.cursor);
    Ok(work.mcp_invocations().list(scene.tenant(), &filter, &page).await?)
}

pub(crate) async fn get_invocation(
    scene: Scene,
    request: GetMcpInvocation,
) -> Result<McpToolInvocation, Error> {
    let mut work = scene.read().await?;
    let found = work.mcp_invocations().get(scene.tenant(), &request.invocation_id).await?;
    found.ok_or_else(|| Error::not_found("invocation"))
}
