//! From registering a server to reading what was called.

use serde_json::json;

use crate::support::{World, reply, text};

#[tokio::test]
async fn a_server_is_registered_its_tool_approved_invoked_and_read_back() {
    let world = World::new().await;
    let (server, tool) = world.tool(&world.key).await;
    let read = world.get(&format!("/integrations/mcp-servers/{server}")).await;
    assert_eq!((read.status.as_u16(), text(&read.json()["status"])), (200, "active".to_owned()));

    // Odd on purpose: spacing, order and a number that no f64 holds must come through as they are.
    let result = r#"{"content": [],  "b":1, "a":0.10000000000000000000000000001}"#;
    world.mcp.answer_call(Ok(reply(result)));
    let path = format!("/integrations/mcp-servers/{server}/tools/{tool}/invoke");
    let invoked = world.post(&path, json!({ "arguments": { "path": "a.txt" }, "run_id": "run 1" })).await;
    assert_eq!(invoked.status, 200, "{}", invoked.text());
    assert_eq!(invoked.header("content-type"), Some("application/json"));
    assert!(invoked.text().contains(result), "{}", invoked.text());

    let invocation = text(&invoked.json()["invocation_id"]);
    let read = world.get(&format!("/integrations/mcp-invocations/{invocation}")).await.json();
    assert_eq!(read["outcome"], "success");
    let listed = world.get("/integrations/mcp-invocations?run_id=run+1&limit=1").await.json();
    assert_eq!(listed["items"][0]["invocation_id"], json!(invocation));
    let of_server = format!("/integrations/mcp-servers/{server}/invocations?run_id=other");
    assert_eq!(world.get(&of_server).await.json(), json!({ "items": [] }));
}

#[tokio::test]
async fn lists_are_pages() {
    let world = World::new().await;
    for name in ["a", "b", "c"] {
        world.call(&world.key, "PUT", "/policies", Some(json!({ "name": name, "text": "permit" }))).await;
    }
    let first = world.get("/policies?limit=2").await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let next = format!("/policies?limit=2&cursor={}", text(&first["next_cursor"]));
    let second = world.get(&next).await.json();
    assert_eq!((second["items"][0]["name"].clone(), second.get("next_cursor")), (json!("a"), None));
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_calls_once() {
    let world = World::new().await;
    let (server, tool) = world.tool(&world.key).await;
    world.mcp.answer_call(Ok(reply(r#"{"content":[]}"#)));
    let path = format!("/integrations/mcp-servers/{server}/tools/{tool}/invoke");
    let send = |body: &'static str| {
        let mut request = crate::support::request(&world.key, "POST", &path, Some(body));
        request.headers_mut().insert("idempotency-key", "k-1".parse().unwrap());
        world.send(request)
    };
    let first = send(r#"{"arguments":{"a":1}}"#).await;
    let second = send(r#"{"arguments":{"a":1}}"#).await;
    assert_eq!((first.status.as_u16(), &first.bytes), (200, &second.bytes));
    let other = send(r#"{"arguments":{"a":2}}"#).await;
    assert_eq!(other.problem().0, 422);
}
