//! What a caller sends by mistake does not come back: not in an answer, not in its headers.

use axum::body::Body;
use http::Request;

use crate::support::{Answer, World, request};

const CANARY: &str = "hunter2canary";

fn assert_silent(answer: &Answer, what: &str) {
    let headers = format!("{:?}", answer.headers);
    assert!(!answer.text().contains(CANARY) && !headers.contains(CANARY), "{what}: {}", answer.text());
}

#[tokio::test]
async fn values_of_bad_requests_are_not_echoed() {
    let world = World::new().await;
    let bodies = [
        (
            "POST",
            "/integrations/credentials",
            r#"{"name":"c","credential_type":"bearer","secret":{"CANARY":1}}"#,
        ),
        (
            "POST",
            "/integrations/credentials",
            r#"{"name":"c","credential_type":"bearer","secret":["CANARY"]}"#,
        ),
        ("POST", "/integrations/credentials", r#"{"name":"c","credential_type":"CANARY","secret":"CANARY"}"#),
        (
            "POST",
            "/integrations/credentials",
            r#"{"name":"c","credential_type":"bearer","secret":"CANARY","grants":"CANARY"}"#,
        ),
        (
            "POST",
            "/integrations/credentials",
            r#"{"name":"c","credential_type":"bearer","secret":"CANARY","x":"CANARY"}"#,
        ),
        ("POST", "/integrations/credentials", r#"{"secret":"CANARY","secret":"CANARY"}"#),
        ("POST", "/integrations/credentials", r#"{"secret":"CANARY"#),
        ("POST", "/integrations/credentials", r#"["CANARY"]"#),
        ("POST", "/integrations/credentials", r#""CANARY""#),
        ("POST", "/integrations/credentials/encrypt", r#"{"mcp_server":"CANARY","secret":"CANARY"}"#),
        ("POST", "/integrations/mcp-servers", r#"{"name":"a","url":"https://u:CANARY@evil.example/"}"#),
        (
            "POST",
            "/integrations/mcp-servers",
            r#"{"name":"a","url":"https://mcp.example/","auth_type":"bearer","credential_ref":"CANARY"}"#,
        ),
        (
            "POST",
            "/integrations/mcp-servers",
            r#"{"name":"a","url":"https://mcp.example/","auth_type":"CANARY"}"#,
        ),
        ("POST", "/controls/killswitch/freeze", r#"{"target":{"kind":"CANARY"},"reason":"r"}"#),
        ("POST", "/controls/killswitch/freeze", r#"{"target":{"kind":"key","id":"CANARY"},"reason":"r"}"#),
        ("POST", "/api-keys", r#"{"name":"k","scopes":["CANARY"]}"#),
        ("POST", "/api-keys", r#"{"name":"k","scopes":["read"],"expires_at":"CANARY"}"#),
    ];
    for (method, path, body) in bodies {
        let body = body.replace("CANARY", CANARY);
        let answer = world.send(request(&world.key, method, path, Some(&body))).await;
        assert!((400..500).contains(&answer.problem().0), "{body}: {}", answer.text());
        assert_silent(&answer, &body);
    }
}

#[tokio::test]
async fn paths_queries_and_headers_are_not_echoed() {
    let world = World::new().await;
    for path in [
        "/CANARY",
        "/policies/CANARY",
        "/policies?limit=CANARY",
        "/policies?cursor=%CANARY",
        "/tenants/CANARY",
    ] {
        let answer = world.get(&path.replace("CANARY", CANARY)).await;
        assert!(answer.problem().0 >= 400);
        assert_silent(&answer, path);
    }
    for name in ["authorization", "host", "origin", "content-type", "idempotency-key"] {
        let mut request = request(&world.key, "POST", "/policies/validate", Some(r#"{"text":"permit"}"#));
        let value = format!("{CANARY} {CANARY}");
        request.headers_mut().insert(name, value.parse().unwrap());
        let answer = world.send(request).await;
        assert!(answer.problem().0 >= 400, "{name}");
        assert_silent(&answer, name);
    }
}

#[tokio::test]
async fn a_stored_secret_never_comes_out() {
    let world = World::new().await;
    let body = format!(r#"{{"name":"c","credential_type":"bearer","secret":"{CANARY}"}}"#);
    let stored = world.send(request(&world.key, "POST", "/integrations/credentials", Some(&body))).await;
    assert_eq!(stored.status, 201, "{}", stored.text());
    assert_silent(&stored, "store");
    assert_silent(&world.get("/integrations/credentials").await, "list");
    assert_silent(&world.get("/logs/trail").await, "trail");
    let request = Request::builder().uri("/docs").header("host", "localhost").body(Body::empty()).unwrap();
    assert_silent(&world.send(request).await, "docs");
}
