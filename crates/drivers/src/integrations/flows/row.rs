//! The row of a run.

use portcullis_schemas::PortError;
use portcullis_schemas::integrations::flows::{RunFlows, RunKey};
use portcullis_schemas::text::RunId;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::entity::prelude::*;

use crate::rows::from_json;
use crate::tenancy::TenantRows;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "run_flows")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) run_id: String,
    pub(crate) flows: String,
    pub(crate) updated_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantRows for Entity {
    const TENANT: Column = Column::TenantId;
}

/// The run as stored: a run id has one character at least, so none is the empty text.
pub(crate) fn run_text(run: &RunKey) -> &str {
    run.run_id.as_ref().map_or("", RunId::as_str)
}

impl Model {
    pub(super) fn value(&self) -> Result<RunFlows, PortError> {
        Ok(RunFlows {
            flows: from_json("run_flows.flows", &self.flows)?,
            updated_at: Timestamp::from_micros(self.updated_at),
        })
    }
}
