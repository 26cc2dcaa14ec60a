//! Bad input: a clear problem that names the field, and nothing half-done.

use axum::body::Body;
use portcullis_api::ROUTES;
use serde_json::json;

use crate::support::{World, request};

const SERVERS: &str = "/integrations/mcp-servers";

/// Status, code and field for each body.
async fn problems(world: &World, method: &str, path: &str, bodies: &[&str]) -> String {
    let mut lines = Vec::new();
    for body in bodies {
        let answer = world.send(request(&world.key, method, path, Some(body))).await;
        let (status, code, field) = answer.problem();
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        lines.push(format!("{body}\n  {status} {code} {field}: {detail}"));
    }
    lines.join("\n")
}

#[tokio::test]
async fn bad_bodies_name_the_field() {
    let world = World::new().await;
    let bodies = [
        "[]",
        "null",
        "{",
        r#"{"name":"a"}{"name":"b"}"#,
        r#"{"name":"a","name":"b","url":"https://mcp.example/"}"#,
        r#"{"name":"a"}"#,
        r#"{"name":"","url":"https://mcp.example/"}"#,
        r#"{"name":7,"url":"https://mcp.example/"}"#,
        r#"{"name":"a","url":"https://mcp.example/","surprise":1}"#,
        r#"{"name":"a","url":"https://mcp.example/","Name":"b"}"#,
        r#"{"name":"a\u202eb","url":"https://mcp.example/"}"#,
        r#"{"name":"a","url":"https://mcp.example/","auth_type":"digest"}"#,
        r#"{"name":"a","url":"https://elsewhere.example/"}"#,
        r#"{"name":"a","url":"https://mcp.example/","transport":"stdio"}"#,
    ];
    insta::assert_snapshot!(problems(&world, "POST", SERVERS, &bodies).await);
    assert_eq!(world.get(SERVERS).await.json(), json!({ "items": [] }), "nothing was half-written");
}

#[tokio::test]
async fn a_member_comes_from_one_place() {
    let world = World::new().await;
    let (server, _) = world.tool(&world.key).await;
    let path = format!("{SERVERS}/{server}");
    let body = format!(r#"{{"server_id":"{server}"}}"#);
    let twice = world.send(request(&world.key, "PATCH", &path, Some(&body))).await;
    assert_eq!(twice.problem(), (400, "invalid_field".to_owned(), "server_id".to_owned()));
    let in_query = world.send(request(&world.key, "PATCH", &format!("{path}?name=x"), Some("{}"))).await;
    assert_eq!(in_query.problem(), (400, "invalid_field".to_owned(), "query".to_owned()));
    let on_get = world.send(request(&world.key, "GET", &path, Some("{}"))).await;
    assert_eq!(on_get.problem(), (400, "invalid_field".to_owned(), "body".to_owned()));
}

#[tokio::test]
async fn queries_are_strict() {
    let world = World::new().await;
    let table = [
        ("limit=2&limit=2", "limit"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=two", "limit"),
        ("limit=%32%", "query"),
        ("cursor=a%20b", "cursor"),
        ("include_disabled=yes", "include_disabled"),
        ("surprise=1", "surprise"),
        ("Limit=1", "Limit"),
    ];
    for (query, field) in table {
        let answer = world.get(&format!("{SERVERS}?{query}")).await;
        assert_eq!(answer.problem(), (400, "invalid_field".to_owned(), field.to_owned()), "{query}");
    }
    for good in ["", "limit=2", "limit=%32", "include_disabled=true&limit=100"] {
        assert_eq!(world.get(&format!("{SERVERS}?{good}")).await.status, 200, "{good}");
    }
}

#[tokio::test]
async fn bodies_are_capped_whether_they_say_their_length_or_not() {
    let world = World::new().await;
    let long = format!(r#"{{"name":"{}"}}"#, "a".repeat(512 * 1024));
    let declared = world.send(request(&world.key, "POST", SERVERS, Some(&long))).await;
    assert_eq!(declared.problem().0, 413);
    let mut streamed = request(&world.key, "POST", SERVERS, Some(""));
    let pieces = Body::from(long.into_bytes()).into_data_stream();
    *streamed.body_mut() = Body::from_stream(pieces);
    assert_eq!(world.send(streamed).await.problem(), (413, "body_too_large".to_owned(), String::new()));
}

#[tokio::test]
async fn bodies_are_json_and_say_so() {
    let world = World::new().await;
    for media_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""]
    {
        let mut request = request(&world.key, "PUT", "/policies", Some(r#"{"name":"a","text":"permit"}"#));
        request.headers_mut().insert("content-type", media_type.parse().unwrap());
        assert_eq!(
            world.send(request).await.problem(),
            (415, "media_type".to_owned(), String::new()),
            "{media_type}"
        );
    }
}

#[tokio::test]
async fn an_empty_body_is_an_empty_request() {
    let world = World::new().await;
    let (server, _) = world.tool(&world.key).await;
    let path = format!("{SERVERS}/{server}/disable");
    assert_eq!(world.send(request(&world.key, "POST", &path, None)).await.status, 200);
}

#[tokio::test]
async fn malformed_ids_are_told_what_an_id_looks_like() {
    let world = World::new().await;
    for route in ROUTES.iter().filter(|route| route.path.contains('{') && route.domain() != "tenants") {
        let path = route.path.replace('{', "%20").replace('}', "");
        let body = route.takes_body().then_some("{}");
        let answer = world.send(request(&world.key, route.method.as_str(), &path, body)).await;
        let (status, code, field) = answer.problem();
        assert_eq!((status, code.as_str()), (400, "invalid_field"), "{}", route.path);
        assert!(
            route.path_members().any(|member| member == field) || field == missing(route.operation),
            "{field}"
        );
    }
}

/// Where a required member of the body is looked at before the path's.
fn missing(operation: &str) -> &'static str {
    match operation.rsplit('.').next().unwrap() {
        "approve_tool" => "definition_hash",
        "rotate_credential" => "secret",
        "set_credential_grants" => "grants",
        "resolve_incident" => "resolution",
        _ => "-",
    }
}
