//! The row of a toolset, with its tools and keys as JSON.

use portcullis_schemas::PortError;
use portcullis_schemas::integrations::toolsets::{Toolset, ToolsetName};
use portcullis_schemas::text::Description;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::entity::prelude::*;

use crate::rows::{count, from_json, stored, stored_if, tenant, to_json, uncount};
use crate::tenancy::TenantRows;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "toolsets")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) toolset_id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) tools: String,
    pub(crate) granted_keys: String,
    pub(crate) disclosure: String,
    pub(crate) created_at: i64,
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
    pub(super) fn of(toolset: &Toolset) -> Result<Self, PortError> {
        Ok(Self {
            tenant_id: toolset.tenant_id.to_string(),
            toolset_id: toolset.toolset_id.to_string(),
            name: toolset.name.to_string(),
            description: toolset.description.as_ref().map(ToString::to_string),
            tools: to_json(&toolset.tools)?,
            granted_keys: to_json(&toolset.keys)?,
            disclosure: toolset.disclosure.to_string(),
            created_at: toolset.created_at.as_micros(),
            updated_at: toolset.updated_at.as_micros(),
            version: count(toolset.version),
        })
    }

    pub(super) fn value(self) -> Result<Toolset, PortError> {
        Ok(Toolset {
            toolset_id: stored("toolsets.toolset_id", self.toolset_id.parse())?,
            tenant_id: tenant(&self.tenant_id)?,
            name: stored("toolsets.name", ToolsetName::new(&self.name))?,
            description: stored_if("toolsets.description", self.description, Description::new)?,
            tools: from_json("toolsets.tools", &self.tools)?,
            keys: from_json("toolsets.granted_keys", &self.granted_keys)?,
            disclosure: stored("toolsets.disclosure", self.disclosure.parse())?,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            version: uncount("toolsets.version", self.version)?,
        })
    }
}
