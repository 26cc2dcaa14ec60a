//! More than is served at a time, deadlines, and the end of the process.

use std::time::Duration;

use portcullis_schemas::context::CallContext;
use portcullis_schemas::integrations::mcp::invocation::{InvocationOutcome, McpToolInvocation};
use portcullis_schemas::integrations::mcp::operations::{
    CheckMcpServerHealth, GetMcpInvocations, InvokeMcpTool,
};
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::principal::Scope;
use portcullis_schemas::tenants::operations::ListTenants;
use portcullis_schemas::{Error, ErrorKind, codes};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::house::{House, call_of, reply};

type Called = JoinHandle<Result<(), Error>>;

fn start(house: &House, ctx: CallContext, request: InvokeMcpTool) -> Called {
    let spine = house.spine.clone();
    tokio::spawn(async move { spine.run(ctx, request).await.map(drop) })
}

/// A call that its upstream does not answer, once it has reached it.
async fn hanging(house: &House, tool: &McpTool) -> Called {
    let reached = house.client.exchanges().len();
    house.client.hang_call();
    let call = start(house, house.caller(Scope::Invoke), call_of(tool, json!({})));
    while house.client.exchanges().len() == reached {
        tokio::task::yield_now().await;
    }
    call
}

async fn invocations(house: &House) -> Vec<McpToolInvocation> {
    house.admin::<GetMcpInvocations>(json!({})).await.unwrap().items
}

#[tokio::test]
async fn a_server_that_hangs_fills_its_own_places_and_no_others() {
    let limits = |options: &mut portcullis_spine::SpineOptions| {
        options.server_calls = 2;
        options.server_queue = 0;
    };
    let house = House::limited(limits).await;
    let (stuck, other) = (house.approved_tool("get_it").await, house.approved_tool("get_that").await);
    let calls = [hanging(&house, &stuck).await, hanging(&house, &stuck).await];
    let (events, sent) = (house.trail().await.len(), house.client.exchanges().len());

    let refused = house.spine.run(house.caller(Scope::Invoke), call_of(&stuck, json!({}))).await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::RateLimited, codes::OVERLOADED));
    assert!(refused.retry_after().is_some_and(|wait| wait >= Duration::from_secs(1)));
    let body = json!({ "server_id": stuck.server_id });
    let refused = house.admin::<CheckMcpServerHealth>(body).await.unwrap_err();
    assert_eq!(refused.code(), codes::OVERLOADED, "other exchanges take the same places");
    assert_eq!(house.trail().await.len(), events, "a crowd does not fill the trail");
    assert_eq!(house.client.exchanges().len(), sent, "nothing was sent");
    let codes: Vec<_> =
        house.dispatches.records().into_iter().filter_map(|(_, record)| record.error_code).collect();
    assert_eq!(codes, ["overloaded", "overloaded"], "but both are heard of");

    house.client.answer_call(Ok(reply()));
    house.spine.run(house.caller(Scope::Invoke), call_of(&other, json!({}))).await.unwrap();
    calls.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn a_call_that_is_late_is_told_so_and_settled_all_the_same() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    house.client.hang_call();
    let soon = CallContext { deadline: Some(Duration::from_millis(1)), ..house.caller(Scope::Invoke) };
    let error = house.spine.run(soon, call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Timeout, codes::DEADLINE_EXCEEDED));
    let (name, id) = error.reference().unwrap();
    assert_eq!(name, "invocation_id");
    while invocations(&house).await.is_empty() {
        tokio::task::yield_now().await;
    }
    let recorded = &invocations(&house).await[0];
    assert_eq!((recorded.facts.invocation_id.as_str(), recorded.outcome), (id, InvocationOutcome::Cancelled));
}

#[tokio::test]
async fn a_call_without_time_is_not_begun() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let (events, sent) = (house.trail().await.len(), house.client.exchanges().len());
    let late = CallContext { deadline: Some(Duration::ZERO), ..house.caller(Scope::Invoke) };
    let error = house.spine.run(late, call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!((error.code(), error.reference()), (codes::DEADLINE_EXCEEDED, None));
    assert_eq!((house.trail().await.len(), house.client.exchanges().len()), (events, sent));
}

#[tokio::test]
async fn what_is_left_of_the_time_goes_to_the_exchange() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    house.client.answer_call(Ok(reply()));
    let asked = Duration::from_secs(7);
    let ctx = CallContext { deadline: Some(asked), ..house.caller(Scope::Invoke) };
    house.spine.run(ctx, call_of(&tool, json!({}))).await.unwrap();
    assert_eq!(house.client.exchanges().last().unwrap().dispatch.deadline, asked);
}

#[tokio::test]
async fn a_drain_lets_calls_end_and_begins_none() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let (reached, held) = (house.client.exchanges().len(), house.client.hold_call(reply()));
    let call = start(&house, house.caller(Scope::Invoke), call_of(&tool, json!({})));
    while house.client.exchanges().len() == reached {
        tokio::task::yield_now().await;
    }
    house.spine.close();
    assert!(house.spine.is_closing());
    let error = house.spine.run(house.caller(Scope::Operator), ListTenants::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, codes::SHUTTING_DOWN));
    held.notify_one();
    assert!(house.spine.drain(Duration::from_secs(60)).await);
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_outlasts_the_grace_is_cut_off_on_record() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let call = hanging(&house, &tool).await;
    assert!(house.spine.drain(Duration::ZERO).await, "its outcome is recorded");
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.code(), codes::CANCELLED);
    assert!(error.public().contains("shutting down"), "{error}");
    let now = house.spine.ports().clock.now();
    assert_eq!(house.ledger().abandoned(now.plus(Duration::from_secs(3600)), 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_lease_that_is_given_back_holds_no_longer() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let background = house.spine.start_background().await.unwrap();
    house.client.answer_call(Ok(reply()));
    house.ledger.fail_settle(true);
    house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    let soon = house.spine.ports().clock.now().plus(Duration::from_millis(1));
    assert_eq!(house.ledger().abandoned(soon, 10).await.unwrap(), [], "the lease holds");
    background.stop().await;
    house.spine.release_lease().await.unwrap();
    assert_eq!(
        house.ledger().abandoned(soon, 10).await.unwrap().len(),
        1,
        "another instance may close it at once"
    );
}
