//! API keys. Only a keyed hash of the secret is stored.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::api_keys::ports::ApiKeyStore;
use portcullis_schemas::api_keys::tokens::TokenBinding;
use portcullis_schemas::api_keys::{ApiKey, ApiKeyStatus, StoredApiKey};
use portcullis_schemas::ids::{KeyId, TenantId};
use portcullis_schemas::paging::{Page, PageRequest};
use sea_orm::{ActiveValue, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};

use self::row::{ActiveModel, Column, Entity, Model};
use crate::paging::newest_first;
use crate::rows::{micros_if, port_error, state_conflict};
use crate::tenancy::{TenantRows, owned_by};
use crate::uow::SharedTransaction;

mod row;

/// [`ApiKeyStore`] on a transaction.
#[derive(Debug)]
pub struct SqlApiKeys {
    tx: SharedTransaction,
}

impl SqlApiKeys {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }
}

#[async_trait]
impl ApiKeyStore for SqlApiKeys {
    async fn insert(&mut self, tenant: &TenantId, key: &StoredApiKey) -> Result<(), PortError> {
        owned_by(tenant, &key.key.tenant_id)?;
        let row = Model::of(key)?.into_active_model();
        Entity::insert(row).exec_without_returning(self.tx.of(tenant).await?).await.map_err(port_error)?;
        Ok(())
    }

    async fn get(&mut self, tenant: &TenantId, id: &KeyId) -> Result<Option<ApiKey>, PortError> {
        let rows = Entity::in_tenant(tenant).filter(Column::KeyId.eq(id.as_str()));
        rows.one(self.tx.of(tenant).await?).await.map_err(port_error)?.map(Model::value).transpose()
    }

    async fn find_for_authentication(&mut self, id: &KeyId) -> Result<Option<StoredApiKey>, PortError> {
        // Without a tenant, on purpose: the key is what names one.
        let rows = Entity::find().filter(Column::KeyId.eq(id.as_str()));
        rows.one(self.tx.connection()).await.map_err(port_error)?.map(Model::stored).transpose()
    }

    async fn find_by_token(
        &mut self,
        tenant: &TenantId,
        binding: &TokenBinding,
    ) -> Result<Option<ApiKey>, PortError> {
        let rows = Entity::in_tenant(tenant)
            .filter(Column::TokenIssuer.eq(binding.issuer.as_str()))
            .filter(Column::TokenSubject.eq(binding.subject.as_str()))
            .order_by_desc(Column::Status.ne(ApiKeyStatus::Revoked.as_str()))
            .order_by_desc(Column::KeyId);
        rows.one(self.tx.of(tenant).await?).await.map_err(port_error)?.map(Model::value).transpose()
    }

    async fn list(&mut self, tenant: &TenantId, page: &PageRequest) -> Result<Page<ApiKey>, PortError> {
        let rows = newest_first::<_, KeyId>(Entity::in_tenant(tenant), Column::KeyId, page)?;
        let found = rows.all(self.tx.of(tenant).await?).await.map_err(port_error)?;
        let keys = found.into_iter().map(Model::value).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_overfetch(keys, page.limit, |key| key.key_id.to_string()))
    }

    async fn update(&mut self, tenant: &TenantId, key: &ApiKey) -> Result<(), PortError> {
        owned_by(tenant, &key.tenant_id)?;
        let change = ActiveModel {
            status: ActiveValue::Set(key.status.to_string()),
            expires_at: ActiveValue::Set(micros_if(key.expires_at)),
            updated_at: ActiveValue::Set(key.updated_at.as_micros()),
            ..Default::default()
        };
        let rows = Entity::update_in_tenant(tenant).set(change).filter(Column::KeyId.eq(key.key_id.as_str()));
        match rows.exec(self.tx.of(tenant).await?).await.map_err(port_error)?.rows_affected {
            1 => Ok(()),
            _ => Err(state_conflict("there is no such key")),
        }
    }
}
