//! The row of a credential, with its sealed secret.

use portcullis_schemas::PortError;
use portcullis_schemas::integrations::credentials::{CredentialGrant, CredentialMetadata, SealedSecret};
use portcullis_schemas::text::{Description, Name};
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::entity::prelude::*;

use crate::rows::{count, micros_if, stored, stored_if, tenant, time_if, uncount};
use crate::tenancy::TenantRows;

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credentials")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) credential_id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) credential_type: String,
    pub(crate) reference: String,
    pub(crate) sealed_secret: Option<Vec<u8>>,
    pub(crate) secret_version: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) deleted_at: Option<i64>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("credential_id", &self.credential_id).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantRows for Entity {
    const TENANT: Column = Column::TenantId;
}

impl Model {
    /// The row without its sealed secret.
    pub(super) fn of(credential: &CredentialMetadata) -> Self {
        Self {
            tenant_id: credential.tenant_id.to_string(),
            credential_id: credential.credential_id.to_string(),
            name: credential.name.to_string(),
            description: credential.description.as_ref().map(ToString::to_string),
            credential_type: credential.credential_type.to_string(),
            reference: credential.reference.clone(),
            sealed_secret: None,
            secret_version: count(credential.secret_version),
            created_at: credential.created_at.as_micros(),
            updated_at: credential.updated_at.as_micros(),
            deleted_at: micros_if(credential.deleted_at),
        }
    }

    pub(super) fn value(self, grants: Vec<CredentialGrant>) -> Result<CredentialMetadata, PortError> {
        Ok(CredentialMetadata {
            credential_id: stored("credentials.credential_id", self.credential_id.parse())?,
            tenant_id: tenant(&self.tenant_id)?,
            name: stored("credentials.name", Name::new(self.name))?,
            description: stored_if("credentials.description", self.description, Description::new)?,
            credential_type: stored("credentials.credential_type", self.credential_type.parse())?,
            reference: self.reference,
            grants,
            secret_version: uncount("credentials.secret_version", self.secret_version)?,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            deleted_at: time_if(self.deleted_at),
        })
    }

    pub(super) fn sealed(self) -> Result<Option<SealedSecret>, PortError> {
        let secret_version = uncount("credentials.secret_version", self.secret_version)?;
        Ok(self.sealed_secret.map(|envelope| SealedSecret { envelope, secret_version }))
    }
}
