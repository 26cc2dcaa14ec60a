//! The row of an API key.

use portcullis_schemas::PortError;
use portcullis_schemas::api_keys::tokens::{TokenBinding, TokenSubject};
use portcullis_schemas::api_keys::{ApiKey, StoredApiKey};
use portcullis_schemas::text::{Name, UrlText};
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::entity::prelude::*;

use crate::rows::{from_json, micros_if, stored, tenant, time_if, to_json};
use crate::tenancy::TenantRows;

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key_id: String,
    pub(crate) name: String,
    pub(crate) actor_type: String,
    pub(crate) scopes: String,
    pub(crate) status: String,
    pub(crate) secret_hash: Vec<u8>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) created_by: String,
    pub(crate) token_issuer: Option<String>,
    pub(crate) token_subject: Option<String>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantRows for Entity {
    const TENANT: Column = Column::TenantId;
}

impl Model {
    pub(super) fn of(StoredApiKey { key, secret_hash }: &StoredApiKey) -> Result<Self, PortError> {
        Ok(Self {
            tenant_id: key.tenant_id.to_string(),
            key_id: key.key_id.to_string(),
            name: key.name.to_string(),
            actor_type: key.actor_type.to_string(),
            scopes: to_json(&key.scopes)?,
            status: key.status.to_string(),
            secret_hash: secret_hash.to_vec(),
            expires_at: micros_if(key.expires_at),
            created_at: key.created_at.as_micros(),
            updated_at: key.updated_at.as_micros(),
            created_by: key.created_by.clone(),
            token_issuer: key.token.as_ref().map(|token| token.issuer.to_string()),
            token_subject: key.token.as_ref().map(|token| token.subject.to_string()),
        })
    }

    pub(super) fn value(self) -> Result<ApiKey, PortError> {
        Ok(ApiKey {
            key_id: stored("api_keys.key_id", self.key_id.parse())?,
            tenant_id: tenant(&self.tenant_id)?,
            name: stored("api_keys.name", Name::new(self.name))?,
            actor_type: stored("api_keys.actor_type", self.actor_type.parse())?,
            scopes: from_json("api_keys.scopes", &self.scopes)?,
            status: stored("api_keys.status", self.status.parse())?,
            expires_at: time_if(self.expires_at),
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            created_by: self.created_by,
            token: self.token_issuer.zip(self.token_subject).map(binding).transpose()?,
        })
    }

    pub(super) fn stored(self) -> Result<StoredApiKey, PortError> {
        let secret_hash = stored("api_keys.secret_hash", <[u8; 32]>::try_from(self.secret_hash.as_slice()))?;
        Ok(StoredApiKey { key: self.value()?, secret_hash })
    }
}

fn binding((issuer, subject): (String, String)) -> Result<TokenBinding, PortError> {
    Ok(TokenBinding {
        issuer: stored("api_keys.token_issuer", UrlText::new(issuer))?,
        subject: stored("api_keys.token_subject", TokenSubject::new(subject))?,
    })
}
