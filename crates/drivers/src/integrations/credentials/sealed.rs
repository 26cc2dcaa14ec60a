//! Sealed secrets for the vault: read outside of a unit of work, at the moment of use.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{CredentialId, TenantId};
use portcullis_schemas::integrations::credentials::SealedSecret;
use portcullis_schemas::integrations::credentials::ports::SealedSecretStore;
use sea_orm::{ColumnTrait, QueryFilter};

use super::row::{Column, Entity, Model};
use crate::database::Database;
use crate::rows::port_error;
use crate::tenancy::TenantRows;

/// [`SealedSecretStore`] on the database's readers.
#[derive(Clone, Debug)]
pub struct SqlSealedSecrets {
    database: Database,
}

impl SqlSealedSecrets {
    /// On this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SealedSecretStore for SqlSealedSecrets {
    async fn sealed(&self, tenant: &TenantId, id: &CredentialId) -> Result<Option<SealedSecret>, PortError> {
        let rows = Entity::in_tenant(tenant)
            .filter(Column::CredentialId.eq(id.as_str()))
            .filter(Column::DeletedAt.is_null());
        let found = rows.one(self.database.reader()).await.map_err(port_error)?;
        found.map_or(Ok(None), Model::sealed)
    }
}
