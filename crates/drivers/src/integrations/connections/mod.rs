//! Connections of keys with upstreams, within a unit of work. What is secret of them is sealed.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{KeyId, ServerId, TenantId};
use portcullis_schemas::integrations::connections::StoredConnection;
use portcullis_schemas::integrations::connections::ports::ConnectionStore;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use self::row::{Column, Entity, Model};
use crate::rows::{count, port_error, state_conflict};
use crate::tenancy::{TenantRows, owned_by};
use crate::uow::SharedTransaction;

mod row;

/// [`ConnectionStore`] on a transaction.
#[derive(Debug)]
pub struct SqlConnections {
    tx: SharedTransaction,
}

impl SqlConnections {
    pub(crate) fn new(tx: SharedTransaction) -> Self {
        Self { tx }
    }
}

#[async_trait]
impl ConnectionStore for SqlConnections {
    async fn get(
        &mut self,
        tenant: &TenantId,
        server: &ServerId,
        key: &KeyId,
    ) -> Result<Option<StoredConnection>, PortError> {
        let rows = Entity::in_tenant(tenant)
            .filter(Column::ServerId.eq(server.as_str()))
            .filter(Column::KeyId.eq(key.as_str()));
        rows.one(self.tx.of_record(tenant).await?).await.map_err(port_error)?.map(Model::value).transpose()
    }

    async fn put(&mut self, tenant: &TenantId, stored: &StoredConnection) -> Result<(), PortError> {
        let connection = &stored.connection;
        owned_by(tenant, &connection.tenant_id)?;
        let moved_on = || state_conflict("the connection has another version than the one that was read");
        if connection.version == 1 {
            // A row that collides would end the transaction on PostgreSQL.
            if self.get(tenant, &connection.server_id, &connection.key_id).await?.is_some() {
                return Err(moved_on());
            }
            let row = Model::of(stored).into_active_model();
            Entity::insert(row)
                .exec_without_returning(self.tx.of_record(tenant).await?)
                .await
                .map_err(port_error)?;
            return Ok(());
        }
        let rows = Entity::update_in_tenant(tenant)
            .set(Model::of(stored).into_active_model().reset_all())
            .filter(Column::ServerId.eq(connection.server_id.as_str()))
            .filter(Column::KeyId.eq(connection.key_id.as_str()))
            .filter(Column::Version.eq(count(connection.version.saturating_sub(1))));
        match rows.exec(self.tx.of_record(tenant).await?).await.map_err(port_error)?.rows_affected {
            1 => Ok(()),
            _ => Err(moved_on()),
        }
    }

    async fn remove(&mut self, tenant: &TenantId, server: &ServerId, key: &KeyId) -> Result<(), PortError> {
        let row = Entity::delete_in_tenant(tenant)
            .filter(Column::ServerId.eq(server.as_str()))
            .filter(Column::KeyId.eq(key.as_str()));
        row.exec(self.tx.of_record(tenant).await?).await.map_err(port_error)?;
        Ok(())
    }

    async fn remove_of_key(&mut self, tenant: &TenantId, key: &KeyId) -> Result<(), PortError> {
        let rows = Entity::delete_in_tenant(tenant).filter(Column::KeyId.eq(key.as_str()));
        rows.exec(self.tx.of_record(tenant).await?).await.map_err(port_error)?;
        Ok(())
    }

    async fn remove_at_server(&mut self, tenant: &TenantId, server: &ServerId) -> Result<(), PortError> {
        let rows = Entity::delete_in_tenant(tenant).filter(Column::ServerId.eq(server.as_str()));
        rows.exec(self.tx.of_record(tenant).await?).await.map_err(port_error)?;
        Ok(())
    }
}
