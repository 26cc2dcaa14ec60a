//! The row of a freeze. The ledger reads it too, right before it records an intent.

use portcullis_schemas::PortError;
use portcullis_schemas::controls::{Freeze, FreezeTarget};
use portcullis_schemas::text::Reason;
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::entity::prelude::*;

use crate::rows::{stored, tenant};
use crate::tenancy::TenantRows;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "kill_switch_freezes")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) target_kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) target_id: String,
    pub(crate) reason: String,
    pub(crate) frozen_by: String,
    pub(crate) frozen_at: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantRows for Entity {
    const TENANT: Column = Column::TenantId;
}

impl Model {
    pub(super) fn of(freeze: &Freeze) -> Self {
        Self {
            tenant_id: freeze.tenant_id.to_string(),
            target_kind: freeze.target.kind().to_owned(),
            target_id: freeze.target.id().to_owned(),
            reason: freeze.reason.to_string(),
            frozen_by: freeze.frozen_by.clone(),
            frozen_at: freeze.frozen_at.as_micros(),
        }
    }

    pub(super) fn value(self) -> Result<Freeze, PortError> {
        Ok(Freeze {
            tenant_id: tenant(&self.tenant_id)?,
            target: target(&self.target_kind, &self.target_id)?,
            reason: stored("kill_switch_freezes.reason", Reason::new(self.reason))?,
            frozen_by: self.frozen_by,
            frozen_at: Timestamp::from_micros(self.frozen_at),
        })
    }
}

fn target(kind: &str, id: &str) -> Result<FreezeTarget, PortError> {
    const COLUMN: &str = "kill_switch_freezes.target_id";
    match kind {
        "tenant" => Ok(FreezeTarget::Tenant),
        "key" => stored(COLUMN, id.parse()).map(FreezeTarget::Key),
        "server" => stored(COLUMN, id.parse()).map(FreezeTarget::Server),
        "tool" => stored(COLUMN, id.parse()).map(FreezeTarget::Tool),
        _ => Err(PortError::corrupt("kill_switch_freezes.target_kind holds a value that is not of its kind")),
    }
}
