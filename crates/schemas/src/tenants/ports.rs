//! Ports of tenants.

use async_trait::async_trait;

use super::{ConfigVersion, Tenant};
use crate::PortError;
use crate::ids::TenantId;
use crate::paging::{Page, PageRequest};

/// Tenants, within a unit of work. For operators and for the first start.
#[async_trait]
pub trait TenantStore: Send {
    /// Adds a tenant.
    ///
    /// # Errors
    /// `Conflict` with code `already_exists` when the name is taken.
    async fn insert(&mut self, tenant: &TenantId, record: &Tenant) -> Result<(), PortError>;

    /// The version of the tenant's configuration that this unit of work sees. The commit of a unit of work that wrote
    /// keys, servers, tools, credentials, policies or freezes makes a new one, in the same transaction.
    async fn config_version(&mut self, tenant: &TenantId) -> Result<ConfigVersion, PortError>;

    /// The tenant whose id is this text.
    async fn find(&mut self, id: &str) -> Result<Option<Tenant>, PortError>;

    /// A page, newest first.
    async fn list(&mut self, page: &PageRequest) -> Result<Page<Tenant>, PortError>;
}
