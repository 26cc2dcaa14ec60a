//! Incidents in the database.

use std::fmt;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{IncidentId, TenantId};
use portcullis_schemas::incidents::ports::IncidentStore;
use portcullis_schemas::incidents::{Incident, IncidentStatus, NewIncident};
use portcullis_schemas::logs::ports::AuditLog;
use portcullis_schemas::paging::{Page, PageRequest};
use sea_orm::{ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter};

use self::rows::{Column, Entity};
use crate::paging::newest_first;
use crate::rows::{count, port_error, state_conflict};
use crate::tenancy::{TenantRows, owned_by};
use crate::uow::SharedTransaction;

mod census;
mod open;
mod rows;

pub use self::census::unresolved;
pub(crate) use self::open::open_incident;

/// Incidents of a tenant, within a unit of work.
pub struct SqlIncidents {
    tx: SharedTransaction,
    trail: Box<dyn AuditLog>,
}

impl fmt::Debug for SqlIncidents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlIncidents").finish_non_exhaustive()
    }
}

impl SqlIncidents {
    /// `trail` must write in the same transaction.
    pub(crate) fn new(tx: SharedTransaction, trail: Box<dyn AuditLog>) -> Self {
        Self { tx, trail }
    }
}

#[async_trait]
impl IncidentStore for SqlIncidents {
    async fn open(&mut self, tenant: &TenantId, incident: &NewIncident) -> Result<IncidentId, PortError> {
        let opening = open_incident(self.tx.of_record(tenant).await?, tenant, incident).await?;
        if let Some(event) = opening.event {
            self.trail.append(tenant, &[event]).await?;
        }
        Ok(opening.incident_id)
    }

    async fn get(&mut self, tenant: &TenantId, id: &IncidentId) -> Result<Option<Incident>, PortError> {
        let row = Entity::in_tenant(tenant)
            .filter(Column::IncidentId.eq(id.as_str()))
            .one(self.tx.of_record(tenant).await?)
            .await;
        row.map_err(port_error)?.map(rows::incident).transpose()
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        status: Option<IncidentStatus>,
        page: &PageRequest,
    ) -> Result<Page<Incident>, PortError> {
        let mut found = Entity::in_tenant(tenant);
        if let Some(status) = status {
            found = found.filter(Column::Status.eq(status.as_str()));
        }
        let found = newest_first::<_, IncidentId>(found, Column::IncidentId, page)?;
        let found = found.all(self.tx.of_record(tenant).await?).await.map_err(port_error)?;
        let incidents = found.into_iter().map(rows::incident).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_overfetch(incidents, page.limit, |incident| incident.incident_id.to_string()))
    }

    async fn update(&mut self, tenant: &TenantId, incident: &Incident) -> Result<(), PortError> {
        owned_by(tenant, &incident.tenant_id)?;
        let written = Entity::update_in_tenant(tenant)
            .filter(Column::IncidentId.eq(incident.incident_id.as_str()))
            .filter(Column::Version.eq(count(incident.version) - 1))
            .set(rows::changed(incident)?.into_active_model().reset_all())
            .exec(self.tx.of_record(tenant).await?)
            .await
            .map_err(port_error)?;
        if written.rows_affected == 1 {
            return Ok(());
        }
        Err(state_conflict("the incident was changed meanwhile, or is not there"))
    }
}
