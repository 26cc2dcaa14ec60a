//! Servers that tell of changes of their lists are listened to while they are used.

use std::time::Duration;

use portcullis_schemas::api_keys::operations::{CreateApiKey, RevokeApiKey};
use portcullis_schemas::codes;
use portcullis_schemas::context::CallContext;
use portcullis_schemas::controls::FreezeTarget;
use portcullis_schemas::controls::operations::ThrowKillSwitch;
use portcullis_schemas::ids::RequestId;
use portcullis_schemas::incidents::operations::ListIncidents;
use portcullis_schemas::integrations::mcp::operations::{DisableMcpServer, GetMcpServer, UpdateMcpServer};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::integrations::mcp::wire::{Conduct, McpCatalogue, McpFailure};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::principal::{ActorType, Principal, Scope};
use portcullis_schemas::runtime::Clock;
use portcullis_testkit::fakes::{Exchange, ExchangeKind};
use serde_json::{Value, json};

use crate::house::{House, call_of, catalogue, definition, reply};
use crate::tokens::{Realm, token};

/// Longer than a stream may take to end when its ground is gone.
const SOON: Duration = Duration::from_secs(3);
/// As long as a list counts as read a moment ago.
const YOUNG: Duration = Duration::from_secs(61);

fn telling(definitions: &[Value]) -> McpCatalogue {
    let capabilities = r#"{"tools":{"listChanged":true},"resources":{}}"#.to_owned();
    McpCatalogue { capabilities: RawJson::from_text(capabilities).unwrap(), ..catalogue(definitions) }
}

/// A tool of a server that tells of its lists.
async fn told_of(house: &House) -> McpTool {
    house.client.always_call(reply());
    house.approved_tool_in(telling(&[definition("get_it", "does it")])).await
}

async fn call(house: &House, tool: &McpTool) {
    house.spine.run(house.caller(Scope::Invoke), call_of(tool, json!({}))).await.unwrap();
}

fn count(house: &House, kind: ExchangeKind) -> usize {
    house.client.exchanges().iter().filter(|exchange| exchange.kind == kind).count()
}

fn is_listening(exchange: &Exchange) -> bool {
    exchange.kind == ExchangeKind::Listen
}

/// Waits, in the time of the test, until so many listen.
async fn until_heard(house: &House, listening: usize) {
    for _ in 0..100 {
        if house.client.listening() == listening {
            return;
        }
        tokio::time::sleep(SOON / 50).await;
    }
    panic!("{} listen, not {listening}", house.client.listening());
}

#[tokio::test(start_paused = true)]
async fn what_a_server_says_has_changed_is_read_at_once_and_on_record() {
    let house = House::open().await;
    let tool = told_of(&house).await;
    assert_eq!(count(&house, ExchangeKind::Listen), 0, "nobody has used it yet");
    call(&house, &tool).await;
    call(&house, &tool).await;
    until_heard(&house, 1).await;
    assert_eq!(count(&house, ExchangeKind::Discover), 1, "what was read a moment ago is not read again");
    house.clock.advance(YOUNG);
    house.client.answer_discover(Ok(telling(&[definition("get_it", "does it!")])));
    house.client.watches()[0].sink.tell();
    tokio::time::sleep(SOON).await;
    let refused = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!((refused.code(), count(&house, ExchangeKind::CallTool)), (codes::TOOL_QUARANTINED, 2));
    let started: Vec<Value> = house
        .trail()
        .await
        .into_iter()
        .filter(|event| event.event_type.as_str() == "mcp_exchange.started")
        .map(|event| event.facts["purpose"].clone())
        .collect();
    assert_eq!(started, ["discover_tools", "listen_for_changes", "discover_tools"]);
    assert_eq!(count(&house, ExchangeKind::Listen), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_say_so_is_not_listened_to_nor_is_any_where_none_may_be() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    house.client.always_call(reply());
    call(&house, &tool).await;
    let none = House::limited(|options| options.listeners = 0).await;
    let told = told_of(&none).await;
    call(&none, &told).await;
    tokio::time::sleep(SOON).await;
    assert_eq!((count(&house, ExchangeKind::Listen), count(&none, ExchangeKind::Listen)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_tenant_takes_a_quarter_of_the_places() {
    let house = House::limited(|options| options.listeners = 8).await;
    house.client.always_call(reply());
    for name in ["one", "two", "three"] {
        let tool = house.approved_tool_in(telling(&[definition(name, "does it")])).await;
        call(&house, &tool).await;
    }
    tokio::time::sleep(SOON).await;
    assert_eq!((house.client.listening(), count(&house, ExchangeKind::Listen)), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_listened_to_any_more_whose_ground_is_gone() {
    for what in ["frozen", "disabled", "moved", "revoked", "closed"] {
        let house = House::open().await;
        let tool = told_of(&house).await;
        let body = json!({ "name": "agent", "scopes": ["invoke"] });
        let agent = house.admin::<CreateApiKey>(body).await.unwrap().key.key_id;
        let tenant = house.caller(Scope::Invoke).principal.tenant().clone();
        let principal =
            Principal::verified(tenant, agent.clone(), "agent", ActorType::Machine, [Scope::Invoke]);
        let ctx = CallContext::new(principal, RequestId::generate(house.ids()));
        house.spine.run(ctx, call_of(&tool, json!({}))).await.unwrap();
        until_heard(&house, 1).await;
        let server = json!({ "server_id": tool.server_id });
        match what {
            "frozen" => {
                let target = serde_json::to_value(FreezeTarget::Server(tool.server_id.clone())).unwrap();
                drop(
                    house
                        .admin::<ThrowKillSwitch>(json!({ "target": target, "reason": "now" }))
                        .await
                        .unwrap(),
                );
            }
            "disabled" => drop(house.admin::<DisableMcpServer>(server).await.unwrap()),
            "moved" => {
                let moved = json!({ "server_id": tool.server_id, "url": "https://mcp.example/elsewhere" });
                drop(house.admin::<UpdateMcpServer>(moved).await.unwrap());
            }
            "revoked" => drop(house.admin::<RevokeApiKey>(json!({ "key_id": agent })).await.unwrap()),
            _ => assert!(house.spine.drain(Duration::from_secs(5)).await, "it ends with the process"),
        }
        until_heard(&house, 0).await;
        tokio::time::sleep(SOON).await;
        if what == "closed" {
            // Nobody is let in any more who could look.
            continue;
        }
        let ended = house.trail().await.into_iter().filter(|event| {
            event.event_type.as_str() == "mcp_exchange.completed"
                && event.facts["purpose"] == "listen_for_changes"
        });
        assert_eq!(ended.count(), 1, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn other_changes_of_the_tenant_end_no_stream() {
    let house = House::open().await;
    let tool = told_of(&house).await;
    call(&house, &tool).await;
    until_heard(&house, 1).await;
    house.approved_tool("another").await;
    tokio::time::sleep(SOON).await;
    assert_eq!((house.client.listening(), count(&house, ExchangeKind::Listen)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_be_heard_is_left_alone_for_a_while() {
    let house = House::open().await;
    let tool = told_of(&house).await;
    house.client.answer_listen(Err(McpFailure::new(codes::UPSTREAM_ERROR, "as scripted", false)));
    for (wait, asked) in [(0, 1), (60, 1), (13 * 60, 1), (60, 2)] {
        house.clock.advance(Duration::from_secs(wait));
        call(&house, &tool).await;
        tokio::time::sleep(SOON).await;
        assert_eq!(count(&house, ExchangeKind::Listen), asked, "after {wait} s more");
        house.clock.advance(Duration::from_secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ended_is_followed_by_another_and_a_gap_is_looked_into() {
    let house = House::open().await;
    let tool = told_of(&house).await;
    house.client.answer_listen(Ok(()));
    call(&house, &tool).await;
    tokio::time::sleep(SOON).await;
    house.clock.advance(YOUNG);
    house.client.answer_discover(Ok(telling(&[definition("get_it", "does it")])));
    call(&house, &tool).await;
    until_heard(&house, 1).await;
    tokio::time::sleep(SOON).await;
    assert_eq!((count(&house, ExchangeKind::Listen), count(&house, ExchangeKind::Discover)), (2, 2));
    let shown = house.admin::<GetMcpServer>(json!({ "server_id": tool.server_id })).await.unwrap();
    assert_eq!(shown.capabilities, ["resources", "tools", "tools.listChanged"]);
}

/// What it does there is no business of lists.
#[tokio::test(start_paused = true)]
async fn a_server_that_reaches_for_more_is_an_incident() {
    let house = House::open().await;
    let tool = told_of(&house).await;
    let failure = McpFailure::new(codes::UPSTREAM_PROTOCOL, "as scripted", true);
    house.client.answer_listen(Err(McpFailure { conduct: Conduct::Overreach, ..failure }));
    call(&house, &tool).await;
    tokio::time::sleep(SOON).await;
    assert_eq!(house.admin::<ListIncidents>(json!({})).await.unwrap().items.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_told_again_and_again_is_read_ever_more_rarely_and_not_when_the_ground_is_gone() {
    let house = House::open().await;
    let tool = told_of(&house).await;
    call(&house, &tool).await;
    until_heard(&house, 1).await;
    let tell = async || {
        house.client.answer_discover(Ok(telling(&[definition("get_it", "does it")])));
        house.client.watches()[0].sink.tell();
    };
    for (wait, read) in [(1, 2), (5, 2), (10, 3), (10, 3), (15, 4)] {
        tell().await;
        tokio::time::sleep(Duration::from_secs(wait)).await;
        assert_eq!(count(&house, ExchangeKind::Discover), read, "after {wait} s more");
    }
    tell().await;
    house.admin::<DisableMcpServer>(json!({ "server_id": tool.server_id })).await.unwrap();
    tokio::time::sleep(YOUNG).await;
    assert_eq!(count(&house, ExchangeKind::Discover), 4);
}

/// Nobody else would tell of it.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_read_again() {
    let house = House::open().await;
    let tool = told_of(&house).await;
    call(&house, &tool).await;
    until_heard(&house, 1).await;
    house.client.answer_discover(Err(McpFailure::new(codes::UPSTREAM_ERROR, "as scripted", false)));
    house.client.answer_discover(Ok(telling(&[definition("get_it", "does it!")])));
    house.client.watches()[0].sink.tell();
    tokio::time::sleep(YOUNG).await;
    assert_eq!(count(&house, ExchangeKind::Discover), 3);
    let refused = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!(refused.code(), codes::TOOL_QUARANTINED);
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_with_an_access_token_ends_with_it() {
    for (left, listens) in [(1000, Some(280)), (100, Some(100)), (5, None), (-5, None)] {
        let (realm, _) = Realm::with_alice(&["invoke"]).await;
        let house = &realm.house;
        let tool = told_of(house).await;
        realm.answer_keys(&[("one", 1)]);
        let expires = house.clock.now().as_micros() / 1_000_000 + left;
        let text = token("one", 1, &realm.claims(json!({ "exp": expires }))).await;
        let alice = realm.caller(&text).await;
        house.spine.run(alice, call_of(&tool, json!({}))).await.unwrap();
        tokio::time::sleep(SOON).await;
        let asked: Vec<_> = house.client.exchanges().into_iter().filter(is_listening).collect();
        let periods: Vec<u64> = asked.iter().map(|asked| asked.dispatch.deadline.as_secs()).collect();
        assert_eq!(periods, Vec::from_iter(listens), "with a token that ends in {left} s");
    }
}

/// What such a server gets is made of a caller's token, and no stream has one.
#[tokio::test(start_paused = true)]
async fn a_server_that_takes_callers_tokens_exchanged_is_not_listened_to() {
    let (realm, _) = Realm::with_alice(&["invoke", "admin"]).await;
    let house = &realm.house;
    let server = realm.exchanging().await;
    realm.answer_keys(&[("one", 1)]);
    let text = token("one", 1, &realm.claims(json!({ "scope": "invoke admin", "exp": i32::MAX }))).await;
    let alice = realm.caller(&text).await;
    realm.answer_exchange("for-alice");
    let tool = realm.tool_in(&server, &alice, telling(&[definition("read", "reads")])).await;
    house.client.answer_call(Ok(reply()));
    let asked = realm.egress.requests().len();
    house.spine.run(alice, call_of(&tool, json!({ "q": "x" }))).await.unwrap();
    tokio::time::sleep(SOON).await;
    assert_eq!((count(house, ExchangeKind::CallTool), count(house, ExchangeKind::Listen)), (1, 0));
    assert_eq!(realm.egress.requests().len(), asked, "no token was asked for");
}
