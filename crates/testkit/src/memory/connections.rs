//! Connections in memory.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{KeyId, ServerId, TenantId};
use portcullis_schemas::integrations::connections::ports::ConnectionStore;
use portcullis_schemas::integrations::connections::{Connection, StoredConnection};

use super::rules::{same_tenant, stale};
use super::unit::MemoryUnit;

#[async_trait]
impl ConnectionStore for MemoryUnit {
    async fn get(
        &mut self,
        tenant: &TenantId,
        server: &ServerId,
        key: &KeyId,
    ) -> Result<Option<StoredConnection>, PortError> {
        let rows = self.rows();
        let mut own = rows.connections.iter().filter(|row| rows.sees(tenant, &row.connection.tenant_id));
        Ok(own.find(|row| is_of(&row.connection, server, key)).cloned())
    }

    async fn put(&mut self, tenant: &TenantId, stored: &StoredConnection) -> Result<(), PortError> {
        let new = &stored.connection;
        same_tenant(tenant, &new.tenant_id)?;
        let rows = self.change()?;
        let filter = rows.filter;
        let mut reached =
            rows.connections.iter_mut().filter(|row| filter.reaches(tenant, &row.connection.tenant_id));
        match reached.find(|row| is_of(&row.connection, &new.server_id, &new.key_id)) {
            Some(row) if row.connection.version + 1 == new.version => *row = stored.clone(),
            None if new.version == 1 => rows.connections.push(stored.clone()),
            _ => return Err(stale("connection")),
        }
        Ok(())
    }

    async fn remove(&mut self, tenant: &TenantId, server: &ServerId, key: &KeyId) -> Result<(), PortError> {
        self.remove_connections(tenant, |connection| is_of(connection, server, key))
    }

    async fn remove_of_key(&mut self, tenant: &TenantId, key: &KeyId) -> Result<(), PortError> {
        self.remove_connections(tenant, |connection| connection.key_id == *key)
    }

    async fn remove_at_server(&mut self, tenant: &TenantId, server: &ServerId) -> Result<(), PortError> {
        self.remove_connections(tenant, |connection| connection.server_id == *server)
    }
}

impl MemoryUnit {
    fn remove_connections(
        &mut self,
        tenant: &TenantId,
        is_meant: impl Fn(&Connection) -> bool,
    ) -> Result<(), PortError> {
        let rows = self.change()?;
        let filter = rows.filter;
        rows.connections
            .retain(|row| !(filter.reaches(tenant, &row.connection.tenant_id) && is_meant(&row.connection)));
        Ok(())
    }
}

fn is_of(connection: &Connection, server: &ServerId, key: &KeyId) -> bool {
    connection.server_id == *server && connection.key_id == *key
}
