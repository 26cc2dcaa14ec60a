//! Credentials with their sealed secrets, and who may use them.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{CredentialId, TenantId};
use portcullis_schemas::integrations::credentials::ports::CredentialStore;
use portcullis_schemas::integrations::credentials::{CredentialGrant, CredentialMetadata, SealedSecret};
use portcullis_schemas::paging::{Page, PageRequest};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Select,
};

use self::row::{Column, Entity, Model};
pub use self::sealed::SqlSealedSecrets;
use crate::paging::TimePosition;
use crate::rows::{count, micros_if, port_error, state_conflict};
use crate::tenancy::{TenantRows, owned_by};
use crate::uow::SharedTransaction;

mod grants;
mod row;
mod sealed;

/// [`CredentialStore`] on a transaction.
#[derive(Debug)]
pub struct SqlCredentials {
    tx: SharedTransaction,
}

impl SqlCredentials {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }

    async fn grant(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        listed: &[CredentialGrant],
    ) -> Result<(), PortError> {
        let rows = grants::rows(tenant, id, listed);
        if rows.is_empty() {
            return Ok(());
        }
        grants::Entity::insert_many(rows)
            .exec_without_returning(self.tx.of(tenant).await?)
            .await
            .map_err(port_error)?;
        Ok(())
    }

    async fn revoke_all(&self, tenant: &TenantId, id: &CredentialId) -> Result<(), PortError> {
        let rows =
            grants::Entity::delete_in_tenant(tenant).filter(grants::Column::CredentialId.eq(id.as_str()));
        rows.exec(self.tx.of(tenant).await?).await.map_err(port_error)?;
        Ok(())
    }

    /// Rows with their grants: two statements, however many rows.
    async fn values(
        &self,
        tenant: &TenantId,
        rows: Vec<Model>,
    ) -> Result<Vec<CredentialMetadata>, PortError> {
        let ids: Vec<_> = rows.iter().map(|row| row.credential_id.as_str()).collect();
        let found = grants::Entity::in_tenant(tenant)
            .filter(grants::Column::CredentialId.is_in(ids))
            .order_by_asc(grants::Column::Position)
            .all(self.tx.of(tenant).await?)
            .await
            .map_err(port_error)?;
        let mut by_credential = grants::by_credential(found)?;
        let granted = rows.into_iter().map(|row| {
            let listed = by_credential.remove(&row.credential_id).unwrap_or_default();
            row.value(listed)
        });
        granted.collect()
    }

    async fn change(
        &self,
        tenant: &TenantId,
        id: &CredentialId,
        row: row::ActiveModel,
    ) -> Result<(), PortError> {
        let rows = Entity::update_in_tenant(tenant)
            .set(row)
            .filter(Column::CredentialId.eq(id.as_str()))
            .filter(Column::DeletedAt.is_null());
        match rows.exec(self.tx.of(tenant).await?).await.map_err(port_error)?.rows_affected {
            1 => Ok(()),
            _ => Err(state_conflict("the credential is absent or deleted")),
        }
    }
}

#[async_trait]
impl CredentialStore for SqlCredentials {
    async fn insert(
        &mut self,
        tenant: &TenantId,
        credential: &CredentialMetadata,
        sealed: &SealedSecret,
    ) -> Result<(), PortError> {
        owned_by(tenant, &credential.tenant_id)?;
        let mut row = Model::of(credential).into_active_model();
        row.seal(sealed);
        Entity::insert(row).exec_without_returning(self.tx.of(tenant).await?).await.map_err(port_error)?;
        self.grant(tenant, &credential.credential_id, &credential.grants).await
    }

    async fn get(
        &mut self,
        tenant: &TenantId,
        id: &CredentialId,
    ) -> Result<Option<CredentialMetadata>, PortError> {
        let rows = kept(tenant).filter(Column::CredentialId.eq(id.as_str()));
        let found = rows.all(self.tx.of(tenant).await?).await.map_err(port_error)?;
        Ok(self.values(tenant, found).await?.pop())
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        page: &PageRequest,
    ) -> Result<Page<CredentialMetadata>, PortError> {
        let start = TimePosition::of(page)?;
        let rows =
            TimePosition::rows_from(start, kept(tenant), (Column::CreatedAt, Column::CredentialId), page);
        let found = rows.all(self.tx.of(tenant).await?).await.map_err(port_error)?;
        let credentials = self.values(tenant, found).await?;
        Ok(TimePosition::page(start, credentials, page, |credential| credential.created_at))
    }

    async fn update(
        &mut self,
        tenant: &TenantId,
        credential: &CredentialMetadata,
        sealed: Option<&SealedSecret>,
    ) -> Result<(), PortError> {
        owned_by(tenant, &credential.tenant_id)?;
        let mut row = Model::of(credential).into_active_model().reset_all();
        row.sealed_secret = ActiveValue::NotSet;
        row.deleted_at = ActiveValue::NotSet;
        if let Some(sealed) = sealed {
            row.seal(sealed);
        }
        let id = &credential.credential_id;
        self.change(tenant, id, row).await?;
        self.revoke_all(tenant, id).await?;
        self.grant(tenant, id, &credential.grants).await
    }

    async fn delete(&mut self, tenant: &TenantId, credential: &CredentialMetadata) -> Result<(), PortError> {
        owned_by(tenant, &credential.tenant_id)?;
        let row = row::ActiveModel {
            sealed_secret: ActiveValue::Set(None),
            updated_at: ActiveValue::Set(credential.updated_at.as_micros()),
            deleted_at: ActiveValue::Set(micros_if(credential.deleted_at.or(Some(credential.updated_at)))),
            ..Default::default()
        };
        self.change(tenant, &credential.credential_id, row).await?;
        self.revoke_all(tenant, &credential.credential_id).await
    }
}

impl row::ActiveModel {
    fn seal(&mut self, sealed: &SealedSecret) {
        self.sealed_secret = ActiveValue::Set(Some(sealed.envelope.clone()));
        self.secret_version = ActiveValue::Set(count(sealed.secret_version));
    }
}

fn kept(tenant: &TenantId) -> Select<Entity> {
    Entity::in_tenant(tenant).filter(Column::DeletedAt.is_null())
}
