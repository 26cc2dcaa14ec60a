//! Handlers of `integrations.toolsets.*`: managing toolsets here, what agents do with them in [`offer`] and [`call`].

pub(crate) mod call;
pub(crate) mod offer;

use std::collections::BTreeMap;

use portcullis_engines::integrations::toolsets::{MAX_KEYS, MAX_TOOLS, ToolsetEngine, check_count, select};
use portcullis_schemas::Error;
use portcullis_schemas::ids::{KeyId, ServerId, ToolsetId};
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::toolsets::operations::{
    CreateToolset, DeleteToolset, GetToolset, ListToolsets, ToolSelection, UpdateToolset,
};
use portcullis_schemas::integrations::toolsets::{Toolset, ToolsetTool};
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::store::UnitOfWork;

use crate::integrations::mcp::servers;
use crate::scene::Scene;
use crate::taken::or_taken;

pub(crate) async fn create_toolset(scene: Scene, mut request: CreateToolset) -> Result<Toolset, Error> {
    let id = ToolsetId::generate(&*scene.ports().ids);
    let mut work = scene.begin().await?;
    let tools = selected(&scene, &mut *work, std::mem::take(&mut request.tools)).await?;
    check_keys(&scene, &mut *work, &request.keys).await?;
    let hasher = &*scene.ports().hasher;
    let change = scene
        .stamped(|stamp| ToolsetEngine::create(stamp, hasher, scene.tenant(), id.clone(), request, tools))?;
    let inserted = work.toolsets().insert(scene.tenant(), &change.toolset).await;
    inserted.map_err(or_taken("toolset", "name"))?;
    work.audit_log().append(scene.tenant(), &[change.event]).await?;
    work.commit().await?;
    Ok(change.toolset)
}

pub(crate) async fn get_toolset(scene: Scene, request: GetToolset) -> Result<Toolset, Error> {
    find(&scene, &mut *scene.read().await?, &request.toolset_id).await
}

pub(crate) async fn list_toolsets(scene: Scene, request: ListToolsets) -> Result<Page<Toolset>, Error> {
    let page = PageRequest::new(request.limit, request.cursor);
    Ok(scene.read().await?.toolsets().list(scene.tenant(), &page).await?)
}

pub(crate) async fn update_toolset(scene: Scene, mut request: UpdateToolset) -> Result<Toolset, Error> {
    let mut work = scene.begin().await?;
    let toolset = find(&scene, &mut *work, &request.toolset_id).await?;
    let tools = match request.tools.take() {
        Some(tools) => Some(selected(&scene, &mut *work, tools).await?),
        None => None,
    };
    check_keys(&scene, &mut *work, request.keys.as_deref().unwrap_or_default()).await?;
    let hasher = &*scene.ports().hasher;
    let change = scene.stamped(|stamp| ToolsetEngine::update(stamp, hasher, toolset, request, tools))?;
    work.toolsets().update(scene.tenant(), &change.toolset).await?;
    work.audit_log().append(scene.tenant(), &[change.event]).await?;
    work.commit().await?;
    Ok(change.toolset)
}

pub(crate) async fn delete_toolset(scene: Scene, request: DeleteToolset) -> Result<Toolset, Error> {
    let mut work = scene.begin().await?;
    let toolset = find(&scene, &mut *work, &request.toolset_id).await?;
    let hasher = &*scene.ports().hasher;
    let change = scene.stamped(|stamp| ToolsetEngine::delete(stamp, hasher, toolset))?;
    work.toolsets().delete(scene.tenant(), &request.toolset_id).await?;
    work.audit_log().append(scene.tenant(), &[change.event]).await?;
    work.commit().await?;
    Ok(change.toolset)
}

async fn find(scene: &Scene, work: &mut dyn UnitOfWork, id: &ToolsetId) -> Result<Toolset, Error> {
    work.toolsets().get(scene.tenant(), id).await?.ok_or_else(|| Error::not_found("toolset"))
}

/// What is selected, as it is stored; foreign servers and tools answer as absent ones.
async fn selected(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    selections: Vec<ToolSelection>,
) -> Result<Vec<ToolsetTool>, Error> {
    check_count("tools", selections.len(), MAX_TOOLS)?;
    let mut known: BTreeMap<ServerId, McpServer> = BTreeMap::new();
    let mut tools = Vec::with_capacity(selections.len());
    for (index, selection) in selections.into_iter().enumerate() {
        let named = |member: &str| format!("tools[{index}].{member}");
        if !known.contains_key(&selection.server_id) {
            let server = servers::find(scene, work, &selection.server_id).await;
            let server = server.map_err(|error| error.with_field(named("server_id")))?;
            known.insert(selection.server_id.clone(), server);
        }
        let tool = work.mcp_tools().get(scene.tenant(), &selection.server_id, &selection.tool_id).await?;
        let tool = tool.ok_or_else(|| Error::not_found("tool").with_field(named("tool_id")))?;
        if let Some(server) = known.get(&selection.server_id) {
            tools.push(select(index, selection, server, &tool)?);
        }
    }
    Ok(tools)
}

/// Keys are named by id; a foreign one answers as an absent one.
async fn check_keys(scene: &Scene, work: &mut dyn UnitOfWork, keys: &[KeyId]) -> Result<(), Error> {
    check_count("keys", keys.len(), MAX_KEYS)?;
    for (index, key) in keys.iter().enumerate() {
        if work.api_keys().get(scene.tenant(), key).await?.is_none() {
            return Err(Error::not_found("API key").with_field(format!("keys[{index}]")));
        }
    }
    Ok(())
}
