//! Registering and managing servers.

use portcullis_engines::integrations::mcp::server::{McpServerEngine, ServerChange};
use portcullis_engines::upstream_tokens::own_secrets::is_callers_own;
use portcullis_schemas::codes;
use portcullis_schemas::egress::{EgressError, EgressStage};
use portcullis_schemas::ids::ServerId;
use portcullis_schemas::integrations::credentials::ports::ReferenceTarget;
use portcullis_schemas::integrations::mcp::oauth::UpstreamOauth;
use portcullis_schemas::integrations::mcp::operations::{
    DeleteMcpServer, DisableMcpServer, EnableMcpServer, GetMcpServer, ListMcpServers, RegisterMcpServer,
    RegisteredMcpServer, UpdateMcpServer,
};
use portcullis_schemas::integrations::mcp::server::{McpServer, McpServerStatus};
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::store::UnitOfWork;
use portcullis_schemas::text::{CredentialRefText, UrlText};
use portcullis_schemas::{Error, ErrorKind};

use crate::integrations::mcp::discovery::{Note, discover};
use crate::scene::Scene;
use crate::taken::{or_taken, taken};

pub(crate) async fn register_server(
    scene: Scene,
    request: RegisterMcpServer,
) -> Result<RegisteredMcpServer, Error> {
    let auto_discover = request.auto_discover.unwrap_or(true);
    check_reference(&scene, request.credential_ref.as_ref())?;
    let id = ServerId::generate(&*scene.ports().ids);
    // Whatever is wrong with the request is said before its URL is looked up.
    let draft = |url| {
        scene.stamped(|stamp| {
            McpServerEngine::register(stamp, scene.tenant(), id.clone(), request.clone(), url)
        })
    };
    draft(request.url.clone())?;
    judge_endpoint(&scene, request.oauth.as_ref()).await?;
    let change = draft(judged(&scene, &request.url, "url").await?)?;
    let mut work = scene.begin().await?;
    if work.mcp_servers().find_by_url(scene.tenant(), change.server.url.as_str()).await?.is_some() {
        return Err(taken("MCP server", "url"));
    }
    work.mcp_servers()
        .insert(scene.tenant(), &change.server)
        .await
        .map_err(or_taken("MCP server", "name"))?;
    work.audit_log().append(scene.tenant(), &change.events).await?;
    work.commit().await?;
    if !auto_discover {
        return Ok(RegisteredMcpServer { server: change.server, discovery: None, discovery_error: None });
    }
    let found = discover(&scene, &id, scene.options().discovery_deadline, Note::All).await;
    let (discovery, discovery_error) = match found {
        Ok(result) => (Some(result), None),
        Err(error) => (None, Some(error.code().to_string())),
    };
    let server = find(&scene, &mut *scene.read().await?, &id).await?;
    Ok(RegisteredMcpServer { server, discovery, discovery_error })
}

pub(crate) async fn get_server(scene: Scene, request: GetMcpServer) -> Result<McpServer, Error> {
    find(&scene, &mut *scene.read().await?, &request.server_id).await
}

pub(crate) async fn list_servers(scene: Scene, request: ListMcpServers) -> Result<Page<McpServer>, Error> {
    let hidden = |status: &McpServerStatus| match status {
        McpServerStatus::Deleted => true,
        McpServerStatus::Disabled => request.include_disabled != Some(true),
        _ => false,
    };
    let states: Vec<_> = McpServerStatus::ALL.iter().copied().filter(|status| !hidden(status)).collect();
    let page = PageRequest::new(request.limit, request.cursor);
    Ok(scene.read().await?.mcp_servers().list(scene.tenant(), &states, &page).await?)
}

pub(crate) async fn update_server(scene: Scene, request: UpdateMcpServer) -> Result<McpServer, Error> {
    check_reference(&scene, request.credential_ref.as_ref())?;
    let url = match &request.url {
        Some(url) => Some(judged(&scene, url, "url").await?),
        None => None,
    };
    judge_endpoint(&scene, request.oauth.as_ref()).await?;
    let mut work = scene.begin().await?;
    let server = find(&scene, &mut *work, &request.server_id).await?;
    let tools = work.mcp_tools().all_of(scene.tenant(), &server.server_id).await?;
    let change = scene.stamped(|stamp| McpServerEngine::update(stamp, server, &tools, request, url))?;
    apply(&scene, work, change).await
}

pub(crate) async fn enable_server(scene: Scene, request: EnableMcpServer) -> Result<McpServer, Error> {
    let mut work = scene.begin().await?;
    let server = find(&scene, &mut *work, &request.server_id).await?;
    let change = scene.stamped(|stamp| McpServerEngine::enable(stamp, server))?;
    apply(&scene, work, change).await
}

pub(crate) async fn disable_server(scene: Scene, request: DisableMcpServer) -> Result<McpServer, Error> {
    let mut work = scene.begin().await?;
    let server = find(&scene, &mut *work, &request.server_id).await?;
    let change = scene.stamped(|stamp| McpServerEngine::disable(stamp, server, request.reason.as_ref()))?;
    apply(&scene, work, change).await
}

pub(crate) async fn delete_server(scene: Scene, request: DeleteMcpServer) -> Result<McpServer, Error> {
    let mut work = scene.begin().await?;
    let server = find(&scene, &mut *work, &request.server_id).await?;
    let change = scene.stamped(|stamp| McpServerEngine::delete(stamp, server))?;
    // What was sealed for it alone is of no use any more.
    work.connections().remove_at_server(scene.tenant(), &request.server_id).await?;
    apply(&scene, work, change).await
}

/// A server that is not deleted; foreign and deleted ones answer as absent ones.
pub(crate) async fn find(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    id: &ServerId,
) -> Result<McpServer, Error> {
    let found = work.mcp_servers().get(scene.tenant(), id).await?;
    found.filter(|server| server.deleted_at.is_none()).ok_or_else(|| Error::not_found("MCP server"))
}

/// Writes a change as a whole, then lets go of what was cached of the server.
pub(super) async fn apply(
    scene: &Scene,
    mut work: Box<dyn UnitOfWork>,
    change: ServerChange,
) -> Result<McpServer, Error> {
    let tenant = scene.tenant();
    work.mcp_servers().update(tenant, &change.server).await.map_err(or_taken("MCP server", "name"))?;
    work.mcp_tools().upsert(tenant, &change.tools).await?;
    work.audit_log().append(tenant, &change.events).await?;
    if let Some(incident) = &change.incident {
        work.incidents().open(tenant, incident).await?;
    }
    work.commit().await?;
    scene.ports().mcp.forget(tenant, &change.server.server_id).await;
    Ok(change.server)
}

/// The URL in canonical form, if the egress rules let it be used at all.
async fn judged(scene: &Scene, url: &UrlText, field: &'static str) -> Result<UrlText, Error> {
    let canonical = scene.ports().egress.judge(scene.tenant(), url.as_str()).await;
    let canonical = canonical.map_err(|error| refused_url(error, field))?;
    UrlText::new(canonical).map_err(|error| Error::invalid(field, error.to_string()))
}

/// A token endpoint is kept as it was given: authorization servers compare signs.
async fn judge_endpoint(scene: &Scene, oauth: Option<&UpstreamOauth>) -> Result<(), Error> {
    let Some(oauth) = oauth else { return Ok(()) };
    // Where browsers are sent is nothing that the gate connects to.
    judged(scene, &oauth.token_endpoint, "oauth.token_endpoint").await.map(drop)
}

fn refused_url(error: EgressError, field: &'static str) -> Error {
    if error.stage != EgressStage::Judged {
        return Error::new(
            ErrorKind::Upstream,
            error.code,
            "the URL's host cannot be looked up: check its name",
        )
        .with_field(field);
    }
    let rule = &error.detail;
    let message = format!(
        "it breaks the egress rule `{rule}`: expected https, a public DNS name, port 443 or 8443; \
         an operator can waive an exact origin"
    );
    Error::new(ErrorKind::Invalid, codes::EGRESS_REFUSED, message).with_field(field)
}

/// The reference's form, before anything is stored. Whether it may be used is judged at every use.
pub(super) fn check_reference(scene: &Scene, reference: Option<&CredentialRefText>) -> Result<(), Error> {
    let Some(reference) = reference.filter(|reference| !is_callers_own(reference)) else { return Ok(()) };
    let target = scene.ports().vault.check_reference(scene.tenant(), reference.as_str());
    match target {
        Ok(ReferenceTarget::Vault(_) | ReferenceTarget::Encrypted) => Ok(()),
        Ok(_) => Err(refused_reference("this kind of reference is not for servers of a tenant")),
        Err(error) => Err(refused_reference(error.detail())),
    }
}

fn refused_reference(expected: &str) -> Error {
    Error::new(ErrorKind::Invalid, codes::CREDENTIAL_REFERENCE, expected).with_field("credential_ref")
}
