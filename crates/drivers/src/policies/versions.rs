//! The rows of everything that was ever written as a policy. Inserted once, never changed.

use portcullis_schemas::policies::ToolPolicyRecord;
use sea_orm::entity::prelude::*;

use crate::rows::count;
use crate::tenancy::TenantRows;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tool_policy_versions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) policy_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) text: String,
    pub(crate) written_at: i64,
    pub(crate) written_by: String,
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
            version: count(policy.version),
            name: policy.name.to_string(),
            description: policy.description.as_ref().map(ToString::to_string),
            text: policy.text.as_str().to_owned(),
            written_at: policy.updated_at.as_micros(),
            written_by: policy.updated_by.clone(),
        }
    }
}
