//! Incidents in memory.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{IncidentId, TenantId};
use portcullis_schemas::incidents::ports::IncidentStore;
use portcullis_schemas::incidents::{Incident, IncidentStatus, NewIncident};
use portcullis_schemas::paging::{Page, PageRequest};

use super::paging::{newest_first, page};
use super::rules::{same_tenant, stale};
use super::state::State;
use super::unit::MemoryUnit;

#[async_trait]
impl IncidentStore for MemoryUnit {
    async fn open(&mut self, tenant: &TenantId, incident: &NewIncident) -> Result<IncidentId, PortError> {
        Ok(self.change()?.open_incident(tenant, incident))
    }

    async fn get(&mut self, tenant: &TenantId, id: &IncidentId) -> Result<Option<Incident>, PortError> {
        let rows = self.rows();
        let found =
            rows.incidents.iter().find(|row| row.incident_id == *id && rows.sees(tenant, &row.tenant_id));
        Ok(found.cloned())
    }

    async fn list(
        &mut self,
        tenant: &TenantId,
        status: Option<IncidentStatus>,
        request: &PageRequest,
    ) -> Result<Page<Incident>, PortError> {
        let rows = self.rows();
        let mut own: Vec<_> =
            rows.incidents.iter().filter(|row| rows.sees(tenant, &row.tenant_id)).cloned().collect();
        newest_first(&mut own, |row| (row.opened_at, row.incident_id.clone()));
        let wanted = |row: &Incident| status.is_none_or(|status| row.status == status);
        page(own, request, |row| row.incident_id.to_string(), wanted)
    }

    async fn update(&mut self, tenant: &TenantId, incident: &Incident) -> Result<(), PortError> {
        same_tenant(tenant, &incident.tenant_id)?;
        let rows = self.change()?;
        let filter = rows.filter;
        let is_it = |row: &&mut Incident| {
            row.incident_id == incident.incident_id && filter.reaches(tenant, &row.tenant_id)
        };
        match rows.incidents.iter_mut().find(is_it) {
            Some(row) if row.version + 1 == incident.version => {
                *row = incident.clone();
                Ok(())
            }
            _ => Err(stale("incident")),
        }
    }
}

impl State {
    /// Opens an incident, or counts it on the unresolved one of the same key.
    pub(crate) fn open_incident(&mut self, tenant: &TenantId, incident: &NewIncident) -> IncidentId {
        let joins = self.incidents.iter().position(|row| {
            row.dedup_key == incident.dedup_key
                && row.status != IncidentStatus::Resolved
                && self.sees(tenant, &row.tenant_id)
        });
        if let Some(index) = joins {
            let row = &mut self.incidents[index];
            row.occurrences += 1;
            row.version += 1;
            row.last_seen_at = row.last_seen_at.max(incident.opened_at);
            return row.incident_id.clone();
        }
        self.incidents.push(opened(tenant, incident));
        incident.incident_id.clone()
    }
}

fn opened(tenant: &TenantId, incident: &NewIncident) -> Incident {
    Incident {
        incident_id: incident.incident_id.clone(),
        tenant_id: tenant.clone(),
        cause: incident.cause,
        severity: incident.severity,
        title: incident.title.clone(),
        status: IncidentStatus::Open,
        facts: incident.facts.clone(),
        dedup_key: incident.dedup_key.clone(),
        occurrences: 1,
        opened_at: incident.opened_at,
        last_seen_at: incident.opened_at,
        acknowledged_by: None,
        acknowledged_at: None,
        resolved_by: None,
        resolved_at: None,
        resolution: None,
        version: 1,
    }
}
