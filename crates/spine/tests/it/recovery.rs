//! Intents of a dead instance are closed as unknown, once, and never run again.

use portcullis_schemas::ids::InstanceId;
use portcullis_schemas::incidents::IncidentCause;
use portcullis_schemas::incidents::operations::ListIncidents;
use portcullis_schemas::integrations::mcp::invocation::InvocationOutcome;
use portcullis_schemas::integrations::mcp::operations::GetMcpInvocations;
use portcullis_schemas::logs::ledger::{LEASE, Recorded};
use portcullis_testkit::fixtures;
use serde_json::json;

use crate::house::House;

#[tokio::test]
async fn an_abandoned_call_is_closed_as_unknown() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let dead = InstanceId::generate(house.ids());
    let lease = house.spine.ports().clock.now().plus(LEASE);
    house.ledger().renew_lease(&dead, lease).await.unwrap();
    let facts = fixtures::invocation_facts(house.ids(), &tool, 0);
    let intent = fixtures::intent(house.ids(), &dead, &facts);
    let recorded = house.ledger().record(&house.tenant, intent.clone()).await.unwrap();
    assert!(matches!(recorded, Recorded::Receipt(_)));

    let background = house.spine.start_background().await.unwrap();
    assert!(
        house.admin::<GetMcpInvocations>(json!({})).await.unwrap().items.is_empty(),
        "its lease still holds"
    );
    drop(background);
    house.clock.advance(LEASE * 2);
    let sent = house.client.exchanges().len();
    let _background = house.spine.start_background().await.unwrap();

    let calls = house.admin::<GetMcpInvocations>(json!({})).await.unwrap().items;
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].outcome, InvocationOutcome::Unknown);
    assert_eq!(house.client.exchanges().len(), sent, "it is never run again");
    let story = house.story_of(facts.invocation_id.as_str()).await;
    assert_eq!(story.last().map(String::as_str), Some("tool_invocation.unknown"));
    let incidents = house.admin::<ListIncidents>(json!({})).await.unwrap().items;
    assert!(incidents.iter().any(|incident| incident.cause == IncidentCause::OutcomeUnknown));
}

#[tokio::test]
async fn a_panic_in_the_background_does_not_end_it() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let _background = house.spine.start_background().await.unwrap();
    house.ledger.panic_in_abandoned();
    let facts = fixtures::invocation_facts(house.ids(), &tool, 0);
    let intent = fixtures::intent(house.ids(), &InstanceId::generate(house.ids()), &facts);
    house.ledger().record(&house.tenant, intent).await.unwrap();
    house.clock.advance(LEASE * 2);
    let closed = async {
        while house.ledger.will_panic()
            || house.admin::<GetMcpInvocations>(json!({})).await.unwrap().items.is_empty()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LEASE * 3, closed).await.expect("a later turn closes it");
}
