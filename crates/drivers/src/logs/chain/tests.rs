//! A sealed event is what the verifier of the trail expects, byte for byte.

use portcullis_schemas::logs::event::{AuditEventType, EventActor};
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

#[test]
fn an_integer_that_readers_would_round_is_refused() {
    let mut large = draft(1);
    large.facts.insert("nanoseconds".to_owned(), json!(u64::MAX));
    assert!(seal(&TenantId::from_trusted("t_a").unwrap(), &Head::genesis(), &large).is_err());
}
