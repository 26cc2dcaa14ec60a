//! Opening an incident, or counting it on the one that is open already.

use portcullis_schemas::PortError;
use portcullis_schemas::ids::{EventId, IncidentId, TenantId};
use portcullis_schemas::incidents::{IncidentStatus, NewIncident};
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType, EventActor};
use portcullis_schemas::principal::ActorType;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QuerySelect, QueryTrait};
use serde_json::{Map, Value};

use super::rows::{Column, Entity, opened};
use crate::database::Session;
use crate::rows::stored;
use crate::tenancy::TenantRows;

/// What became of a [`NewIncident`].
#[derive(Debug)]
pub(crate) struct Opening {
    /// The incident that was opened or joined.
    pub(crate) incident_id: IncidentId,
    /// The event to append in the same transaction, if it was opened.
    pub(crate) event: Option<AuditEventDraft>,
}

/// Opens an incident or joins it to the unresolved one of the same `dedup_key`. The unit of work and the ledger both
/// open incidents through this function, and both append its event.
pub(crate) async fn open_incident(
    session: &dyn Session,
    tenant: &TenantId,
    incident: &NewIncident,
) -> Result<Opening, PortError> {
    let unresolved = Entity::in_tenant(tenant)
        .select_only()
        .columns([Column::IncidentId, Column::LastSeenAt])
        .filter(Column::DedupKey.eq(incident.dedup_key.as_str()))
        .filter(Expr::cust("status <> 'resolved'"));
    if let Some(row) = session.read(&unresolved.into_query()).await?.first() {
        let (incident_id, last_seen_at) = (row.text(0)?, row.number(1)?);
        join(session, tenant, &incident_id, Ord::max(last_seen_at, incident.opened_at.as_micros())).await?;
        return Ok(Opening { incident_id: stored("incident_id", incident_id.parse())?, event: None });
    }
    let row = opened(tenant, incident)?.into_active_model();
    session.change(&Entity::insert(row).into_query()).await?;
    Ok(Opening { incident_id: incident.incident_id.clone(), event: Some(opened_event(incident)?) })
}

/// Counted by the database, so that a unit of work which reads and writes the incident meanwhile meets a new version.
async fn join(
    session: &dyn Session,
    tenant: &TenantId,
    id: &str,
    last_seen_at: i64,
) -> Result<(), PortError> {
    let update = Entity::update_in_tenant(tenant)
        .filter(Column::IncidentId.eq(id))
        .col_expr(Column::Occurrences, Expr::col(Column::Occurrences).add(1))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::LastSeenAt, Expr::value(last_seen_at));
    session.change(&update.into_query()).await.map(drop)
}

/// The event's id is the incident's with another prefix: one incident is opened once.
fn opened_event(incident: &NewIncident) -> Result<AuditEventDraft, PortError> {
    let ulid = incident.incident_id.as_str().trim_start_matches(IncidentId::PREFIX);
    let fact = |name: &str, text: &str| (name.to_owned(), Value::from(text));
    Ok(AuditEventDraft {
        event_id: stored("incident_id", format!("{}{ulid}", EventId::PREFIX).parse())?,
        event_type: AuditEventType::IncidentOpened,
        occurred_at: incident.opened_at,
        actor: EventActor { name: "portcullis".to_owned(), key_id: None, actor_type: ActorType::System },
        request_id: None,
        subject: vec![("incident_id", incident.incident_id.to_string())],
        facts: Map::from_iter([
            fact("cause", incident.cause.as_str()),
            fact("dedup_key", &incident.dedup_key),
            fact("severity", incident.severity.as_str()),
            fact("status", IncidentStatus::Open.as_str()),
        ]),
    })
}
