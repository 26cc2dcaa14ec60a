//! The life of an incident.

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::incidents::{IncidentCause, IncidentSeverity};

use super::*;

const OPENED: Timestamp = Timestamp::from_micros(1);
const NOW: Timestamp = Timestamp::from_micros(2);

fn incident(status: IncidentStatus) -> Incident {
    Incident {
        incident_id: "inc_01jd0000000000000000000000".parse().unwrap(),
        tenant_id: TenantId::from_trusted("t_a").unwrap(),
        cause: IncidentCause::PinBroken,
        severity: IncidentSeverity::High,
        title: "a pinned definition changed".to_owned(),
        status,
        facts: serde_json::Map::new(),
        dedup_key: "pin_broken:tool_x".to_owned(),
        occurrences: 3,
        opened_at: OPENED,
        last_seen_at: OPENED,
        acknowledged_by: None,
        acknowledged_at: None,
        resolved_by: None,
        resolved_at: None,
        resolution: None,
        version: 4,
    }
}

#[test]
fn acknowledging_says_who_looks() {
    let changed = acknowledge(incident(IncidentStatus::Open), "alice", NOW).unwrap();
    let expected = Incident {
        status: IncidentStatus::Acknowledged,
        acknowledged_by: Some("alice".to_owned()),
        acknowledged_at: Some(NOW),
        version: 5,
        ..incident(IncidentStatus::Open)
    };
    assert_eq!(changed, expected);
}

#[test]
fn resolving_says_what_was_done_and_keeps_who_looked() {
    let before =
        Incident { acknowledged_by: Some("alice".to_owned()), ..incident(IncidentStatus::Acknowledged) };
    let done = Reason::new("approved the new definition").unwrap();
    let changed = resolve(before.clone(), "bob", NOW, &done).unwrap();
    let expected = Incident {
        status: IncidentStatus::Resolved,
        resolved_by: Some("bob".to_owned()),
        resolved_at: Some(NOW),
        resolution: Some("approved the new definition".to_owned()),
        version: 5,
        ..before
    };
    assert_eq!(changed, expected);
}

#[test]
fn states_only_go_forward() {
    use IncidentStatus::{Acknowledged, Open, Resolved};
    let table = [
        (Open, Step::Acknowledge, Some(Acknowledged)),
        (Open, Step::Resolve, Some(Resolved)),
        (Acknowledged, Step::Acknowledge, None),
        (Acknowledged, Step::Resolve, Some(Resolved)),
        (Resolved, Step::Acknowledge, None),
        (Resolved, Step::Resolve, None),
    ];
    for (from, action, to) in table {
        let answer = step(from, action);
        assert_eq!(answer.as_ref().ok().copied(), to, "{from} {action:?}");
        if let Err(error) = answer {
            assert_eq!(error.code(), codes::STATE_CONFLICT);
        }
    }
}
