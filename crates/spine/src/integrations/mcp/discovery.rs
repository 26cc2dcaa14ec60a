//! Discovery: ask the server for its tools, and quarantine what is new or has changed.

use std::time::Duration;

use portcullis_engines::integrations::mcp::authorization::stepped_up;
use portcullis_engines::integrations::mcp::discovery::plan_discovery;
use portcullis_engines::integrations::mcp::server::{McpServerEngine, ServerChange};
use portcullis_schemas::ids::{IncidentId, ServerId};
use portcullis_schemas::incidents::NewIncident;
use portcullis_schemas::integrations::mcp::operations::DiscoverMcpTools;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::server::McpDiscoveryResult;
use portcullis_schemas::integrations::mcp::wire::{McpCatalogue, McpFailure};
use portcullis_schemas::logs::ledger::IntentKind;
use portcullis_schemas::store::UnitOfWork;
use portcullis_schemas::{Error, codes};

use super::exchange::{self, Exchange};
use super::{freshness, servers};
use crate::scene::Scene;

pub(crate) async fn discover_tools(
    scene: Scene,
    request: DiscoverMcpTools,
) -> Result<McpDiscoveryResult, Error> {
    let deadline = scene.options().discovery_deadline;
    discover(&scene, &request.server_id, deadline, Note::All).await
}

/// What is written of a discovery besides its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// That it was made, whatever it has found.
    All,
    /// What it has found. That there was nothing new, and nothing to refuse, is written once a minute at most, and that it
    /// fails as before not again: each writing is a new version of the tenant's configuration, and all that is remembered of
    /// it is read anew.
    News,
    /// The same, but not that the server had no answer in time: it had less than others give it.
    Found,
}

/// The exchange, then one unit of work for everything that it changes, then its outcome.
pub(super) async fn discover(
    scene: &Scene,
    id: &ServerId,
    deadline: Duration,
    note: Note,
) -> Result<McpDiscoveryResult, Error> {
    let exchange = exchange::begin(scene, id, IntentKind::DiscoverTools, deadline).await?;
    let answer = scene.client().discover(scene.tenant(), &exchange.target, &exchange.dispatch).await;
    match answer.map_err(|failure| stepped_up(failure, &exchange.server)) {
        Ok(catalogue) => {
            let result = admit(scene, &exchange, &catalogue, note).await;
            exchange.end(scene, None).await?;
            result
        }
        Err(failure) => {
            // Who gave up says nothing of the server.
            let noted = match failure.code {
                codes::CANCELLED => Ok(()),
                codes::UPSTREAM_TIMEOUT if note == Note::Found => Ok(()),
                _ => note_failure(scene, id, &failure, note).await,
            };
            exchange.end(scene, Some(&failure)).await?;
            noted?;
            Err(exchange::failed(&exchange.server, &failure))
        }
    }
}

async fn admit(
    scene: &Scene,
    exchange: &Exchange,
    catalogue: &McpCatalogue,
    note: Note,
) -> Result<McpDiscoveryResult, Error> {
    let tenant = scene.tenant();
    let mut work = scene.begin().await?;
    let server = unmoved(scene, &mut *work, exchange).await?;
    let is_noted = note != Note::All && freshness::is_noted(scene, &server);
    let known = work.mcp_tools().all_of(tenant, &server.server_id).await?;
    let (plan, change) = scene.stamped(|stamp| {
        let plan = plan_discovery(stamp, &server, &known, catalogue);
        let change = McpServerEngine::after_discovery(stamp, server.clone(), catalogue, &plan);
        change.map(|change| (plan, change))
    })?;
    if is_noted && McpServerEngine::has_no_news(&server, &plan, &change) {
        return Ok(McpServerEngine::discovery_result(&server, &plan, Vec::new()));
    }
    work.mcp_tools().upsert(tenant, &plan.upserts).await?;
    work.audit_log().append(tenant, &plan.events).await?;
    let mut opened = open_incidents(scene, &mut *work, &plan.incidents).await?;
    opened.extend(write_server(scene, &mut *work, &change).await?);
    work.commit().await?;
    Ok(McpServerEngine::discovery_result(&change.server, &plan, opened))
}

async fn note_failure(scene: &Scene, id: &ServerId, failure: &McpFailure, note: Note) -> Result<(), Error> {
    let mut work = scene.begin().await?;
    let server = servers::find(scene, &mut *work, id).await?;
    let before = (server.status, server.last_error.clone());
    let change = scene.stamped(|stamp| McpServerEngine::after_discovery_failure(stamp, server, failure))?;
    if note != Note::All && before == (change.server.status, change.server.last_error.clone()) {
        return Ok(());
    }
    write_server(scene, &mut *work, &change).await?;
    Ok(work.commit().await?)
}

/// The server as it stands now, if it still is the one that was asked: what another endpoint says of it is void.
async fn unmoved(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    exchange: &Exchange,
) -> Result<portcullis_schemas::integrations::mcp::server::McpServer, Error> {
    let server = servers::find(scene, work, &exchange.server.server_id).await?;
    if server.url != exchange.server.url {
        return Err(Error::new(
            portcullis_schemas::ErrorKind::Conflict,
            codes::STATE_CONFLICT,
            "the server's URL was changed meanwhile: discover it again",
        ));
    }
    Ok(server)
}

/// Writes the server's part of a change.
pub(super) async fn write_server(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    change: &ServerChange,
) -> Result<Vec<IncidentId>, Error> {
    work.mcp_servers().update(scene.tenant(), &change.server).await?;
    work.mcp_tools().upsert(scene.tenant(), &change.tools).await?;
    work.audit_log().append(scene.tenant(), &change.events).await?;
    open_incidents(scene, work, change.incident.as_slice()).await
}

async fn open_incidents(
    scene: &Scene,
    work: &mut dyn UnitOfWork,
    incidents: &[NewIncident],
) -> Result<Vec<IncidentId>, Error> {
    let mut opened = Vec::with_capacity(incidents.len());
    for incident in incidents {
        opened.push(work.incidents().open(scene.tenant(), incident).await?);
    }
    Ok(opened)
}
