//! Health checks: the same egress and the same trail as calls.

use portcullis_engines::integrations::mcp::server::McpServerEngine;
use portcullis_schemas::Error;
use portcullis_schemas::ids::ServerId;
use portcullis_schemas::integrations::mcp::operations::CheckMcpServerHealth;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::server::{McpHealthResult, McpServer};
use portcullis_schemas::integrations::mcp::wire::{McpFailure, McpHealth};
use portcullis_schemas::logs::ledger::IntentKind;

use super::discovery::write_server;
use super::{exchange, servers};
use crate::scene::Scene;

pub(crate) async fn health_check(
    scene: Scene,
    request: CheckMcpServerHealth,
) -> Result<McpHealthResult, Error> {
    let deadline = scene.options().health_deadline;
    let exchange = exchange::begin(&scene, &request.server_id, IntentKind::HealthCheck, deadline).await?;
    let clock = &scene.ports().clock;
    let started = clock.monotonic();
    let answer = scene.client().check_health(scene.tenant(), &exchange.target, &exchange.dispatch).await;
    let latency = clock.monotonic().saturating_sub(started);
    let latency_ms = answer.is_ok().then(|| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX));

    // The exchange was made, so its outcome is recorded whatever becomes of the server's state.
    let noted = note(&scene, &request.server_id, &answer).await;
    exchange.end(&scene, answer.as_ref().err()).await?;
    Ok(McpServerEngine::health_result(&noted?, &answer, latency_ms))
}

async fn note(
    scene: &Scene,
    id: &ServerId,
    answer: &Result<McpHealth, McpFailure>,
) -> Result<McpServer, Error> {
    let mut work = scene.begin().await?;
    // Read again: an admin's disable during the check stands.
    let server = servers::find(scene, &mut *work, id).await?;
    let change = scene.stamped(|stamp| McpServerEngine::after_health(stamp, server, answer))?;
    write_server(scene, &mut *work, &change).await?;
    work.commit().await?;
    Ok(change.server)
}
