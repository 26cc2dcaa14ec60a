//! Authentication and authority.

use axum::body::Body;
use http::Request;
use portcullis_api::ROUTES;
use serde_json::json;

use crate::support::{Answer, World, text};

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
