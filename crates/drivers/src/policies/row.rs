//! The row of a policy: its current version.

use portcullis_schemas::PortError;
use portcullis_schemas::policies::ToolPolicyRecord;
use portcullis_schemas::text::{Description, Name, PolicyText};
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::entity::prelude::*;

use crate::rows::{count, stored, stored_if, tenant, uncount};
use crate::tenancy::TenantRows;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tool_policies")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) policy_id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) text: String,
    pub(crate) version: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) updated_by: String,
    pub(crate) deleted_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantRows for Entity {
    const TENANT: Column = Column::TenantId;
}

impl Model {
    pub(super) fn of(policy: &ToolPolicyRecord) -> Self {
        Self {
            tenant_id: policy.tenant_id.to_string(),
            policy_id: policy.policy_id.to_string(),
            name: policy.name.to_string(),
            description: policy.description.as_ref().map(ToString::to_string),
            text: policy.text.as_str().to_owned(),
            version: count(policy.version),
            created_at: policy.created_at.as_micros(),
            updated_at: policy.updated_at.as_micros(),
            updated_by: policy.updated_by.clone(),
            deleted_at: None,
        }
    }

    pub(super) fn value(self) -> Result<ToolPolicyRecord, PortError> {
        Ok(ToolPolicyRecord {
            policy_id: stored("tool_policies.policy_id", self.policy_id.parse())?,
            tenant_id: tenant(&self.tenant_id)?,
            name: stored("tool_policies.name", Name::new(self.name))?,
            description: stored_if("tool_policies.description", self.description, Description::new)?,
            text: stored("tool_policies.text", PolicyText::new(self.text))?,
            version: uncount("tool_policies.version", self.version)?,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            updated_by: self.updated_by,
        })
    }
}
