//! Verdicts over values.

use portcullis_schemas::ids::{IntentId, KeyId, ServerId, ToolId};
use portcullis_schemas::logs::ledger::{IntentKind, IntentSubject};
use portcullis_schemas::timestamp::Timestamp;

use super::*;

const HASH: &str = "aa";

fn tenant() -> TenantId {
    TenantId::from_trusted("t_a").unwrap()
}

fn id<T: std::str::FromStr>(prefix: &str, number: u8) -> T {
    format!("{prefix}01jd00000000000000000000{number:02}").parse().ok().unwrap()
}

fn intent(number: u8, targets: Vec<FreezeTarget>, request_hash: Option<&str>) -> Intent {
    Intent {
        intent_id: id("int_", number),
        instance: id("ins_", 1),
        subject: IntentSubject::Exchange {
            purpose: IntentKind::HealthCheck,
            server_id: id::<ServerId>("mcp_", 1),
            request_id: None,
        },
        recorded_at: Timestamp::from_micros(0),
        events: Vec::new(),
        decided_on: None,
        freeze_targets: targets,
        approval: None,
        flows: None,
        idempotency: request_hash.map(claim),
    }
}

fn claim(request_hash: &str) -> IdempotencyClaim {
    IdempotencyClaim {
        key_id: id::<KeyId>("key_", 1),
        operation: "integrations.mcp_servers.invoke_tool".to_owned(),
        idempotency_key: portcullis_schemas::text::IdempotencyKey::new("once").unwrap(),
        request_hash: request_hash.to_owned(),
    }
}

fn known(end: End) -> Known {
    let mut known = Known::default();
    let first = FirstRequest { request_hash: HASH.to_owned(), end };
    known.add_claim(ClaimKey::of(&tenant(), &claim(HASH)), first);
    known
}

fn repeated(known: &mut Known, request_hash: &str) -> Option<Repeated> {
    match known.judge_intent(&tenant(), &intent(1, Vec::new(), Some(request_hash))) {
        Recorded::Repeated(repeated) => Some(repeated),
        _ => None,
    }
}

#[test]
fn a_repeat_gets_what_became_of_the_first_request() {
    let answer = SealedAnswer(vec![1, 2]);
    let table = [
        (End::InFlight, HASH, Repeated::InFlight),
        (End::Unknown, HASH, Repeated::OutcomeUnknown),
        (End::Ended(answer.clone()), HASH, Repeated::Ended(answer.clone())),
        (End::InFlight, "bb", Repeated::Mismatch),
        (End::Unknown, "bb", Repeated::Mismatch),
        (End::Ended(answer), "bb", Repeated::Mismatch),
    ];
    for (end, request_hash, expected) in table {
        assert_eq!(repeated(&mut known(end), request_hash), Some(expected));
    }
}

#[test]
fn the_second_claim_of_a_batch_sees_the_first() {
    let mut known = Known::default();
    assert_eq!(repeated(&mut known, HASH), None);
    assert_eq!(repeated(&mut known, HASH), Some(Repeated::InFlight));
    assert_eq!(repeated(&mut known, "bb"), Some(Repeated::Mismatch));
}

#[test]
fn a_frozen_target_stops_an_intent_before_its_claim_is_looked_at() {
    let tool = FreezeTarget::Tool(id::<ToolId>("tool_", 1));
    let mut known = known(End::InFlight);
    known.add_frozen("t_a".to_owned(), "tool".to_owned(), tool.id().to_owned());
    let targets = vec![FreezeTarget::Tenant, tool.clone()];
    let recorded = known.judge_intent(&tenant(), &intent(1, targets.clone(), Some(HASH)));
    assert!(matches!(recorded, Recorded::Frozen(target) if target == tool));
    let other = TenantId::from_trusted("t_b").unwrap();
    let recorded = known.judge_intent(&other, &intent(1, targets, Some(HASH)));
    assert!(matches!(recorded, Recorded::Receipt(_)), "another tenant's freeze and claim do not count");
}

#[test]
fn an_intent_is_closed_once_and_by_its_tenant() {
    let mut known = Known::default();
    let intent: IntentId = id("int_", 7);
    let open = OpenIntent { tenant: "t_a".to_owned(), claimed: true };
    known.add_open(intent.to_string(), open.clone());
    assert_eq!(known.close(&TenantId::from_trusted("t_b").unwrap(), &intent), None);
    assert_eq!(known.close(&tenant(), &intent), Some(open));
    assert_eq!(known.close(&tenant(), &intent), None);
}

#[test]
fn an_intent_that_was_decided_on_another_configuration_is_stale_before_anything_else() {
    let now = ConfigVersion(7);
    let other: TenantId = TenantId::from_trusted("t_b").unwrap();
    for (decided_on, tenant, stale) in [
        (Some(now), tenant(), false),
        (Some(ConfigVersion(6)), tenant(), true),
        (Some(ConfigVersion(8)), tenant(), true),
        (Some(now), other.clone(), true),
        (Some(UNCONFIGURED), other, false),
        (None, self::tenant(), false),
    ] {
        let mut known = known(End::InFlight);
        known.set_version(self::tenant(), now);
        let intent = Intent { decided_on, ..intent(1, Vec::new(), None) };
        let recorded = known.judge_intent(&tenant, &intent);
        assert_eq!(matches!(recorded, Recorded::Stale), stale, "{tenant}: {decided_on:?}");
    }
    let mut known = known(End::InFlight);
    known.set_version(tenant(), now);
    known.add_frozen("t_a".to_owned(), "tenant".to_owned(), "*".to_owned());
    let intent =
        Intent { decided_on: Some(ConfigVersion(6)), ..intent(1, vec![FreezeTarget::Tenant], Some(HASH)) };
    assert!(matches!(known.judge_intent(&tenant(), &intent), Recorded::Stale));
}
