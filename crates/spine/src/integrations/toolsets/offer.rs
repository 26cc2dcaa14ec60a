//! What agents see of a toolset: the tools, prompts and resources that a call by this key would be let through to, as far
//! as that can be known before there are arguments. The decision is that of the call.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use portcullis_engines::integrations::toolsets::{MOST_FOUND, offered, relevance};
use portcullis_schemas::ids::{ServerId, ToolId};
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::toolsets::operations::{
    FoundTools, ListOfferedTools, OpenToolset, OpenedToolset, SearchOfferedTools,
};
use portcullis_schemas::integrations::toolsets::{
    ExposedName, OfferedTool, Toolset, ToolsetName, ToolsetTool,
};
use portcullis_schemas::paging::{Cursor, Page};
use portcullis_schemas::runtime::HashPurpose;
use portcullis_schemas::store::UnitOfWork;
use portcullis_schemas::{Error, ErrorKind, codes};
use portcullis_trail::Digest;

use crate::bridges::ApiKeysBridge;
use crate::integrations::mcp::{ServerOffers, TenantConfiguration, freshness, listening};
use crate::scene::Scene;

/// The capability of servers that complete arguments.
const COMPLETIONS: &str = "completions";
/// Hexadecimal digits of a cursor: 160 bits.
const CURSOR_DIGITS: usize = 40;

pub(crate) async fn open_toolset(scene: Scene, request: OpenToolset) -> Result<OpenedToolset, Error> {
    let mut work = scene.read().await?;
    let toolset = opened(&scene, &mut *work, &request.toolset).await?;
    let Toolset { name, description, disclosure, tools, .. } = toolset;
    let kinds: BTreeSet<ItemKind> = tools.iter().map(|entry| entry.kind).collect();
    let with_arguments = tools.iter().filter(|entry| has_arguments_to_complete(entry.kind));
    let servers: BTreeSet<&ServerId> = with_arguments.map(|entry| &entry.server_id).collect();
    let mut completes = false;
    for server in servers {
        completes = completes || can_complete(&scene, &mut *work, server).await?;
    }
    Ok(OpenedToolset { name, description, disclosure, kinds: kinds.into_iter().collect(), completes })
}

fn has_arguments_to_complete(kind: ItemKind) -> bool {
    matches!(kind, ItemKind::Prompt | ItemKind::ResourceTemplate)
}

/// Whether a server has said that it completes arguments.
///
/// # Errors
/// `store_unavailable`.
pub(super) async fn can_complete(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    server: &ServerId,
) -> Result<bool, Error> {
    let server = work.mcp_servers().get(scene.tenant(), server).await?;
    Ok(server.is_some_and(|server| server.capabilities.iter().any(|name| name == COMPLETIONS)))
}

pub(crate) async fn list_offered_tools(
    scene: Scene,
    request: ListOfferedTools,
) -> Result<Page<OfferedTool>, Error> {
    let shelf = Shelf::fresh(&scene, &request.toolset, request.kind.unwrap_or_default()).await?;
    let first = match &request.cursor {
        Some(cursor) => position_after(&scene, &shelf, cursor)?,
        None => 0,
    };
    let limit = request.limit.unwrap_or_default();
    let mut items = Vec::new();
    for entry in shelf.entries().skip(first) {
        // One more than the limit only says that there is a next page.
        if items.len() > usize::from(limit.get()) {
            break;
        }
        items.extend(shelf.offer(&scene, entry).await);
    }
    Ok(Page::from_overfetch(items, limit, |last| cursor_at(&scene, &shelf, &last.name)))
}

pub(crate) async fn search_offered_tools(
    scene: Scene,
    request: SearchOfferedTools,
) -> Result<FoundTools, Error> {
    let shelf = Shelf::fresh(&scene, &request.toolset, ItemKind::Tool).await?;
    let mut found = Vec::new();
    for entry in shelf.entries() {
        if let Some(tool) = shelf.offer(&scene, entry).await {
            let relevance = relevance(request.query.as_str(), &tool);
            found.extend((relevance > 0).then_some((Reverse(relevance), tool)));
        }
    }
    // The sort is stable, so tools that answer equally well stay in the order of their names.
    found.sort_by_key(|(relevance, _)| *relevance);
    Ok(FoundTools { tools: found.into_iter().take(MOST_FOUND).map(|(_, tool)| tool).collect() })
}

/// What a toolset holds of one kind, and what the store says of its servers, read from one snapshot.
struct Shelf {
    kind: ItemKind,
    toolset: Toolset,
    tenant: TenantConfiguration,
    servers: BTreeMap<ServerId, ServerOffers>,
}

impl Shelf {
    /// As [`Self::read`]. Lists that are due are read anew first: agents that see nothing call nothing, so nobody else would.
    async fn fresh(scene: &Scene, name: &ToolsetName, kind: ItemKind) -> Result<Self, Error> {
        let shelf = Self::read(scene, name, kind).await?;
        let due = shelf.due(scene).await;
        if due.is_empty() {
            return Ok(shelf);
        }
        freshness::refresh_all(scene, due).await;
        Self::read(scene, name, kind).await
    }

    async fn read(scene: &Scene, name: &ToolsetName, kind: ItemKind) -> Result<Self, Error> {
        let mut work = scene.read().await?;
        let toolset = opened(scene, &mut *work, name).await?;
        let tenant = TenantConfiguration::read(scene, &mut *work, name).await?;
        let mut wanted: BTreeMap<&ServerId, BTreeSet<&ToolId>> = BTreeMap::new();
        for entry in toolset.tools.iter().filter(|entry| entry.kind == kind) {
            wanted.entry(&entry.server_id).or_default().insert(&entry.tool_id);
        }
        let mut servers = BTreeMap::new();
        for (id, tools) in wanted {
            if let Some(server) = ServerOffers::read(scene, &mut *work, id, &tools).await? {
                servers.insert(id.clone(), server);
            }
        }
        Ok(Self { kind, toolset, tenant, servers })
    }

    /// The servers whose lists a call of one of the tools would have read anew.
    async fn due(&self, scene: &Scene) -> Vec<&McpServer> {
        let mut due = BTreeMap::new();
        for entry in self.entries() {
            let Some(server) = self.servers.get(&entry.server_id) else { continue };
            if !due.contains_key(&entry.server_id)
                && let Some(tool) = server.tool(&entry.tool_id)
                && self.tenant.is_due(scene, server, tool).await
            {
                due.insert(&entry.server_id, &**server.server());
            }
        }
        due.into_values().collect()
    }

    /// In the order of names.
    fn entries(&self) -> impl Iterator<Item = &ToolsetTool> {
        self.toolset.tools.iter().filter(|entry| entry.kind == self.kind)
    }

    /// The tool as the caller sees it, if a call of it would be let through.
    async fn offer(&self, scene: &Scene, entry: &ToolsetTool) -> Option<OfferedTool> {
        let server = self.servers.get(&entry.server_id)?;
        let tool = server.tool(&entry.tool_id)?;
        if !self.tenant.offers(scene, server, tool).await {
            return None;
        }
        listening::keep_heard(scene, server.server());
        offered(entry, &tool.definition)
    }
}

/// Whether a call of this tool of a toolset would be let through, were its arguments right.
///
/// # Errors
/// `store_unavailable`.
pub(super) async fn is_offered(
    scene: &Scene,
    toolset: &ToolsetName,
    entry: &ToolsetTool,
) -> Result<bool, Error> {
    let mut work = scene.read().await?;
    let tenant = TenantConfiguration::read(scene, &mut *work, toolset).await?;
    let wanted = BTreeSet::from([&entry.tool_id]);
    let server = ServerOffers::read(scene, &mut *work, &entry.server_id, &wanted).await?;
    drop(work);
    let Some(server) = server else { return Ok(false) };
    match server.tool(&entry.tool_id) {
        Some(tool) => Ok(tenant.offers(scene, &server, tool).await),
        None => Ok(false),
    }
}

/// A toolset that the caller's key may use; any other answers as one that is not there. The key is looked at again: who
/// calls may have been let in by what was remembered of it.
///
/// # Errors
/// `not_found`; `unauthenticated` when the key was shut out; `store_unavailable`.
pub(super) async fn opened(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    name: &ToolsetName,
) -> Result<Toolset, Error> {
    let id = scene.principal().key();
    let key = work.api_keys().get(scene.tenant(), id).await?;
    ApiKeysBridge::require(key.as_ref(), scene.now()).inspect_err(|_| scene.keys().forget(id))?;
    let found = work.toolsets().find(scene.tenant(), name).await?;
    found
        .filter(|toolset| toolset.keys.contains(scene.principal().key()))
        .ok_or_else(|| Error::not_found("toolset"))
}

/// A cursor tells its holder nothing, and is good for nobody else: it is a keyed hash of the last name that was given
/// out, with who asked, in which toolset, and for what.
fn cursor_at(scene: &Scene, shelf: &Shelf, last: &ExposedName) -> String {
    let (key, toolset, kind) = (scene.principal().key(), &shelf.toolset.toolset_id, shelf.kind);
    let position = format!("{key}\n{toolset}\n{kind}\n{last}");
    let hash = scene.ports().hasher.keyed_hash(scene.tenant(), HashPurpose::Cursor, position.as_bytes());
    let mut text = Digest::from_bytes(hash).to_string();
    text.truncate(CURSOR_DIGITS);
    text
}

/// # Errors
/// `invalid_cursor` when it was given to somebody else, or the tool that it stands for has left the toolset.
fn position_after(scene: &Scene, shelf: &Shelf, cursor: &Cursor) -> Result<usize, Error> {
    let mut names = shelf.entries().map(|entry| &entry.name);
    let last = names.position(|name| cursor_at(scene, shelf, name) == cursor.as_str());
    last.map(|last| last + 1).ok_or_else(|| {
        let message = "this list has no such position: start again without a cursor";
        Error::new(ErrorKind::Invalid, codes::INVALID_CURSOR, message).with_field("cursor")
    })
}
