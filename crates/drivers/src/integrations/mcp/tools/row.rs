//! The row of a tool.

use portcullis_schemas::PortError;
use portcullis_schemas::integrations::mcp::tool::{McpTool, ToolAnnotations};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::entity::prelude::*;

use crate::rows::{count, micros_if, stored, stored_if, tenant, time_if, uncount};
use crate::tenancy::TenantRows;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mcp_tools")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tool_id: String,
    pub(crate) server_id: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) definition: String,
    pub(crate) definition_hash: String,
    pub(crate) pinned_hash: Option<String>,
    pub(crate) status: String,
    pub(crate) quarantine_reason: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) vanished_at: Option<i64>,
    pub(crate) read_only_hint: Option<bool>,
    pub(crate) destructive_hint: Option<bool>,
    pub(crate) idempotent_hint: Option<bool>,
    pub(crate) open_world_hint: Option<bool>,
    pub(crate) risk_inferred: String,
    pub(crate) risk_known: bool,
    pub(crate) risk_override: Option<String>,
    pub(crate) risk_level: String,
    pub(crate) approved_by: Option<String>,
    pub(crate) approved_at: Option<i64>,
    pub(crate) invocation_count: i64,
    pub(crate) failure_count: i64,
    pub(crate) last_invoked_at: Option<i64>,
    pub(crate) discovered_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantRows for Entity {
    const TENANT: Column = Column::TenantId;
}

impl Model {
    pub(super) fn of(tool: &McpTool) -> Self {
        Self {
            tenant_id: tool.tenant_id.to_string(),
            tool_id: tool.tool_id.to_string(),
            server_id: tool.server_id.to_string(),
            kind: tool.kind.to_string(),
            name: tool.name.clone(),
            description: tool.description.clone(),
            definition: tool.definition.as_str().to_owned(),
            definition_hash: tool.definition_hash.clone(),
            pinned_hash: tool.pinned_hash.clone(),
            status: tool.status.to_string(),
            quarantine_reason: tool.quarantine_reason.map(|reason| reason.to_string()),
            enabled: tool.enabled,
            vanished_at: micros_if(tool.vanished_at),
            read_only_hint: tool.annotations.read_only,
            destructive_hint: tool.annotations.destructive,
            idempotent_hint: tool.annotations.idempotent,
            open_world_hint: tool.annotations.open_world,
            risk_inferred: tool.risk_inferred.to_string(),
            risk_known: tool.risk_known,
            risk_override: tool.risk_override.map(|level| level.to_string()),
            risk_level: tool.risk_level.to_string(),
            approved_by: tool.approved_by.clone(),
            approved_at: micros_if(tool.approved_at),
            invocation_count: count(tool.invocation_count),
            failure_count: count(tool.failure_count),
            last_invoked_at: micros_if(tool.last_invoked_at),
            discovered_at: tool.discovered_at.as_micros(),
            updated_at: tool.updated_at.as_micros(),
            version: count(tool.version),
        }
    }

    pub(super) fn value(self) -> Result<McpTool, PortError> {
        let annotations = ToolAnnotations {
            read_only: self.read_only_hint,
            destructive: self.destructive_hint,
            idempotent: self.idempotent_hint,
            open_world: self.open_world_hint,
        };
        Ok(McpTool {
            tool_id: stored("mcp_tools.tool_id", self.tool_id.parse())?,
            server_id: stored("mcp_tools.server_id", self.server_id.parse())?,
            tenant_id: tenant(&self.tenant_id)?,
            kind: stored("mcp_tools.kind", self.kind.parse())?,
            name: self.name,
            description: self.description,
            definition: stored("mcp_tools.definition", RawJson::from_text(self.definition))?,
            definition_hash: self.definition_hash,
            pinned_hash: self.pinned_hash,
            status: stored("mcp_tools.status", self.status.parse())?,
            quarantine_reason: stored_if("mcp_tools.quarantine_reason", self.quarantine_reason, |it| {
                it.parse()
            })?,
            enabled: self.enabled,
            vanished_at: time_if(self.vanished_at),
            annotations,
            risk_inferred: stored("mcp_tools.risk_inferred", self.risk_inferred.parse())?,
            risk_known: self.risk_known,
            risk_override: stored_if("mcp_tools.risk_override", self.risk_override, |it| it.parse())?,
            risk_level: stored("mcp_tools.risk_level", self.risk_level.parse())?,
            approved_by: self.approved_by,
            approved_at: time_if(self.approved_at),
            invocation_count: uncount("mcp_tools.invocation_count", self.invocation_count)?,
            failure_count: uncount("mcp_tools.failure_count", self.failure_count)?,
            last_invoked_at: time_if(self.last_invoked_at),
            discovered_at: Timestamp::from_micros(self.discovered_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            version: uncount("mcp_tools.version", self.version)?,
        })
    }
}
