//! The row of a connection.

use portcullis_schemas::PortError;
use portcullis_schemas::integrations::connections::{Connection, StoredConnection};
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::entity::prelude::*;

use crate::rows::{count, micros_if, stored, tenant, time_if, uncount};
use crate::tenancy::TenantRows;

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "upstream_connections")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) server_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key_id: String,
    pub(crate) tokens: Option<String>,
    pub(crate) attempt_state: Option<String>,
    pub(crate) attempt_verifier: Option<String>,
    pub(crate) attempt_ends_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) version: i64,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("server_id", &self.server_id).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantRows for Entity {
    const TENANT: Column = Column::TenantId;
}

impl Model {
    pub(super) fn of(stored: &StoredConnection) -> Self {
        let StoredConnection { connection, tokens, attempt } = stored;
        let (state, verifier) = attempt.clone().unzip();
        Self {
            tenant_id: connection.tenant_id.to_string(),
            server_id: connection.server_id.to_string(),
            key_id: connection.key_id.to_string(),
            tokens: tokens.clone(),
            attempt_state: state,
            attempt_verifier: verifier,
            attempt_ends_at: micros_if(connection.attempt_ends_at),
            created_at: connection.created_at.as_micros(),
            updated_at: connection.updated_at.as_micros(),
            version: count(connection.version),
        }
    }

    pub(super) fn value(self) -> Result<StoredConnection, PortError> {
        let connection = Connection {
            tenant_id: tenant(&self.tenant_id)?,
            server_id: stored("upstream_connections.server_id", self.server_id.parse())?,
            key_id: stored("upstream_connections.key_id", self.key_id.parse())?,
            is_connected: self.tokens.is_some(),
            attempt_ends_at: time_if(self.attempt_ends_at),
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            version: uncount("upstream_connections.version", self.version)?,
        };
        let attempt = self.attempt_state.zip(self.attempt_verifier);
        Ok(StoredConnection { connection, tokens: self.tokens, attempt })
    }
}
