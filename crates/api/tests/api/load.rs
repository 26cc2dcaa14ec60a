//! More requests than are served at a time, callers in a hurry, and a process that is about to end.

use std::time::Duration;

use http::Request;
use serde_json::json;

use crate::support::{Answer, World, reply, request};

fn invoke(server: &str, tool: &str) -> String {
    format!("/integrations/mcp-servers/{server}/tools/{tool}/invoke")
}

/// Starts a call that its upstream does not answer, and goes on when it has reached it.
async fn hanging(world: &World, path: &str) -> tokio::task::JoinHandle<()> {
    let reached = world.mcp.exchanges().len();
    world.mcp.hang_call();
    let (router, request) = (world.router.clone(), request(&world.key, "POST", path, Some("{}")));
    let call = tokio::spawn(async move {
        let _ = tower::ServiceExt::oneshot(router, request).await;
    });
    while world.mcp.exchanges().len() == reached {
        tokio::task::yield_now().await;
    }
    call
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.problem(), (status, code.to_owned(), String::new()), "{}", answer.text());
    let wait = answer.header("retry-after").and_then(|wait| wait.parse::<u64>().ok());
    assert!(wait.is_some_and(|wait| wait >= 1), "{wait:?}");
}

#[tokio::test]
async fn a_tenant_with_all_its_requests_under_way_does_not_shut_others_out() {
    let world = World::limited(|options| options.tenant_requests = 1).await;
    let (_, other) = world.tenant("other").await;
    let (server, tool) = world.tool(&world.key).await;
    let call = hanging(&world, &invoke(&server, &tool)).await;
    refused(&world.get("/tenants").await, 429, "overloaded");
    assert_eq!(world.call(&other, "GET", "/integrations/mcp-servers", None).await.status, 200);
    call.abort();
    let _ = call.await;
    assert_eq!(world.get("/tenants").await.status, 200, "its room is free again");
}

#[tokio::test]
async fn a_full_server_refuses_before_it_knows_anybody_and_stays_ready() {
    let world = World::limited(|options| options.requests = 1).await;
    let (server, tool) = world.tool(&world.key).await;
    let call = hanging(&world, &invoke(&server, &tool)).await;
    refused(&world.call("no key at all", "GET", "/tenants", None).await, 503, "overloaded");
    for probe in ["/healthz", "/readyz"] {
        assert_eq!(world.get(probe).await.status, 200, "{probe}");
    }
    call.abort();
}

#[tokio::test]
async fn a_full_lane_of_a_server_is_the_tenants_own() {
    let world = World::limited(|options| {
        options.server_calls = 1;
        options.server_queue = 0;
    });
    let world = world.await;
    let (server, tool) = world.tool(&world.key).await;
    let call = hanging(&world, &invoke(&server, &tool)).await;
    refused(&world.post(&invoke(&server, &tool), json!({})).await, 429, "overloaded");
    call.abort();
}

#[tokio::test]
async fn a_caller_says_how_long_it_will_wait() {
    let world = World::new().await;
    let (server, tool) = world.tool(&world.key).await;
    world.mcp.answer_call(Ok(reply(r#"{"content":[]}"#)));
    let (mut parts, body) = request(&world.key, "POST", &invoke(&server, &tool), Some("{}")).into_parts();
    parts.headers.insert("prefer", "respond-async, wait=7".parse().unwrap());
    assert_eq!(world.send(Request::from_parts(parts, body)).await.status, 200);
    let deadline = world.mcp.exchanges().last().unwrap().dispatch.deadline;
    assert_eq!(deadline, Duration::from_secs(7));
}

#[tokio::test]
async fn a_closing_server_is_alive_and_not_ready() {
    let world = World::new().await;
    assert_eq!(world.get("/readyz").await.status, 200);
    world.spine.close();
    refused(&world.get("/readyz").await, 503, "shutting_down");
    refused(&world.get("/tenants").await, 503, "shutting_down");
    assert_eq!(world.get("/healthz").await.status, 200);
}
