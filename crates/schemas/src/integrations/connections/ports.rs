//! Ports of connections.

use async_trait::async_trait;

use super::StoredConnection;
use crate::PortError;
use crate::ids::{KeyId, ServerId, TenantId};

/// Connections of a tenant's keys, within a unit of work.
#[async_trait]
pub trait ConnectionStore: Send {
    /// One connection.
    async fn get(
        &mut self,
        tenant: &TenantId,
        server: &ServerId,
        key: &KeyId,
    ) -> Result<Option<StoredConnection>, PortError>;

    /// Writes a connection whole: a new one of version 1, or the next version of what is stored.
    ///
    /// # Errors
    /// `Conflict` when there is another version than the one before; then somebody else has changed it.
    async fn put(&mut self, tenant: &TenantId, connection: &StoredConnection) -> Result<(), PortError>;

    /// Removes a connection and destroys its tokens or its secret. Doing it twice changes nothing more.
    async fn remove(&mut self, tenant: &TenantId, server: &ServerId, key: &KeyId) -> Result<(), PortError>;

    /// Removes all connections of a key, and destroys what is sealed of them.
    async fn remove_of_key(&mut self, tenant: &TenantId, key: &KeyId) -> Result<(), PortError>;

    /// Removes all connections at a server, and destroys what is sealed of them.
    async fn remove_at_server(&mut self, tenant: &TenantId, server: &ServerId) -> Result<(), PortError>;
}
