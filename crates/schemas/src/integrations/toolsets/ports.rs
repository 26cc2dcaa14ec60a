//! The port of toolsets, within a unit of work.

use async_trait::async_trait;

use super::{Toolset, ToolsetName};
use crate::PortError;
use crate::ids::{TenantId, ToolsetId};
use crate::paging::{Page, PageRequest};

/// Toolsets of a tenant, within a unit of work. Foreign ids and names answer as absent ones.
#[async_trait]
pub trait ToolsetStore: Send {
    /// Adds a toolset.
    ///
    /// # Errors
    /// `Conflict` with code `already_exists` when the name is taken.
    async fn insert(&mut self, tenant: &TenantId, toolset: &Toolset) -> Result<(), PortError>;

    /// One toolset.
    async fn get(&mut self, tenant: &TenantId, id: &ToolsetId) -> Result<Option<Toolset>, PortError>;

    /// The toolset of this name.
    async fn find(&mut self, tenant: &TenantId, name: &ToolsetName) -> Result<Option<Toolset>, PortError>;

    /// A page, newest first.
    async fn list(&mut self, tenant: &TenantId, page: &PageRequest) -> Result<Page<Toolset>, PortError>;

    /// Writes a toolset whose stored version is `toolset.version - 1`. Its name stays.
    ///
    /// # Errors
    /// `Conflict` with code `state_conflict` when the stored version differs.
    async fn update(&mut self, tenant: &TenantId, toolset: &Toolset) -> Result<(), PortError>;

    /// Removes a toolset. Absent ones are gone already.
    async fn delete(&mut self, tenant: &TenantId, id: &ToolsetId) -> Result<(), PortError>;
}
