//! Authentication and authority.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use portcullis_api::ROUTES;
use portcullis_schemas::runtime::Clock;
use portcullis_spine::Ports;
use portcullis_testkit::time::TestClock;
use serde_json::json;
use tokio::time::Instant;

use crate::support::{Answer, Endless, World, reply, request, text};

async fn with_authorization(world: &World, values: &[&str]) -> Answer {
    let mut request = Request::builder().uri("/policies").header("host", "localhost");
    for value in values {
        request = request.header("authorization", *value);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_wrong_key_gets_the_same_answer() {
    let world = World::new().await;
    let good = format!("Bearer {}", world.key);
    assert_eq!(with_authorization(&world, &[&good]).await.status, 200);

    let made = world.post("/api-keys", json!({ "name": "gone", "scopes": ["read"] })).await.json();
    let revoked = format!("Bearer {}", text(&made["secret"]));
    assert_eq!(with_authorization(&world, &[&revoked]).await.status, 200);
    let path = format!("/api-keys/{}/revoke", text(&made["key"]["key_id"]));
    assert_eq!(world.post(&path, json!({})).await.status, 200);

    let (start, end) = world.key.split_at(world.key.len() - 1);
    let typo = format!("Bearer {start}{}", if end == "A" { "B" } else { "A" });
    let stranger = World::new().await;
    stranger.tenant("more").await;
    let unknown = format!("Bearer {}", stranger.tenant("else").await.1);
    let basic = format!("Basic {}", world.key);
    let wrong: &[&[&str]] = &[
        &[],
        &[""],
        &["Bearer"],
        &["Bearer "],
        &["Bearer nonsense"],
        &[&world.key],
        &[&basic],
        &[&typo],
        &[&unknown],
        &[&revoked],
        &[&good, &good],
    ];
    let first = with_authorization(&world, wrong[0]).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&first.timeless()).unwrap(), @r#"
    {
      "type": "urn:portcullis:problem:unauthenticated",
      "title": "Unauthenticated",
      "status": 401,
      "detail": "expected a valid API key as a bearer token: check the key, or ask an admin of your tenant for one",
      "code": "unauthenticated"
    }
    "#);
    for values in wrong {
        let answer = with_authorization(&world, values).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("www-authenticate")),
            (401, Some("Bearer")),
            "{values:?}"
        );
        assert_eq!(answer.timeless(), first.timeless(), "{values:?}");
    }
}

#[tokio::test]
async fn no_route_answers_without_a_key() {
    let world = World::new().await;
    for route in ROUTES {
        let path = route.path.replace(['{', '}'], "");
        let request = Request::builder().method(&route.method).uri(&path).header("host", "localhost");
        let answer = world.send(request.body(Body::from("{")).unwrap()).await;
        assert_eq!(answer.problem().0, 401, "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    let world = World::new().await;
    let made = world.post("/api-keys", json!({ "name": "reader", "scopes": ["read"] })).await.json();
    let reader = text(&made["secret"]);
    assert_eq!(world.call(&reader, "GET", "/policies", None).await.status, 200);
    let body = json!({ "name": "p", "text": "permit" });
    let refused = world.call(&reader, "PUT", "/policies", Some(body)).await;
    assert_eq!(refused.problem(), (403, "authority_denied".to_owned(), String::new()));
    assert_eq!(world.call(&reader, "GET", "/tenants", None).await.problem().0, 403);
}

#[tokio::test]
async fn a_body_that_arrives_slowly_does_not_outlive_its_key() {
    let clock = Arc::new(TestClock::new());
    let world = World::rewired(|ports| Ports { clock: clock.clone(), ..ports }).await;
    let expires_at = clock.now().plus(Duration::from_secs(10));
    let body = json!({ "name": "brief", "scopes": ["admin"], "expires_at": expires_at });
    let key = text(&world.post("/api-keys", body).await.json()["secret"]);
    for (delay, status) in [(5, 201), (6, 401)] {
        let clock = clock.clone();
        let json = json!({ "name": format!("after {delay}"), "scopes": ["read"] }).to_string();
        let slow = Full::new(Bytes::from(json)).map_frame(move |frame| {
            clock.advance(Duration::from_secs(delay));
            frame
        });
        let (parts, _) = request(&key, "POST", "/api-keys", Some("")).into_parts();
        let answer = world.send(Request::from_parts(parts, Body::new(slow))).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    }
}

#[tokio::test]
async fn no_key_shuts_itself_out_nor_one_that_holds_more() {
    let world = World::new().await;
    let operator = world.get("/api-keys").await.json()["items"][0]["key_id"].clone();
    let made = world.post("/api-keys", json!({ "name": "second", "scopes": ["admin"] })).await.json();
    let (admin, secret) = (text(&made["key"]["key_id"]), text(&made["secret"]));
    for (key, id, expected) in [
        (world.key.as_str(), text(&operator), (409, "state_conflict")),
        (&secret, text(&operator), (403, "authority_denied")),
        (&secret, admin.clone(), (409, "state_conflict")),
    ] {
        for verb in ["freeze", "revoke"] {
            let answer = world.call(key, "POST", &format!("/api-keys/{id}/{verb}"), None).await;
            let (status, code, _) = answer.problem();
            assert_eq!((status, code.as_str()), expected, "{verb}");
        }
    }
    assert_eq!(world.post(&format!("/api-keys/{admin}/revoke"), json!({})).await.status, 200);
}

#[tokio::test]
async fn a_taken_name_is_named_as_such() {
    let world = World::new().await;
    let key = json!({ "name": "twin", "scopes": ["read"] });
    let credential = json!({ "name": "twin", "credential_type": "bearer", "secret": "s" });
    let tenant = json!({ "name": "twin" });
    for (path, body) in [("/api-keys", key), ("/integrations/credentials", credential), ("/tenants", tenant)]
    {
        assert_eq!(world.post(path, body.clone()).await.status, 201);
        let problem = world.post(path, body).await.json();
        assert_eq!(
            (&problem["code"], &problem["field"]),
            (&json!("already_exists"), &json!("name")),
            "{path}"
        );
    }
}

/// Over REST as over MCP: a remembered key lets calls in, and tells nobody anything else.
#[tokio::test(start_paused = true)]
async fn a_remembered_key_that_was_shut_out_is_told_so_over_rest() {
    for what in ["a call", "no JSON", "an unknown member", "too long", "without an end"] {
        let world = World::new().await;
        world.mcp.always_call(reply(r#"{"content":[]}"#));
        let (server, tool) = world.tool(&world.key).await;
        let made = world.post("/api-keys", json!({ "name": "agent", "scopes": ["invoke"] })).await.json();
        let key = text(&made["secret"]);
        let path = format!("/integrations/mcp-servers/{server}/tools/{tool}/invoke");
        let call = |body: Body| {
            let (mut parts, _) = request(&key, "POST", &path, Some("{}")).into_parts();
            parts.headers.remove("content-length");
            world.send(Request::from_parts(parts, body))
        };
        for _ in 0..2 {
            assert_eq!(call(Body::from(r#"{"arguments":{}}"#)).await.status, 200);
        }
        let revoke = format!("/api-keys/{}/revoke", text(&made["key"]["key_id"]));
        assert_eq!(world.post(&revoke, json!({})).await.status, 200);
        let body = match what {
            "a call" => Body::from(r#"{"arguments":{}}"#),
            "no JSON" => Body::from("{"),
            "an unknown member" => Body::from(r#"{"argument":{}}"#),
            "too long" => Body::from(" ".repeat(600 * 1024)),
            _ => Body::new(Endless),
        };
        let begun = Instant::now();
        let answer = call(body).await;
        assert!(begun.elapsed() < Duration::from_secs(1), "{what}: it is not waited for");
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        assert!(world.spine.recognise(&key).is_none(), "{what}: and it is forgotten");
    }
}
