//! The suite of [`IncidentStore`](portcullis_schemas::incidents::ports::IncidentStore).

use portcullis_schemas::codes;
use portcullis_schemas::ids::{IncidentId, TenantId};
use portcullis_schemas::incidents::{Incident, IncidentStatus, NewIncident};
use portcullis_schemas::store::Store;

use super::steps::{IDS, conflict, reading, refused, two_tenants};
use crate::fixtures::{self, time};

/// Incidents of one cause are joined until they are resolved, changed by version, listed by state, and seen by their
/// tenant only.
pub async fn incident_store(store: &dyn Store) {
    isolates_tenants(store).await;
    joins_while_unresolved(store).await;
    updates_are_versioned(store).await;
    lists_by_state(store).await;
}

async fn joins_while_unresolved(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let new = fixtures::new_incident(&IDS, "pin_broken:tool", 0);
    assert_eq!(open(store, &tenant, &new).await, new.incident_id, "a first incident is opened under its id");
    let opened = get(store, &tenant, &new.incident_id).await;
    expect_opened(&opened, &tenant, &new);

    let again = fixtures::new_incident(&IDS, "pin_broken:tool", 5);
    assert_eq!(open(store, &tenant, &again).await, new.incident_id, "the same cause joins the open incident");
    let joined = get(store, &tenant, &new.incident_id).await;
    assert_eq!(
        (joined.occurrences, joined.opened_at, joined.last_seen_at),
        (2, time(0), time(5)),
        "it is counted"
    );
    let absent = seen!(store, "reading", unit => unit.incidents().get(&tenant, &again.incident_id));
    assert_eq!(absent, None, "and no second one is opened");

    let elsewhere = fixtures::new_incident(&IDS, "pin_broken:other_tool", 6);
    assert_eq!(
        open(store, &tenant, &elsewhere).await,
        elsewhere.incident_id,
        "another cause is another incident"
    );
    update(store, &acknowledged(joined)).await;
    let third = fixtures::new_incident(&IDS, "pin_broken:tool", 7);
    assert_eq!(open(store, &tenant, &third).await, new.incident_id, "an acknowledged incident is joined too");

    let current = get(store, &tenant, &new.incident_id).await;
    assert_eq!(
        (current.occurrences, current.status),
        (3, IncidentStatus::Acknowledged),
        "and stays acknowledged"
    );
    update(store, &resolved(current)).await;
    let fourth = fixtures::new_incident(&IDS, "pin_broken:tool", 9);
    assert_eq!(
        open(store, &tenant, &fourth).await,
        fourth.incident_id,
        "after a resolution a new one is opened"
    );
}

fn expect_opened(opened: &Incident, tenant: &TenantId, new: &NewIncident) {
    let found =
        (&opened.tenant_id, opened.cause, opened.severity, &opened.title, &opened.facts, &opened.dedup_key);
    let given = (tenant, new.cause, new.severity, &new.title, &new.facts, &new.dedup_key);
    assert_eq!(found, given, "an incident is kept as it was given");
    assert_eq!((opened.status, opened.occurrences), (IncidentStatus::Open, 1), "open, once");
    assert_eq!((opened.opened_at, opened.last_seen_at), (new.opened_at, new.opened_at), "since then");
}

async fn updates_are_versioned(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let new = fixtures::new_incident(&IDS, "versioned", 0);
    open(store, &tenant, &new).await;
    let next = acknowledged(get(store, &tenant, &new.incident_id).await);
    update(store, &next).await;
    assert_eq!(
        get(store, &tenant, &new.incident_id).await,
        next,
        "an update of the next version is kept whole"
    );
    for version in [next.version - 1, next.version, next.version + 2] {
        let stale = Incident { version, ..resolved(next.clone()) };
        let result = attempted!(store, unit => unit.incidents().update(&tenant, &stale));
        conflict("an update that is not of the next version", result, codes::STATE_CONFLICT);
    }
    let end = resolved(next);
    update(store, &end).await;
    assert_eq!(get(store, &tenant, &new.incident_id).await, end, "a resolution is kept whole");
}

async fn lists_by_state(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let mut newest_first = Vec::new();
    for n in 0..6_i64 {
        let new = fixtures::new_incident(&IDS, &format!("listed-{n}"), n);
        open(store, &tenant, &new).await;
        let mut incident = get(store, &tenant, &new.incident_id).await;
        if n % 2 == 0 {
            incident = acknowledged(incident);
            update(store, &incident).await;
        }
        newest_first.insert(0, incident);
    }
    let mut unit = reading(store).await;
    let all = walked!(4, request => unit.incidents().list(&tenant, None, &request));
    assert_eq!(all, newest_first, "incidents newest first, each once");
    newest_first.retain(|incident| incident.status == IncidentStatus::Acknowledged);
    let status = Some(IncidentStatus::Acknowledged);
    let some = walked!(2, request => unit.incidents().list(&tenant, status, &request));
    assert_eq!(some, newest_first, "incidents of a state");
}

async fn isolates_tenants(store: &dyn Store) {
    let (tenant, other) = two_tenants(store).await;
    let new = fixtures::new_incident(&IDS, "walled", 0);
    let id = open(store, &tenant, &new).await;
    let foreign = seen!(store, "reading", unit => unit.incidents().get(&other, &id));
    assert_eq!(foreign, None, "a foreign incident answers as an absent one");
    let twin = fixtures::new_incident(&IDS, "walled", 1);
    assert_eq!(open(store, &other, &twin).await, twin.incident_id, "the same cause elsewhere is not joined");
    let before = get(store, &tenant, &id).await;
    let stolen = Incident { tenant_id: other.clone(), ..acknowledged(before.clone()) };
    refused(
        "an update of a foreign incident",
        attempted!(store, unit => unit.incidents().update(&other, &stolen)),
    );
    assert_eq!(get(store, &tenant, &id).await, before, "and it is unchanged");
    let mut unit = reading(store).await;
    let listed = walked!(2, request => unit.incidents().list(&other, None, &request));
    assert_eq!(listed.len(), 1, "a list holds own incidents only");
}

fn acknowledged(incident: Incident) -> Incident {
    Incident {
        status: IncidentStatus::Acknowledged,
        acknowledged_by: Some("admin".to_owned()),
        acknowledged_at: Some(time(20)),
        version: incident.version + 1,
        ..incident
    }
}

fn resolved(incident: Incident) -> Incident {
    Incident {
        status: IncidentStatus::Resolved,
        resolved_by: Some("admin".to_owned()),
        resolved_at: Some(time(30)),
        resolution: Some("the upstream was mended".to_owned()),
        version: incident.version + 1,
        ..incident
    }
}

async fn open(store: &dyn Store, tenant: &TenantId, incident: &NewIncident) -> IncidentId {
    committed!(store, "opening an incident", unit => unit.incidents().open(tenant, incident))
}

async fn update(store: &dyn Store, incident: &Incident) {
    committed!(store, "updating an incident", unit => unit.incidents().update(&incident.tenant_id, incident));
}

async fn get(store: &dyn Store, tenant: &TenantId, id: &IncidentId) -> Incident {
    let found = seen!(store, "reading an incident", unit => unit.incidents().get(tenant, id));
    found.unwrap_or_else(|| panic!("the incident that was opened is not there"))
}
