//! Handlers of `incidents.incidents.*`.

use portcullis_engines::incidents;
use portcullis_schemas::Error;
use portcullis_schemas::incidents::Incident;
use portcullis_schemas::incidents::operations::{
    AcknowledgeIncident, GetIncident, ListIncidents, ResolveIncident,
};
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::paging::{Page, PageRequest};
use serde_json::json;

use crate::scene::Scene;

pub(crate) async fn list_incidents(scene: Scene, request: ListIncidents) -> Result<Page<Incident>, Error> {
    let mut work = scene.read().await?;
    let page = PageRequest::new(request.limit, request.cursor);
    Ok(work.incidents().list(scene.tenant(), request.status, &page).await?)
}

pub(crate) async fn get_incident(scene: Scene, request: GetIncident) -> Result<Incident, Error> {
    let mut work = scene.read().await?;
    let found = work.incidents().get(scene.tenant(), &request.incident_id).await?;
    found.ok_or_else(|| Error::not_found("incident"))
}

pub(crate) async fn acknowledge_incident(
    scene: Scene,
    request: AcknowledgeIncident,
) -> Result<Incident, Error> {
    change(&scene, &request.incident_id, AuditEventType::IncidentAcknowledged, |incident| {
        incidents::acknowledge(incident, scene.principal().actor(), scene.now())
    })
    .await
}

pub(crate) async fn resolve_incident(scene: Scene, request: ResolveIncident) -> Result<Incident, Error> {
    change(&scene, &request.incident_id, AuditEventType::IncidentResolved, |incident| {
        incidents::resolve(incident, scene.principal().actor(), scene.now(), &request.resolution)
    })
    .await
}

async fn change(
    scene: &Scene,
    id: &portcullis_schemas::ids::IncidentId,
    event_type: AuditEventType,
    step: impl FnOnce(Incident) -> Result<Incident, Error> + Send,
) -> Result<Incident, Error> {
    let mut work = scene.begin().await?;
    let found = work.incidents().get(scene.tenant(), id).await?;
    let incident = step(found.ok_or_else(|| Error::not_found("incident"))?)?;
    work.incidents().update(scene.tenant(), &incident).await?;
    let facts = json!({ "cause": incident.cause, "resolution": incident.resolution });
    let event = scene.event(event_type, [("incident_id", id.as_str())], facts);
    work.audit_log().append(scene.tenant(), &[event]).await?;
    work.commit().await?;
    Ok(incident)
}
