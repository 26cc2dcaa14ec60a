//! The row of a server.

use portcullis_schemas::PortError;
use portcullis_schemas::integrations::mcp::oauth::UpstreamOauth;
use portcullis_schemas::integrations::mcp::server::{DefinitionCheck, McpAuthType, McpServer};
use portcullis_schemas::text::{CredentialRefText, Description, HeaderNameText, Name, UrlText};
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::entity::prelude::*;

use crate::rows::{count, from_json, micros_if, stored, stored_if, tenant, time_if, to_json, uncount};
use crate::tenancy::TenantRows;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mcp_servers")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) server_id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) url: String,
    pub(crate) transport: String,
    pub(crate) auth_type: String,
    pub(crate) auth_header: Option<String>,
    pub(crate) credential_ref: Option<String>,
    /// JSON. A server that has it is `bearer` in `auth_type`: the column's check is older than OAuth. With an authorization
    /// endpoint in it, callers have accounts of their own; with a type of subject tokens, their tokens are exchanged.
    pub(crate) oauth: Option<String>,
    pub(crate) protocol: String,
    /// JSON; absent for nothing.
    pub(crate) agent_input: Option<String>,
    /// Absent for `when_due`.
    pub(crate) definition_check: Option<String>,
    pub(crate) status: String,
    pub(crate) protocol_version: Option<String>,
    pub(crate) capabilities: String,
    pub(crate) capabilities_hash: Option<String>,
    pub(crate) tool_count: i64,
    pub(crate) health_check_failures: i64,
    pub(crate) last_health_check_at: Option<i64>,
    pub(crate) last_discovery_at: Option<i64>,
    pub(crate) last_error: Option<String>,
    pub(crate) requires_approval: bool,
    pub(crate) tags: String,
    pub(crate) created_by: String,
    pub(crate) registered_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) deleted_at: Option<i64>,
    pub(crate) version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantRows for Entity {
    const TENANT: Column = Column::TenantId;
}

impl Model {
    pub(super) fn of(server: &McpServer) -> Result<Self, PortError> {
        Ok(Self {
            tenant_id: server.tenant_id.to_string(),
            server_id: server.server_id.to_string(),
            name: server.name.to_string(),
            description: server.description.as_ref().map(ToString::to_string),
            url: server.url.to_string(),
            transport: server.transport.to_string(),
            auth_type: match server.auth_type {
                oauth if oauth.is_oauth() => McpAuthType::Bearer.to_string(),
                other => other.to_string(),
            },
            auth_header: server.auth_header.as_ref().map(ToString::to_string),
            credential_ref: server.credential_ref.as_ref().map(ToString::to_string),
            oauth: server.oauth.as_ref().map(to_json).transpose()?,
            protocol: server.protocol.to_string(),
            agent_input: Some(&server.agent_input)
                .filter(|kinds| !kinds.is_empty())
                .map(to_json)
                .transpose()?,
            definition_check: Some(server.definition_check)
                .filter(|check| *check != DefinitionCheck::WhenDue)
                .map(|check| check.to_string()),
            status: server.status.to_string(),
            protocol_version: server.protocol_version.clone(),
            capabilities: to_json(&server.capabilities)?,
            capabilities_hash: server.capabilities_hash.clone(),
            tool_count: i64::from(server.tool_count),
            health_check_failures: i64::from(server.health_check_failures),
            last_health_check_at: micros_if(server.last_health_check_at),
            last_discovery_at: micros_if(server.last_discovery_at),
            last_error: server.last_error.clone(),
            requires_approval: server.requires_approval,
            tags: to_json(&server.tags)?,
            created_by: server.created_by.clone(),
            registered_at: server.registered_at.as_micros(),
            updated_at: server.updated_at.as_micros(),
            deleted_at: micros_if(server.deleted_at),
            version: count(server.version),
        })
    }

    pub(super) fn value(self) -> Result<McpServer, PortError> {
        let oauth: Option<UpstreamOauth> =
            self.oauth.map(|text| from_json("mcp_servers.oauth", &text)).transpose()?;
        Ok(McpServer {
            server_id: stored("mcp_servers.server_id", self.server_id.parse())?,
            tenant_id: tenant(&self.tenant_id)?,
            name: stored("mcp_servers.name", Name::new(self.name))?,
            description: stored_if("mcp_servers.description", self.description, Description::new)?,
            url: stored("mcp_servers.url", UrlText::new(self.url))?,
            transport: stored("mcp_servers.transport", self.transport.parse())?,
            auth_type: match &oauth {
                Some(oauth) if oauth.authorization_endpoint.is_some() => McpAuthType::OauthAuthorizationCode,
                Some(oauth) if oauth.subject_token_type.is_some() => McpAuthType::OauthTokenExchange,
                Some(_) => McpAuthType::OauthClientCredentials,
                None => stored("mcp_servers.auth_type", self.auth_type.parse())?,
            },
            oauth,
            auth_header: stored_if("mcp_servers.auth_header", self.auth_header, HeaderNameText::new)?,
            credential_ref: stored_if(
                "mcp_servers.credential_ref",
                self.credential_ref,
                CredentialRefText::new,
            )?,
            protocol: stored("mcp_servers.protocol", self.protocol.parse())?,
            agent_input: self
                .agent_input
                .map(|text| from_json("mcp_servers.agent_input", &text))
                .transpose()?
                .unwrap_or_default(),
            definition_check: self.definition_check.map_or(Ok(DefinitionCheck::WhenDue), |text| {
                stored("mcp_servers.definition_check", text.parse())
            })?,
            status: stored("mcp_servers.status", self.status.parse())?,
            protocol_version: self.protocol_version,
            capabilities: from_json("mcp_servers.capabilities", &self.capabilities)?,
            capabilities_hash: self.capabilities_hash,
            tool_count: uncount("mcp_servers.tool_count", self.tool_count)?,
            health_check_failures: uncount("mcp_servers.health_check_failures", self.health_check_failures)?,
            last_health_check_at: time_if(self.last_health_check_at),
            last_discovery_at: time_if(self.last_discovery_at),
            last_error: self.last_error,
            requires_approval: self.requires_approval,
            tags: from_json("mcp_servers.tags", &self.tags)?,
            created_by: self.created_by,
            registered_at: Timestamp::from_micros(self.registered_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            deleted_at: time_if(self.deleted_at),
            version: uncount("mcp_servers.version", self.version)?,
        })
    }
}
