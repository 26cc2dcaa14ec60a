//! Rows of `incidents`.

use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::incidents::{Incident, IncidentStatus, NewIncident};
use portcullis_schemas::timestamp::Timestamp;
use sea_orm::entity::prelude::*;

use crate::rows::{count, from_json, micros_if, stored, tenant as stored_tenant, time_if, to_json, uncount};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incidents")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) incident_id: String,
    pub(crate) cause: String,
    pub(crate) severity: String,
    pub(crate) title: String,
    pub(crate) status: String,
    pub(crate) facts: String,
    pub(crate) dedup_key: String,
    pub(crate) occurrences: i64,
    pub(crate) opened_at: i64,
    pub(crate) last_seen_at: i64,
    pub(crate) acknowledged_by: Option<String>,
    pub(crate) acknowledged_at: Option<i64>,
    pub(crate) resolved_by: Option<String>,
    pub(crate) resolved_at: Option<i64>,
    pub(crate) resolution: Option<String>,
    pub(crate) version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::tenancy::TenantRows for Entity {
    const TENANT: Column = Column::TenantId;
}

/// The row of an incident that is opened now.
pub(super) fn opened(tenant: &TenantId, incident: &NewIncident) -> Result<Model, PortError> {
    Ok(Model {
        tenant_id: tenant.as_str().to_owned(),
        incident_id: incident.incident_id.to_string(),
        cause: incident.cause.as_str().to_owned(),
        severity: incident.severity.as_str().to_owned(),
        title: incident.title.clone(),
        status: IncidentStatus::Open.as_str().to_owned(),
        facts: to_json(&incident.facts)?,
        dedup_key: incident.dedup_key.clone(),
        occurrences: 1,
        opened_at: incident.opened_at.as_micros(),
        last_seen_at: incident.opened_at.as_micros(),
        acknowledged_by: None,
        acknowledged_at: None,
        resolved_by: None,
        resolved_at: None,
        resolution: None,
        version: 1,
    })
}

/// The row of a changed incident.
pub(super) fn changed(incident: &Incident) -> Result<Model, PortError> {
    Ok(Model {
        tenant_id: incident.tenant_id.as_str().to_owned(),
        incident_id: incident.incident_id.to_string(),
        cause: incident.cause.as_str().to_owned(),
        severity: incident.severity.as_str().to_owned(),
        title: incident.title.clone(),
        status: incident.status.as_str().to_owned(),
        facts: to_json(&incident.facts)?,
        dedup_key: incident.dedup_key.clone(),
        occurrences: count(incident.occurrences),
        opened_at: incident.opened_at.as_micros(),
        last_seen_at: incident.last_seen_at.as_micros(),
        acknowledged_by: incident.acknowledged_by.clone(),
        acknowledged_at: micros_if(incident.acknowledged_at),
        resolved_by: incident.resolved_by.clone(),
        resolved_at: micros_if(incident.resolved_at),
        resolution: incident.resolution.clone(),
        version: count(incident.version),
    })
}

/// The incident of a row.
pub(super) fn incident(row: Model) -> Result<Incident, PortError> {
    Ok(Incident {
        incident_id: stored("incident_id", row.incident_id.parse())?,
        tenant_id: stored_tenant(&row.tenant_id)?,
        cause: stored("cause", row.cause.parse())?,
        severity: stored("severity", row.severity.parse())?,
        title: row.title,
        status: stored("status", row.status.parse())?,
        facts: from_json("facts", &row.facts)?,
        dedup_key: row.dedup_key,
        occurrences: uncount("occurrences", row.occurrences)?,
        opened_at: Timestamp::from_micros(row.opened_at),
        last_seen_at: Timestamp::from_micros(row.last_seen_at),
        acknowledged_by: row.acknowledged_by,
        acknowledged_at: time_if(row.acknowledged_at),
        resolved_by: row.resolved_by,
        resolved_at: time_if(row.resolved_at),
        resolution: row.resolution,
        version: uncount("version", row.version)?,
    })
}
