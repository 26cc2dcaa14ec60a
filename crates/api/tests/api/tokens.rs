//! What callers are told of access tokens: metadata, challenges, and nothing where the operator trusts no issuer.

use std::collections::BTreeMap;

use axum::body::Body;
use http::Request;
use portcullis_schemas::api_keys::tokens::{TokenAlgorithm, TokenIssuer, TokenRule, TokenSettings};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::principal::ActorType;
use serde_json::json;

use crate::support::{Answer, World, text};

async fn trusting() -> World {
    let rule = TokenRule {
        tenant: TenantId::from_trusted("t_a").unwrap(),
        subject_claim: "sub".to_owned(),
        actor_type: ActorType::Machine,
        scopes: None,
        register: false,
        when: BTreeMap::new(),
    };
    let issuer = TokenIssuer {
        issuer: "https://id.example".to_owned(),
        jwks_uri: None,
        audiences: Vec::new(),
        algorithms: vec![TokenAlgorithm::Es256],
        skew_seconds: 30,
        rules: vec![rule],
    };
    let settings = TokenSettings {
        resource: "https://gw.example".to_owned(),
        scope_prefix: "pcl:".to_owned(),
        issuers: vec![issuer],
    };
    World::limited(|options| options.tokens = Some(settings)).await
}

async fn open(world: &World, method: &str, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("host", "localhost");
    world.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_metadata_of_a_resource_is_a_contract() {
    let world = trusting().await;
    let whole = open(&world, "GET", "/.well-known/oauth-protected-resource").await;
    assert_eq!((whole.status.as_u16(), whole.header("content-type")), (200, Some("application/json")));
    let expected = json!({
        "resource": "https://gw.example",
        "authorization_servers": ["https://id.example"],
        "scopes_supported": ["pcl:invoke", "pcl:read", "pcl:admin"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Portcullis",
    });
    assert_eq!(whole.json(), expected);
    // There is no such toolset, and nobody is told.
    let toolset = open(&world, "GET", "/.well-known/oauth-protected-resource/mcp/desk").await.json();
    assert_eq!(toolset["resource"], "https://gw.example/mcp/desk");
    assert_eq!(toolset["scopes_supported"], json!(["pcl:invoke"]));
    assert_eq!(open(&world, "GET", "/.well-known/oauth-protected-resource/mcp/A%22").await.status, 404);
    assert_eq!(open(&world, "POST", "/.well-known/oauth-protected-resource").await.status, 405);
}

#[tokio::test]
async fn refusals_tell_what_token_would_do() {
    let world = trusting().await;
    let metadata = "resource_metadata=\"https://gw.example/.well-known/oauth-protected-resource";
    let table = [
        ("POST", "/mcp/desk", format!("Bearer scope=\"pcl:invoke\", {metadata}/mcp/desk\"")),
        ("GET", "/policies", format!("Bearer scope=\"pcl:read\", {metadata}\"")),
        ("POST", "/api-keys", format!("Bearer scope=\"pcl:admin\", {metadata}\"")),
        // What a header cannot hold is left out.
        ("POST", "/mcp/a%22b", "Bearer".to_owned()),
        ("POST", "/mcp/a%0Ab", "Bearer".to_owned()),
    ];
    for (method, path, expected) in table {
        let answer = open(&world, method, path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("www-authenticate")),
            (401, Some(&*expected)),
            "{path}"
        );
    }
    let made = world.post("/api-keys", json!({ "name": "reader", "scopes": ["read"] })).await.json();
    let denied = world.call(&text(&made["secret"]), "POST", "/api-keys", Some(json!({}))).await;
    let expected = format!("Bearer error=\"insufficient_scope\", scope=\"pcl:admin\", {metadata}\"");
    assert_eq!((denied.status.as_u16(), denied.header("www-authenticate")), (403, Some(&*expected)));
    let absent = world.get("/policies/pol_01jd0000000000000000000000").await;
    assert_eq!((absent.status.as_u16(), absent.header("www-authenticate")), (404, None));
}

#[tokio::test]
async fn a_wrong_token_gets_one_answer() {
    let world = trusting().await;
    let mut answers = Vec::new();
    for token in ["a.b.c", "eyJhbGciOiJub25lIn0.e30.", "..", &format!("{}.", world.key)] {
        let request = Request::builder().uri("/policies").header("host", "localhost");
        let request = request.header("authorization", format!("Bearer {token}"));
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 401, "{token}");
        answers.push(answer.timeless());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn without_an_issuer_there_is_nothing_of_tokens() {
    let world = World::new().await;
    assert_eq!(open(&world, "GET", "/.well-known/oauth-protected-resource").await.status, 404);
    assert_eq!(open(&world, "GET", "/policies").await.header("www-authenticate"), Some("Bearer"));
    let request =
        json!({ "name": "x", "scopes": ["invoke"], "issuer": "https://id.example", "subject": "x" });
    let refused = world.post("/api-keys/token-clients", request).await;
    assert_eq!(refused.problem(), (400, "invalid_field".to_owned(), "issuer".to_owned()));
}
