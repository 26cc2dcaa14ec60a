//! Request headers that count, and the headers of every answer.

use axum::body::Body;
use http::{Request, StatusCode};
use portcullis_api::{ApiOptions, router};

use crate::support::{World, request};

#[tokio::test]
async fn every_answer_has_the_same_guard() {
    let world = World::new().await;
    let requests = [
        ("GET", "/policies", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", "/policies", 405),
        ("POST", "/policies/validate", 400),
        ("GET", "/healthz", 200),
        ("GET", "/docs", 200),
        ("GET", "/openapi.json", 200),
    ];
    for (method, path, status) in requests {
        let answer = world.send(request(&world.key, method, path, None)).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        let guard = [
            ("content-security-policy", "default-src 'none'"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-"),
            ("x-request-id", "req_"),
        ];
        for (name, start) in guard {
            assert!(answer.header(name).is_some_and(|value| value.starts_with(start)), "{path}: {name}");
        }
        assert_eq!(answer.header("server"), None);
    }
    assert_eq!(world.get("/policies").await.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn the_request_id_is_ours_and_stands_in_the_problem() {
    let world = World::new().await;
    let mut request = request(&world.key, "GET", "/nowhere", None);
    request.headers_mut().insert("x-request-id", "req_01jd0000000000000000000000".parse().unwrap());
    let answer = world.send(request).await;
    let id = answer.header("x-request-id").unwrap().to_owned();
    assert_ne!(id, "req_01jd0000000000000000000000");
    assert_eq!(answer.json()["request_id"], id);
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems() {
    let world = World::new().await;
    for path in ["/nowhere", "/policies/", "//policies", "/POLICIES", "/docs/other", "/"] {
        let answer = world.send(request(&world.key, "GET", path, None)).await;
        assert_eq!(answer.problem(), (404, "route_unknown".to_owned(), String::new()), "{path}");
    }
    let answer = world.send(request(&world.key, "POST", "/policies", Some("{}"))).await;
    assert_eq!(answer.problem(), (405, "route_unknown".to_owned(), String::new()));
    assert_eq!(answer.header("allow"), Some("PUT,GET,HEAD"));
    for method in ["OPTIONS", "TRACE", "BREW"] {
        assert_eq!(world.send(request("", method, "/policies", None)).await.status, 405, "{method}");
    }
}

#[tokio::test]
async fn host_and_origin_are_judged_before_the_key() {
    let world = World::new().await;
    let table = [
        ("host", "rebound.example", "/policies", 403),
        ("origin", "https://page.example", "/policies", 403),
        ("origin", "null", "/docs", 403),
        ("host", "rebound.example", "/nowhere", 403),
        // Probes come by address.
        ("host", "10.0.0.7:8080", "/healthz", 200),
        ("host", "10.0.0.7:8080", "/readyz", 200),
    ];
    for (name, value, path, status) in table {
        let mut request = request(&world.key, "GET", path, None);
        request.headers_mut().insert(name, value.parse().unwrap());
        let answer = world.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {value} {path}");
        if status == 403 {
            assert_eq!(answer.problem(), (403, "invalid_header".to_owned(), name.to_owned()));
        }
    }
    let without = Request::builder().uri("/policies").body(Body::empty()).unwrap();
    assert_eq!(world.send(without).await.problem().0, 403);
}

#[tokio::test]
async fn idempotency_keys_are_honoured_or_refused() {
    let world = World::new().await;
    let (server, tool) = world.tool(&world.key).await;
    let invoke = format!("/integrations/mcp-servers/{server}/tools/{tool}/invoke");
    let send = async |path: &str, keys: &[&str]| {
        let mut request = request(&world.key, "POST", path, Some("{}"));
        for key in keys {
            request.headers_mut().append("idempotency-key", key.parse().unwrap());
        }
        world.send(request).await.problem()
    };
    let refused = (400, "invalid_header".to_owned(), "idempotency-key".to_owned());
    let long = "k".repeat(256);
    for keys in [&["a", "a"][..], &["a b"], &[""], &[&long]] {
        assert_eq!(send(&invoke, keys).await, refused, "{keys:?}");
    }
    assert_eq!(world.mcp.exchanges().len(), 1, "only the discovery went out");
    // A header that is taken and not honoured would be a lie.
    let not_taken = send("/policies/validate", &["a"]).await;
    assert_eq!((not_taken.0, not_taken.1.as_str()), (400, "invalid_header"));
}

#[tokio::test]
async fn a_trace_goes_upstream_as_it_came() {
    let world = World::new().await;
    let (server, tool) = world.tool(&world.key).await;
    world.mcp.always_call(crate::support::reply(r#"{"content":[]}"#));
    let invoke = format!("/integrations/mcp-servers/{server}/tools/{tool}/invoke");
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (sent, expected) in [(parent, Some(parent)), ("00-broken", None)] {
        let mut request = request(&world.key, "POST", &invoke, Some("{}"));
        request.headers_mut().insert("traceparent", sent.parse().unwrap());
        assert_eq!(world.send(request).await.status, 200);
        let exchanges = world.mcp.exchanges();
        assert_eq!(exchanges.last().unwrap().dispatch.trace.traceparent.as_deref(), expected);
    }
}

#[tokio::test]
async fn pages_of_listed_origins_may_call_and_read() {
    const PAGE: &str = "https://console.example";
    let mut world = World::new().await;
    let plain = world.get("/policies").await;
    assert_eq!(plain.header("vary"), None, "where none is listed, answers do not differ");
    let options = ApiOptions { allowed_origins: vec![PAGE.to_owned()], ..ApiOptions::default() };
    world.router = router(world.spine.clone(), options);
    let ask = async |key: &str, method: &str, path: &str, lines: &[(&'static str, &str)]| {
        let mut request = request(key, method, path, None);
        for (name, value) in lines {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let answer = world.send(request).await;
        assert_eq!(answer.header("vary"), Some("origin"), "{method} {path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        answer
    };
    let wanted = ("access-control-request-headers", "authorization,content-type,mcp-method,mcp-param-city");
    for (path, method) in [("/mcp/files", "POST"), ("/policies", "PUT"), ("/openapi.json", "GET")] {
        let lines = [("origin", PAGE), ("access-control-request-method", method), wanted];
        // A browser shows no key when it asks.
        let answer = ask("", "OPTIONS", path, &lines).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::NO_CONTENT, String::new()), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
        let listed =
            |name: &str| answer.header(name).unwrap().split(", ").map(str::to_owned).collect::<Vec<_>>();
        assert!(listed("access-control-allow-methods").contains(&method.to_owned()), "{path}");
        let headers = listed("access-control-allow-headers");
        assert!(wanted.1.split(',').all(|name| headers.contains(&name.to_owned())), "{headers:?}");
        let foreign = [("origin", "https://page.example"), lines[1], lines[2]];
        let refused = ask("", "OPTIONS", path, &foreign).await;
        assert_eq!(refused.problem(), (403, "invalid_header".to_owned(), "origin".to_owned()), "{path}");
        assert_eq!(refused.header("access-control-allow-origin"), None);
    }
    let key = world.key.as_str();
    for (key, path, status) in [(key, "/policies", 200), ("none", "/policies", 401), (key, "/mcp/files", 405)]
    {
        let answer = ask(key, "GET", path, &[("origin", PAGE)]).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
        assert!(answer.header("access-control-expose-headers").unwrap().contains("www-authenticate"));
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"));
    }
    let ours = ask(key, "GET", "/policies", &[("origin", "http://localhost:8080")]).await;
    assert_eq!((ours.status.as_u16(), ours.header("access-control-allow-origin")), (200, None));
    assert_eq!(ours.header("cross-origin-resource-policy"), Some("same-origin"));
    assert_eq!(ask(key, "OPTIONS", "/policies", &[("origin", PAGE)]).await.status, 405, "no preflight");
}
