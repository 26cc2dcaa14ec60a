//! Ports of incidents.

use async_trait::async_trait;

use super::{Incident, IncidentStatus, NewIncident};
use crate::PortError;
use crate::ids::{IncidentId, TenantId};
use crate::paging::{Page, PageRequest};

/// Incidents of a tenant, within a unit of work.
#[async_trait]
pub trait IncidentStore: Send {
    /// Opens an incident, or counts it on the unresolved one of the same `dedup_key`. Returns the id of either.
    async fn open(&mut self, tenant: &TenantId, incident: &NewIncident) -> Result<IncidentId, PortError>;

    /// One incident.
    async fn get(&mut self, tenant: &TenantId, id: &IncidentId) -> Result<Option<Incident>, PortError>;

    /// A page, newest first.
    async fn list(
        &mut self,
        tenant: &TenantId,
        status: Option<IncidentStatus>,
        page: &PageRequest,
    ) -> Result<Page<Incident>, PortError>;

    /// Writes an incident whose stored version is `incident.version - 1`.
    ///
    /// # Errors
    /// `Conflict` with code `state_conflict` when the stored version differs.
    async fn update(&mut self, tenant: &TenantId, incident: &Incident) -> Result<(), PortError>;
}
