//! What may be done with a registered server: registration and changes by an admin, and what exchanges tell of it.

use portcullis_schemas::ids::{ServerId, TenantId, ToolId};
use portcullis_schemas::incidents::NewIncident;
use portcullis_schemas::integrations::mcp::input::InputKind;
use portcullis_schemas::integrations::mcp::oauth::UpstreamOauth;
use portcullis_schemas::integrations::mcp::operations::{RegisterMcpServer, UpdateMcpServer};
use portcullis_schemas::integrations::mcp::server::{
    DefinitionCheck, McpAuthType, McpServer, McpServerStatus, McpTransport, ProtocolPin,
};
use portcullis_schemas::integrations::mcp::tool::{McpTool, QuarantineReason, ToolStatus};
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_schemas::text::{Reason, Tag, UrlText};
use portcullis_schemas::{Error, ErrorKind, codes};
use serde_json::json;

use super::authentication::{check_auth, check_auth_header};
use super::authorization::Discovered;
use super::events::EventStamp;
use super::lifecycle::{self, ServerEvent};
use crate::upstream_tokens::check_oauth;

mod outcomes;
#[cfg(test)]
mod tests;

/// Most labels of a server.
pub const MAX_TAGS: usize = 32;

/// The rules of MCP servers. Every function takes the server as stored and gives it as it is to be stored.
#[derive(Clone, Copy, Debug)]
pub struct McpServerEngine;

/// A changed server (its `version` is raised) and what is to be written with it, in one transaction.
#[derive(Clone, Debug)]
pub struct ServerChange {
    /// The server.
    pub server: McpServer,
    /// Tools that change with it.
    pub tools: Vec<McpTool>,
    /// Events, in order.
    pub events: Vec<AuditEventDraft>,
    /// The incident that the rules ask for.
    pub incident: Option<NewIncident>,
}

impl McpServerEngine {
    /// A new server in state `pending`. `url` is the canonical form of the request's, judged by the egress rules.
    ///
    /// # Errors
    /// `transport_unsupported`; `invalid_field` for tags and for an authentication that does not fit together.
    pub fn register(
        stamp: &EventStamp<'_>,
        tenant: &TenantId,
        id: ServerId,
        request: RegisterMcpServer,
        url: UrlText,
    ) -> Result<ServerChange, Error> {
        let transport = request.transport.unwrap_or(McpTransport::Http);
        check_transport(transport)?;
        check_tags(&request.tags)?;
        let auth_type = request.auth_type.unwrap_or(McpAuthType::None);
        check_auth(auth_type, request.auth_header.as_ref(), request.credential_ref.as_ref())?;
        check_oauth(auth_type, request.oauth.as_ref())?;
        let server = McpServer {
            server_id: id,
            tenant_id: tenant.clone(),
            name: request.name,
            description: request.description,
            url,
            transport,
            auth_type,
            auth_header: request.auth_header,
            oauth: request.oauth,
            credential_ref: request.credential_ref,
            protocol: request.protocol.unwrap_or(ProtocolPin::Auto),
            agent_input: agent_input(request.agent_input)?,
            definition_check: request.definition_check.unwrap_or(DefinitionCheck::WhenDue),
            status: McpServerStatus::Pending,
            protocol_version: None,
            capabilities: Vec::new(),
            capabilities_hash: None,
            tool_count: 0,
            health_check_failures: 0,
            last_health_check_at: None,
            last_discovery_at: None,
            last_error: None,
            requires_approval: true,
            tags: request.tags,
            created_by: stamp.actor.name.clone(),
            registered_at: stamp.now,
            updated_at: stamp.now,
            deleted_at: None,
            version: 1,
        };
        let mut facts = json!({ "name": server.name, "url": server.url, "auth_type": server.auth_type });
        if !server.agent_input.is_empty() {
            facts["agent_input"] = json!(server.agent_input);
        }
        if server.definition_check != DefinitionCheck::WhenDue {
            facts["definition_check"] = json!(server.definition_check);
        }
        let event = stamp.draft(AuditEventType::McpServerRegistered, about(&server), facts);
        Ok(ServerChange { server, tools: Vec::new(), events: vec![event], incident: None })
    }

    /// Changes what the request names. `tools` are all tools of the server; `url` is the canonical form of the
    /// request's. A URL that differs from the stored one makes another server of it: all tools are quarantined, the
    /// credential is dropped unless the request names one, and it is `pending`.
    ///
    /// # Errors
    /// `state_conflict` when it is deleted or has moved on from `expected_version`; `invalid_field` when nothing is
    /// named, or what is named does not fit together.
    pub fn update(
        stamp: &EventStamp<'_>,
        server: McpServer,
        tools: &[McpTool],
        request: UpdateMcpServer,
        url: Option<UrlText>,
    ) -> Result<ServerChange, Error> {
        check_expected(&server, request.expected_version)?;
        let members = named_members(&request);
        if members.is_empty() {
            return Err(Error::invalid(
                "request",
                "expected at least one member to change besides server_id",
            ));
        }
        let moved = url.as_ref().is_some_and(|url| *url != server.url);
        let event = if moved { ServerEvent::UrlChanged } else { ServerEvent::Changed };
        let mut changed = step(stamp, server, event)?;
        if let Some(url) = url.filter(|_| moved) {
            changed.url = url;
            reset_for_new_url(&mut changed);
        }
        apply(&mut changed, request, moved)?;
        let mut facts = json!({ "changed": members, "url_changed": moved, "status": changed.status });
        if members.contains(&"agent_input") {
            facts["agent_input"] = json!(changed.agent_input);
        }
        if members.contains(&"definition_check") {
            facts["definition_check"] = json!(changed.definition_check);
        }
        let mut events = vec![stamp.draft(AuditEventType::McpServerUpdated, about(&changed), facts)];
        let tools = if moved { quarantine_all(stamp, &changed, tools, &mut events) } else { Vec::new() };
        Ok(ServerChange { server: changed, tools, events, incident: None })
    }

    /// Takes over what a discovery of its authorization has found, as if an admin had named it.
    ///
    /// # Errors
    /// `state_conflict` when the server is deleted; `invalid_field` where the settings do not fit together.
    pub fn authorize(
        stamp: &EventStamp<'_>,
        server: McpServer,
        found: Discovered,
    ) -> Result<ServerChange, Error> {
        let mut server = step(stamp, server, ServerEvent::Changed)?;
        // Where secrets and browsers go from now on, and went before.
        let facts = json!({
            "changed": ["auth_type", "oauth", "credential_ref"], "url_changed": false, "status": server.status,
            "auth_type": found.auth_type, "registration": found.registration,
            "oauth": found.oauth, "previous_oauth": server.oauth,
        });
        server.auth_type = found.auth_type;
        server.auth_header = None;
        server.oauth = Some(found.oauth);
        server.credential_ref = Some(found.credential_ref);
        check_auth(server.auth_type, None, server.credential_ref.as_ref())?;
        check_oauth(server.auth_type, server.oauth.as_ref())?;
        Ok(plain(stamp, server, AuditEventType::McpServerUpdated, facts))
    }

    /// Takes a disabled server back; it must be discovered before its tools can be called.
    ///
    /// # Errors
    /// `state_conflict` unless it is disabled.
    pub fn enable(stamp: &EventStamp<'_>, server: McpServer) -> Result<ServerChange, Error> {
        let mut server = step(stamp, server, ServerEvent::Enabled)?;
        server.health_check_failures = 0;
        Ok(plain(stamp, server, AuditEventType::McpServerEnabled, json!({})))
    }

    /// Refuses all calls until an admin enables it.
    ///
    /// # Errors
    /// `state_conflict` when it is disabled or deleted.
    pub fn disable(
        stamp: &EventStamp<'_>,
        server: McpServer,
        reason: Option<&Reason>,
    ) -> Result<ServerChange, Error> {
        let server = step(stamp, server, ServerEvent::Disabled)?;
        Ok(plain(stamp, server, AuditEventType::McpServerDisabled, json!({ "reason": reason })))
    }

    /// Deletes it softly: it refuses everything, stays readable, and its name and URL are free.
    ///
    /// # Errors
    /// `state_conflict` when it is deleted already.
    pub fn delete(stamp: &EventStamp<'_>, server: McpServer) -> Result<ServerChange, Error> {
        let mut server = step(stamp, server, ServerEvent::Deleted)?;
        server.deleted_at = Some(stamp.now);
        Ok(plain(stamp, server, AuditEventType::McpServerDeleted, json!({})))
    }
}

/// Moves the server along the table and marks it changed.
fn step(stamp: &EventStamp<'_>, mut server: McpServer, event: ServerEvent) -> Result<McpServer, Error> {
    server.status = lifecycle::next(server.status, event)?;
    server.updated_at = stamp.now;
    server.version += 1;
    Ok(server)
}

/// What an event about a server speaks of.
pub(super) fn about(server: &McpServer) -> Vec<(&'static str, String)> {
    vec![("server_id", server.server_id.to_string())]
}

/// What an event about a tool speaks of.
pub(super) fn about_tool(server: &ServerId, tool: &ToolId) -> Vec<(&'static str, String)> {
    vec![("server_id", server.to_string()), ("tool_id", tool.to_string())]
}

fn plain(
    stamp: &EventStamp<'_>,
    server: McpServer,
    event: AuditEventType,
    facts: serde_json::Value,
) -> ServerChange {
    let events = vec![stamp.draft(event, about(&server), facts)];
    ServerChange { server, tools: Vec::new(), events, incident: None }
}

fn check_transport(transport: McpTransport) -> Result<(), Error> {
    let why = match transport {
        McpTransport::Http => return Ok(()),
        McpTransport::Stdio => "the gateway starts no processes: put the server behind Streamable HTTP",
        McpTransport::Sse => {
            "HTTP+SSE of 2024-11-05 is deprecated by the specification: use the server's Streamable HTTP endpoint"
        }
        _ => "it is no transport of the specification: use the server's Streamable HTTP endpoint",
    };
    let message = format!("transport {transport} is not offered, expected http: {why}");
    Err(Error::new(ErrorKind::Invalid, codes::TRANSPORT_UNSUPPORTED, message).with_field("transport"))
}

fn check_tags(tags: &[Tag]) -> Result<(), Error> {
    if tags.len() > MAX_TAGS {
        return Err(Error::invalid("tags", format!("expected at most {MAX_TAGS} labels")));
    }
    let mut seen: Vec<&str> = tags.iter().map(Tag::as_str).collect();
    seen.sort_unstable();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::invalid("tags", "expected each label once"));
    }
    Ok(())
}

/// What a server may ask of agents, sorted.
fn agent_input(mut named: Vec<InputKind>) -> Result<Vec<InputKind>, Error> {
    named.sort_unstable();
    if named.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::invalid("agent_input", "expected each kind of input once"));
    }
    if named.contains(&InputKind::SamplingTools) && !named.contains(&InputKind::Sampling) {
        return Err(Error::invalid("agent_input", "expected `sampling` beside `sampling_tools`"));
    }
    Ok(named)
}

fn check_expected(server: &McpServer, expected: Option<u64>) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != server.version => Err(Error::new(
            ErrorKind::Conflict,
            codes::STATE_CONFLICT,
            format!("the server is at version {}: read it again and decide anew", server.version),
        )
        .with_field("expected_version")),
        _ => Ok(()),
    }
}

fn named_members(request: &UpdateMcpServer) -> Vec<&'static str> {
    let named = [
        ("name", request.name.is_some()),
        ("description", request.description.is_some()),
        ("url", request.url.is_some()),
        ("auth_type", request.auth_type.is_some()),
        ("auth_header", request.auth_header.is_some()),
        ("oauth", request.oauth.is_some()),
        ("credential_ref", request.credential_ref.is_some()),
        ("protocol", request.protocol.is_some()),
        ("agent_input", request.agent_input.is_some()),
        ("definition_check", request.definition_check.is_some()),
        ("tags", request.tags.is_some()),
    ];
    named.into_iter().filter(|(_, is_named)| *is_named).map(|(name, _)| name).collect()
}

/// What was learnt from the old URL says nothing of the new one, and its credential was not meant for it.
fn reset_for_new_url(server: &mut McpServer) {
    server.credential_ref = None;
    server.agent_input = Vec::new();
    server.protocol_version = None;
    server.capabilities = Vec::new();
    server.capabilities_hash = None;
    server.tool_count = 0;
    server.health_check_failures = 0;
    server.last_error = None;
}

fn apply(server: &mut McpServer, request: UpdateMcpServer, moved: bool) -> Result<(), Error> {
    check_tags(request.tags.as_deref().unwrap_or_default())?;
    let touches_auth =
        request.auth_type.is_some() || request.auth_header.is_some() || request.credential_ref.is_some();
    if let Some(auth_type) = request.auth_type.filter(|new| *new != server.auth_type) {
        // What belongs to the old type goes with it; what the request names is judged below.
        server.auth_type = auth_type;
        server.auth_header = None;
        server.oauth = None;
        if auth_type == McpAuthType::None {
            server.credential_ref = None;
        }
    }
    server.auth_header = request.auth_header.or(server.auth_header.take());
    check_endpoint(server, request.oauth.as_ref(), request.credential_ref.is_some())?;
    server.oauth = request.oauth.or(server.oauth.take());
    check_oauth(server.auth_type, server.oauth.as_ref())?;
    server.credential_ref = request.credential_ref.or(server.credential_ref.take());
    let dropped = moved && server.credential_ref.is_none();
    if dropped {
        check_auth_header(server.auth_type, server.auth_header.as_ref())?;
    } else if touches_auth {
        check_auth(server.auth_type, server.auth_header.as_ref(), server.credential_ref.as_ref())?;
    }
    server.name = request.name.unwrap_or_else(|| server.name.clone());
    server.description = request.description.or(server.description.take());
    server.protocol = request.protocol.unwrap_or(server.protocol);
    if let Some(named) = request.agent_input {
        server.agent_input = agent_input(named)?;
    }
    server.definition_check = request.definition_check.unwrap_or(server.definition_check);
    server.tags = request.tags.unwrap_or_else(|| std::mem::take(&mut server.tags));
    Ok(())
}

/// A client secret goes to the token endpoint that it was meant for, and to no other.
fn check_endpoint(server: &McpServer, new: Option<&UpstreamOauth>, has_secret: bool) -> Result<(), Error> {
    let endpoint = |oauth: &UpstreamOauth| oauth.token_endpoint.clone();
    let moved = new.is_some_and(|new| server.oauth.as_ref().map(endpoint) != Some(endpoint(new)));
    if !moved || has_secret || server.credential_ref.is_none() {
        return Ok(());
    }
    let expected = "required: the secret that is stored was not meant for this token endpoint";
    Err(Error::invalid("credential_ref", expected))
}

/// A tool behind another URL is another tool, whatever its definition says.
fn quarantine_all(
    stamp: &EventStamp<'_>,
    server: &McpServer,
    tools: &[McpTool],
    events: &mut Vec<AuditEventDraft>,
) -> Vec<McpTool> {
    let quarantine = |tool: &McpTool| McpTool {
        status: ToolStatus::Quarantined,
        quarantine_reason: Some(QuarantineReason::ServerUrlChanged),
        updated_at: stamp.now,
        version: tool.version + 1,
        ..tool.clone()
    };
    let changed: Vec<McpTool> = tools.iter().map(quarantine).collect();
    for tool in tools.iter().filter(|tool| tool.status == ToolStatus::Approved) {
        let facts = json!({ "name": tool.name, "reason": QuarantineReason::ServerUrlChanged });
        events.push(stamp.draft(
            AuditEventType::McpToolQuarantined,
            about_tool(&server.server_id, &tool.tool_id),
            facts,
        ));
    }
    changed
}
