//! A sealed event is what the verifier of the trail expects, byte for byte.

use portcullis_schemas::logs::event::{AuditEvent, AuditEventType, EventActor};
use portcullis_schemas::principal::ActorType;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_trail::chain::ChainVerifier;
use portcullis_trail::strict::{self, Limits};
use serde_json::json;

use super::*;

fn draft(number: u8) -> AuditEventDraft {
    AuditEventDraft {
        event_id: format!("evt_01jd00000000000000000000{number:02}").parse().unwrap(),
        event_type: AuditEventType::ToolInvocationAllowed,
        occurred_at: Timestamp::from_micros(1_785_196_800_000_007),
        actor: EventActor { name: "agent".to_owned(), key_id: None, actor_type: ActorType::Machine },
        request_id: None,
        subject: vec![
            ("server_id", "mcp_1".to_owned()),
            ("tool_id", "tool_1".to_owned()),
            ("other", "mcp_1".to_owned()),
        ],
        facts: Map::from_iter([("risk".to_owned(), json!("high")), ("count".to_owned(), json!(3))]),
    }
}

#[test]
fn sealed_events_form_a_chain() {
    let tenant = TenantId::from_trusted("t_a").unwrap();
    let mut head = Head::genesis();
    let mut verifier = ChainVerifier::new("t_a");
    for number in 1..=3 {
        let (row, next) = seal(&tenant, &head, &draft(number)).unwrap();
        assert_eq!(row.sequence, i64::from(number));
        verifier.push(&strict::parse(row.record.as_bytes(), Limits::default()).unwrap()).unwrap();
        assert_eq!(next.hash, row.hash);
        head = next;
    }
    assert_eq!(verifier.finish().unwrap().head.to_string(), head.hash);
}

#[test]
fn the_shape_of_a_record_is_a_contract() {
    let (row, ..) = seal(&TenantId::from_trusted("t_a").unwrap(), &Head::genesis(), &draft(1)).unwrap();
    insta::assert_snapshot!(row.record);
}

/// What clients of the API read as an event is what was sealed.
#[test]
fn a_record_is_an_event_as_it_is_serialised() {
    let tenant = TenantId::from_trusted("t_a").unwrap();
    let named = EventActor {
        name: "agent".to_owned(),
        key_id: Some("key_01jd0000000000000000000001".parse().unwrap()),
        actor_type: ActorType::Machine,
    };
    for draft in
        [draft(1), AuditEventDraft { actor: named, request_id: Some("req_1".to_owned()), ..draft(2) }]
    {
        let (row, ..) = seal(&tenant, &Head::genesis(), &draft).unwrap();
        let event = AuditEvent {
            tenant_id: tenant.clone(),
            sequence: FIRST_SEQUENCE,
            event_id: draft.event_id,
            event_type: draft.event_type,
            occurred_at: draft.occurred_at,
            actor: draft.actor,
            request_id: draft.request_id,
            subject: draft.subject.into_iter().map(|(name, id)| (name.to_owned(), json!(id))).collect(),
            facts: draft.facts,
            previous_hash: GENESIS.to_string(),
            hash: row.hash,
        };
        let record: Value = serde_json::from_str(&row.record).unwrap();
        assert_eq!(record, serde_json::to_value(event).unwrap());
    }
}

#[test]
fn an_integer_that_readers_would_round_is_refused() {
    let mut large = draft(1);
    large.facts.insert("nanoseconds".to_owned(), json!(u64::MAX));
    assert!(seal(&TenantId::from_trusted("t_a").unwrap(), &Head::genesis(), &large).is_err());
}
