//! Intents and outcomes of discoveries and health checks.

use portcullis_schemas::incidents::{IncidentCause, IncidentSeverity};
use portcullis_schemas::integrations::mcp::server::McpAuthType;
use portcullis_schemas::integrations::mcp::wire::Conduct;
use portcullis_schemas::logs::ledger::Repeated;
use portcullis_schemas::text::CredentialRefText;

use super::*;
use crate::integrations::mcp::samples::{World, event_types};

fn begin(world: &World, server: &McpServer, credential: CredentialVerdict) -> Result<Intent, Error> {
    let instance = InstanceId::generate(&world.ids);
    let (ctx, stamp) = (world.ctx(), world.stamp(1));
    begin_exchange(&stamp, &instance, &ctx, server, IntentKind::DiscoverTools, credential, ConfigVersion(4))
}

fn with_reference(world: &World, reference: &str) -> McpServer {
    let credential_ref = Some(CredentialRefText::new(reference).unwrap());
    McpServer { auth_type: McpAuthType::Bearer, credential_ref, ..world.server.clone() }
}

#[test]
fn an_intent_names_purpose_freeze_targets_and_the_credential() {
    let world = World::new();
    let plain = begin(&world, &world.server, CredentialVerdict::NotNeeded).unwrap();
    assert_eq!(event_types(&plain.events), ["mcp_exchange.started"]);
    assert_eq!(plain.decided_on, Some(ConfigVersion(4)));
    assert_eq!(
        plain.freeze_targets.iter().map(|target| target.kind()).collect::<Vec<_>>(),
        ["tenant", "key", "server"]
    );
    let vaulted =
        begin(&world, &with_reference(&world, "cus-vault://t_0001/key-1"), CredentialVerdict::Granted)
            .unwrap();
    assert_eq!(event_types(&vaulted.events), ["mcp_exchange.started", "credential.accessed"]);
    assert_eq!(vaulted.events[1].subject[0], ("credential_id", "key-1".to_owned()));
    let sealed =
        begin(&world, &with_reference(&world, "encrypted://c2VjcmV0"), CredentialVerdict::Granted).unwrap();
    assert!(!format!("{:?}", sealed.events).contains("c2VjcmV0"));
}

#[test]
fn finding_an_authorization_server_opens_no_credential() {
    let world = World::new();
    let server = with_reference(&world, "cus-vault://t_0001/key-1");
    let begin = |server: &McpServer| {
        let instance = InstanceId::generate(&world.ids);
        begin_discovery_of_authorization(&world.stamp(1), &instance, &world.ctx(), server, ConfigVersion(4))
    };
    let intent = begin(&server).unwrap();
    assert_eq!(event_types(&intent.events), ["mcp_exchange.started"]);
    assert_eq!(intent.events[0].facts["purpose"], "discover_authorization");
    assert_eq!(intent.freeze_targets.len(), 3);
    let deleted = McpServer { status: McpServerStatus::Deleted, ..server };
    assert_eq!(begin(&deleted).unwrap_err().code(), codes::STATE_CONFLICT);
}

#[test]
fn nothing_begins_without_the_right_to() {
    let world = World::new();
    let server = with_reference(&world, "cus-vault://t_0001/key-1");
    let denied = begin(&world, &server, CredentialVerdict::Denied).unwrap_err();
    assert_eq!(denied.code(), codes::CREDENTIAL_DENIED);
    let dropped = McpServer { credential_ref: None, ..server };
    assert_eq!(
        begin(&world, &dropped, CredentialVerdict::Granted).unwrap_err().code(),
        codes::CREDENTIAL_REFERENCE
    );
    let deleted = McpServer { status: McpServerStatus::Deleted, ..world.server.clone() };
    assert_eq!(
        begin(&world, &deleted, CredentialVerdict::NotNeeded).unwrap_err().code(),
        codes::STATE_CONFLICT
    );
}

#[test]
fn only_a_receipt_lets_an_exchange_go_on() {
    let world = World::new();
    let receipt = IntentReceipt::issued_by_ledger(world.tenant.clone(), IntentId::generate(&world.ids));
    assert_eq!(receipt_of(Ok(Recorded::Receipt(receipt.clone()))).unwrap(), receipt);
    let table = [
        (Err(PortError::unavailable("disk")), "audit_unavailable"),
        (Ok(Recorded::Frozen(portcullis_schemas::controls::FreezeTarget::Tenant)), "frozen"),
        (Ok(Recorded::Repeated(Repeated::InFlight)), "idempotency_in_flight"),
        (Ok(Recorded::Repeated(Repeated::Mismatch)), "idempotency_mismatch"),
        (Ok(Recorded::Repeated(Repeated::OutcomeUnknown)), "outcome_unknown"),
    ];
    for (recorded, code) in table {
        assert_eq!(receipt_of(recorded).unwrap_err().code().as_str(), code);
    }
}

#[test]
fn the_end_says_whether_the_upstream_may_have_acted() {
    let world = World::new();
    let receipt = IntentReceipt::issued_by_ledger(world.tenant.clone(), IntentId::generate(&world.ids));
    let end = |failure: Option<&McpFailure>| {
        end_exchange(&world.stamp(2), &receipt, &world.server.server_id, IntentKind::HealthCheck, failure)
    };
    assert_eq!(event_types(&end(None).events), ["mcp_exchange.completed"]);
    let failure = McpFailure::new(codes::UPSTREAM_TIMEOUT, "no answer", true);
    let settlement = end(Some(&failure));
    assert_eq!(event_types(&settlement.events), ["mcp_exchange.failed"]);
    assert_eq!(settlement.events[0].facts["may_have_acted"], true);
    assert_eq!(settlement.intent_id, *receipt.intent());
    assert_eq!(settlement.incident, None, "a server that is slow is no incident");
    let turned = [(codes::ISSUER_MISMATCH, Conduct::Fair), (codes::UPSTREAM_PROTOCOL, Conduct::Overreach)];
    for (code, conduct) in turned {
        let incident = end(Some(&McpFailure { code, conduct, ..failure.clone() })).incident.unwrap();
        let kind = (incident.cause, incident.severity, &incident.facts["error_code"]);
        let expected = (IncidentCause::UpstreamConduct, IncidentSeverity::High, &json!(code));
        assert_eq!(kind, expected);
    }
    let echoes = McpFailure { is_credential_echoed: true, ..failure };
    let incident = end(Some(&echoes)).incident.unwrap();
    assert_eq!(
        (incident.cause, incident.severity),
        (IncidentCause::CredentialEchoed, IncidentSeverity::High)
    );
    assert_eq!(incident.facts["server_id"], world.server.server_id.as_str());
}
