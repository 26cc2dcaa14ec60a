//! Every path of a dispatch is audited.

use portcullis_engines::api_keys::key_text::KeyEnvironment;
use portcullis_schemas::api_keys::operations::CreateApiKey;
use portcullis_schemas::controls::operations::{GetKillSwitch, KillSwitchStatus};
use portcullis_schemas::integrations::mcp::operations::ListMcpServers;
use portcullis_schemas::logs::ports::DispatchRecord;
use portcullis_schemas::operation::Operation;
use portcullis_schemas::principal::Scope;
use portcullis_schemas::text::IdempotencyKey;
use portcullis_schemas::{Error, codes};
use portcullis_spine::scene::Scene;
use portcullis_spine::{Input, OperationRegistry, Spine, SpineOptions};
use serde_json::json;

use crate::house::House;

async fn panics(_: Scene, _: GetKillSwitch) -> Result<KillSwitchStatus, Error> {
    panic!("the secret is hunter2")
}

fn last(house: &House) -> DispatchRecord {
    house.dispatches.records().pop().expect("a record").1
}

#[tokio::test]
async fn success_unknown_and_denied_are_recorded() {
    let house = House::open().await;
    house.admin::<ListMcpServers>(json!({})).await.unwrap();
    assert_eq!((last(&house).operation.as_str(), last(&house).error_code), (ListMcpServers::NAME, None));

    let unknown = house.spine.call(house.caller(Scope::Admin), "no.such\n.thing", Input::default()).await;
    assert_eq!(unknown.unwrap_err().code(), codes::OPERATION_UNKNOWN);
    assert_eq!(last(&house).operation, "no.such.thing");

    let denied = house.spine.call(house.caller(Scope::Invoke), ListMcpServers::NAME, Input::default()).await;
    assert_eq!(denied.unwrap_err().code(), codes::AUTHORITY_DENIED);
    assert_eq!(last(&house).error_code.as_deref(), Some("authority_denied"));
}

#[tokio::test]
async fn a_panic_closes_its_call_only_and_says_nothing() {
    let house = House::open().await;
    let mut registry = OperationRegistry::new();
    registry.on::<GetKillSwitch>(panics).unwrap();
    let options = SpineOptions::new(KeyEnvironment::new("test").unwrap());
    let spine = Spine::with_registry(house.spine.ports().clone(), options, registry);
    let error =
        spine.call(house.caller(Scope::Admin), GetKillSwitch::NAME, Input::default()).await.unwrap_err();
    assert_eq!(error.code(), codes::OPERATION_PANICKED);
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert_eq!(last(&house).error_code.as_deref(), Some("operation_panicked"));
    assert!(house.admin::<ListMcpServers>(json!({})).await.is_ok());
}

#[tokio::test]
async fn an_idempotency_key_that_would_not_be_honoured_is_refused() {
    let house = House::open().await;
    let mut ctx = house.caller(Scope::Admin);
    ctx.idempotency_key = IdempotencyKey::new("k").ok();
    let error = house.spine.call(ctx, ListMcpServers::NAME, Input::default()).await.unwrap_err();
    assert_eq!(error.code(), codes::INVALID_HEADER);
}

#[tokio::test]
async fn a_created_key_authenticates_and_a_changed_one_does_not() {
    let house = House::open().await;
    let created =
        house.admin::<CreateApiKey>(json!({ "name": "agent", "scopes": ["invoke"] })).await.unwrap();
    let principal = house.spine.authenticate(&created.secret.0).await.unwrap();
    assert_eq!((principal.tenant(), principal.actor()), (&house.tenant, "agent"));
    let mut changed = created.secret.0.clone();
    let last = changed.pop().unwrap();
    changed.push(if last == '0' { '1' } else { '0' });
    for wrong in [changed.as_str(), "", "pcl_test_x", "Bearer"] {
        assert_eq!(
            house.spine.authenticate(wrong).await.unwrap_err().code(),
            codes::UNAUTHENTICATED,
            "{wrong}"
        );
    }
}

#[test]
fn the_contract_of_every_operation() {
    let mut registry = OperationRegistry::new();
    portcullis_spine::operations::register(&mut registry).unwrap();
    let contract: Vec<_> = registry
        .specs()
        .map(|spec| {
            json!({
                "name": spec.name, "authority": spec.authority, "effect": spec.effect, "summary": spec.summary,
                "request": spec.request_schema(), "output": spec.output_schema(),
            })
        })
        .collect();
    insta::assert_json_snapshot!("operations", contract);
}

#[test]
fn every_error_code() {
    let codes: Vec<_> = codes::ALL.iter().map(|code| code.as_str()).collect();
    insta::assert_json_snapshot!("error_codes", codes);
}
