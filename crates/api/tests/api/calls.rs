//! Calls that take their time, and calls that a legacy agent calls off.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::federation::{Scene, modern, raw};
use crate::support::{World, reply};

const TOOL: &str = "fixture__read_file";

async fn scene() -> Scene {
    let scene = Scene::new().await;
    scene.approve_all().await;
    scene
}

async fn open(scene: &Scene, request: Request<Body>) -> Response {
    scene.world.router.clone().oneshot(request).await.unwrap()
}

async fn frame(body: &mut Body) -> Option<String> {
    let frame = body.frame().await.map(|frame| frame.unwrap().into_data().unwrap());
    frame.map(|data| String::from_utf8(data.to_vec()).unwrap())
}

async fn whole(response: Response) -> (u16, String, String) {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes().to_vec();
    let media_type = parts.headers["content-type"].to_str().unwrap().to_owned();
    (parts.status.as_u16(), media_type, String::from_utf8(bytes).unwrap())
}

/// A call by a legacy agent, with the id 7, that has reached its server and is not answered there.
async fn hanging(scene: &Scene) -> JoinHandle<(u16, String, String)> {
    let reached = scene.world.mcp.exchanges().len();
    scene.world.mcp.hang_call();
    let (router, request) =
        (scene.world.router.clone(), scene.request("tools/call", json!({ "name": TOOL })));
    let call = tokio::spawn(async move { whole(router.oneshot(request).await.unwrap()).await });
    while scene.world.mcp.exchanges().len() == reached {
        tokio::task::yield_now().await;
    }
    call
}

/// Says that a request is cancelled; it is never answered otherwise than by 202.
async fn cancel(scene: &Scene, request: http::request::Builder, id: Value) {
    let params = json!({ "requestId": id, "reason": "the user has changed their mind" });
    let body = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params });
    let answer = scene.world.send(request.body(Body::from(body.to_string())).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (202, ""));
}

fn legacy(scene: &Scene) -> http::request::Builder {
    scene.bare("notifications/cancelled", &json!({}))
}

/// Lets whatever was told what to do do it.
async fn yielded() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// The outcome of the newest call, once it is on record.
async fn outcome(scene: &Scene) -> Value {
    loop {
        let calls = scene.world.get("/integrations/mcp-invocations").await.json();
        if let Some(call) = calls["items"].as_array().unwrap().first() {
            return call["outcome"].clone();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_legacy_agent_calls_off_by_a_notification() {
    let scene = scene().await;
    let call = hanging(&scene).await;
    // Another id, another era, another key: none of them is this agent's word on this call.
    cancel(&scene, legacy(&scene), json!("7")).await;
    cancel(&scene, legacy(&scene), json!(8)).await;
    cancel(&scene, scene.bare("notifications/cancelled", &modern(json!({}))), json!(7)).await;
    let mut other = legacy(&scene);
    let key = format!("Bearer {}", scene.world.key).parse().unwrap();
    other.headers_mut().unwrap().insert("authorization", key);
    cancel(&scene, other, json!(7)).await;
    yielded().await;
    assert_eq!((scene.world.mcp.dropped(), call.is_finished()), (0, false));

    cancel(&scene, legacy(&scene), json!(7)).await;
    let told = call.await.unwrap();
    assert_eq!(told, (200, "text/event-stream".to_owned(), String::new()), "it is owed no answer");
    assert_eq!(outcome(&scene).await, "cancelled");
    assert_eq!(scene.world.mcp.dropped(), 1);
    // What has ended is not there to be called off.
    cancel(&scene, legacy(&scene), json!(7)).await;
}

#[tokio::test]
async fn of_two_calls_with_one_id_neither_is_called_off() {
    let scene = scene().await;
    let calls = [hanging(&scene).await, hanging(&scene).await];
    cancel(&scene, legacy(&scene), json!(7)).await;
    yielded().await;
    assert!(calls.iter().all(|call| !call.is_finished()));
    assert_eq!(scene.world.mcp.dropped(), 0);
    calls.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn a_stream_of_a_call_that_is_called_off_ends() {
    let scene = scene().await;
    let told = vec![raw(r#"{"progressToken":"ours","progress":1}"#)];
    let _never = scene.world.mcp.tell_call(told, reply("{}"));
    let params = json!({ "name": TOOL, "_meta": { "progressToken": 3 } });
    let mut body = open(&scene, scene.request("tools/call", params)).await.into_body();
    assert!(frame(&mut body).await.unwrap().contains("notifications/progress"));
    cancel(&scene, legacy(&scene), json!(7)).await;
    assert_eq!(frame(&mut body).await, None);
    assert_eq!(outcome(&scene).await, "cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_is_answered_by_a_stream_that_is_kept_alive() {
    let scene = scene().await;
    for params in [json!({ "name": TOOL }), modern(json!({ "name": TOOL }))] {
        let answered = scene.world.mcp.hold_call(reply(r#"{"content":[]}"#));
        let asked = tokio::time::Instant::now();
        let response = open(&scene, scene.request("tools/call", params)).await;
        assert_eq!(asked.elapsed().as_secs(), 15);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut body = response.into_body();
        assert_eq!(frame(&mut body).await.unwrap(), ": waiting\n\n", "at once, so that a byte is seen");
        answered.notify_one();
        let answer = frame(&mut body).await.unwrap();
        assert!(answer.starts_with(r#"data: {"jsonrpc":"2.0","id":7,"result":{"#), "{answer}");
        assert_eq!(frame(&mut body).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_answered_in_time_is_one_message() {
    let scene = scene().await;
    let answered = scene.world.mcp.hold_call(reply(r#"{"content":[]}"#));
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(14)).await;
        answered.notify_one();
    });
    let (status, media_type, _) =
        whole(open(&scene, scene.request("tools/call", json!({ "name": TOOL }))).await).await;
    assert_eq!((status, media_type.as_str()), (200, "application/json"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_a_slow_call_is_told_in_band() {
    let scene = scene().await;
    scene.world.mcp.hang_call();
    let request = scene.request("tools/call", json!({ "name": TOOL }));
    let (_, media_type, text) = whole(open(&scene, request).await).await;
    assert_eq!(media_type, "text/event-stream");
    let (alive, answer) = text.split_at(text.find("data: ").unwrap());
    assert_eq!(alive, ": waiting\n\n".repeat(2), "at 15 s and at 30 s");
    assert!(answer.starts_with(r#"data: {"jsonrpc":"2.0","id":7,"error":{"#), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_call_has_its_room_for_as_long_as_its_stream_is_open() {
    let world = World::limited(|options| options.requests = 1).await;
    let scene = Scene::of(world).await;
    scene.approve_all().await;
    scene.world.mcp.hang_call();
    let call = open(&scene, scene.request("tools/call", json!({ "name": TOOL }))).await;
    assert_eq!(scene.world.get("/tenants").await.problem().0, 503);
    drop(call);
    assert_eq!(scene.world.get("/tenants").await.status, 200);
    // Who listens has room of another kind.
    let listening = modern(json!({ "notifications": {} }));
    let stream = open(&scene, scene.request("subscriptions/listen", listening)).await;
    assert_eq!((stream.status().as_u16(), scene.world.get("/tenants").await.status.as_u16()), (200, 200));
}
