//! What a discovery or a health check tells of a server.
//!
//! The server handed in must have been read again after the exchange: what an admin did in the meantime stands.

use portcullis_schemas::Error;
use portcullis_schemas::ids::IncidentId;
use portcullis_schemas::integrations::mcp::server::{
    McpDiscoveryResult, McpHealthResult, McpServer, McpServerStatus,
};
use portcullis_schemas::integrations::mcp::wire::{McpCatalogue, McpFailure, McpHealth};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_trail::canonical_hash;
use portcullis_trail::strict::{self, Limits};
use serde_json::{Value, json};

use super::{McpServerEngine, ServerChange, about, step};
use crate::integrations::mcp::discovery::DiscoveryPlan;
use crate::integrations::mcp::events::EventStamp;
use crate::integrations::mcp::lifecycle::ServerEvent;
use crate::integrations::mcp::{incident_rules, listening};

/// Most names of capabilities that are kept.
const MAX_CAPABILITIES: usize = 64;

impl McpServerEngine {
    /// A discovery succeeded: the server is active, unless an admin has disabled it.
    ///
    /// # Errors
    /// `state_conflict` when it was deleted in the meantime.
    pub fn after_discovery(
        stamp: &EventStamp<'_>,
        server: McpServer,
        catalogue: &McpCatalogue,
        plan: &DiscoveryPlan,
    ) -> Result<ServerChange, Error> {
        let before = server.status;
        let mut server = step(stamp, server, ServerEvent::Discovered)?;
        let (capabilities, hash) = read_capabilities(&catalogue.capabilities);
        server.protocol_version = Some(catalogue.protocol_version.chars().take(32).collect());
        server.capabilities = capabilities;
        server.capabilities_hash = hash;
        server.tool_count = plan.found;
        server.health_check_failures = 0;
        server.last_discovery_at = Some(stamp.now);
        server.last_error = None;
        Ok(with_transition(stamp, server, before))
    }

    /// Whether a discovery found everything as it was before, and nothing to refuse.
    #[must_use]
    pub fn has_no_news(before: &McpServer, plan: &DiscoveryPlan, change: &ServerChange) -> bool {
        let McpServer { last_discovery_at, updated_at, version, .. } = &change.server;
        let noted = McpServer {
            last_discovery_at: *last_discovery_at,
            updated_at: *updated_at,
            version: *version,
            ..before.clone()
        };
        plan.upserts.is_empty()
            && plan.refused.is_empty()
            && plan.incidents.is_empty()
            && noted == change.server
    }

    /// A discovery failed: a server that took calls is degraded and goes on with its last list, any other is in error,
    /// unless an admin has disabled it.
    ///
    /// # Errors
    /// `state_conflict` when it was deleted in the meantime.
    pub fn after_discovery_failure(
        stamp: &EventStamp<'_>,
        server: McpServer,
        failure: &McpFailure,
    ) -> Result<ServerChange, Error> {
        let before = server.status;
        let mut server = step(stamp, server, ServerEvent::DiscoveryFailed)?;
        server.last_error = Some(failure.code.to_string());
        Ok(with_transition(stamp, server, before))
    }

    /// A health check ended. Three failures in a row take an active server offline, with an incident; one success
    /// brings it back.
    ///
    /// # Errors
    /// `state_conflict` when it was deleted in the meantime.
    pub fn after_health(
        stamp: &EventStamp<'_>,
        server: McpServer,
        outcome: &Result<McpHealth, McpFailure>,
    ) -> Result<ServerChange, Error> {
        let before = server.status;
        let failures = if outcome.is_ok() { 0 } else { server.health_check_failures.saturating_add(1) };
        let event = if outcome.is_ok() { ServerEvent::Healthy } else { ServerEvent::Unhealthy(failures) };
        let mut server = step(stamp, server, event)?;
        server.health_check_failures = failures;
        server.last_health_check_at = Some(stamp.now);
        match outcome {
            Err(failure) => server.last_error = Some(failure.code.to_string()),
            // The code of a failed discovery stays until one succeeds.
            Ok(_) if server.status != McpServerStatus::Error => server.last_error = None,
            Ok(_) => {}
        }
        let mut change = with_transition(stamp, server, before);
        if change.server.status == McpServerStatus::Offline && before != McpServerStatus::Offline {
            change.incident = Some(incident_rules::server_offline(stamp, &change.server));
        }
        Ok(change)
    }

    /// The answer to a discovery. `incidents` are those that the store opened or joined.
    #[must_use]
    pub fn discovery_result(
        server: &McpServer,
        plan: &DiscoveryPlan,
        incidents: Vec<IncidentId>,
    ) -> McpDiscoveryResult {
        McpDiscoveryResult {
            server_id: server.server_id.clone(),
            status: server.status,
            protocol_version: server.protocol_version.clone().unwrap_or_default(),
            capabilities: server.capabilities.clone(),
            tools_found: plan.found,
            tools_added: plan.added,
            tools_changed: plan.changed,
            tools_vanished: plan.vanished,
            refused: plan.refused.clone(),
            incidents,
        }
    }

    /// The answer to a health check.
    #[must_use]
    pub fn health_result(
        server: &McpServer,
        outcome: &Result<McpHealth, McpFailure>,
        latency_ms: Option<u64>,
    ) -> McpHealthResult {
        McpHealthResult {
            server_id: server.server_id.clone(),
            is_healthy: outcome.is_ok(),
            status: server.status,
            latency_ms: latency_ms.filter(|_| outcome.is_ok()),
            health_check_failures: server.health_check_failures,
            error_code: outcome.as_ref().err().map(|failure| failure.code.to_string()),
        }
    }
}

fn with_transition(stamp: &EventStamp<'_>, server: McpServer, before: McpServerStatus) -> ServerChange {
    let mut events = Vec::new();
    if server.status != before {
        let facts = json!({
            "from": before,
            "to": server.status,
            "failures": server.health_check_failures,
            "error_code": server.last_error,
        });
        events.push(stamp.draft(AuditEventType::McpServerHealthChanged, about(&server), facts));
    }
    ServerChange { server, tools: Vec::new(), events, incident: None }
}

/// Names that can be shown, sorted, and the hash of the whole. What does not read strictly has neither: capabilities
/// are the server's own words, and decide no more than whether it is listened to.
fn read_capabilities(raw: &RawJson) -> (Vec<String>, Option<String>) {
    let Ok(value) = strict::parse(raw.as_str().as_bytes(), Limits::default()) else {
        return (Vec::new(), None);
    };
    let hash = canonical_hash(&value).ok().map(|hash| hash.to_string());
    let Value::Object(members) = value else { return (Vec::new(), hash) };
    let is_shown = |name: &&String| name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_graphic());
    let mut names: Vec<String> = members.keys().filter(is_shown).take(MAX_CAPABILITIES).cloned().collect();
    names.extend(listening::flags(&members));
    names.sort_unstable();
    (names, hash)
}
