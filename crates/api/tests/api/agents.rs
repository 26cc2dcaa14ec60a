//! The endpoint for agents, which is no row of the table of routes: whose toolset answers whom, and what arguments must
//! be like. Both eras.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Answer, Endless, World, catalogue_of, reply, text};

const VERSION: &str = "2026-07-28";
/// Methods of each era, with the tool that they name.
const MODERN: [(&str, Option<&str>); 3] =
    [("server/discover", None), ("tools/list", None), ("tools/call", Some("read"))];
const LEGACY: [(&str, Option<&str>); 4] =
    [("initialize", None), ("ping", None), ("tools/list", None), ("tools/call", Some("read"))];

/// A tenant with one toolset `files` of the tool `read`, and the key that it is for.
struct Owner {
    admin: String,
    granted: String,
    /// Of the same scope, and in no toolset.
    other: String,
    /// In the toolset, and of a scope that may call nothing.
    reader: String,
}

impl Owner {
    async fn of(world: &World, admin: &str) -> Self {
        Self::with(world, admin, world.tool(admin).await).await
    }

    async fn with(world: &World, admin: &str, (server, tool): (String, String)) -> Self {
        let mut keys = Vec::new();
        for (name, scope) in [("granted", "invoke"), ("other", "invoke"), ("reader", "read")] {
            let body = json!({ "name": name, "scopes": [scope] });
            let made = world.call(admin, "POST", "/api-keys", Some(body)).await.json();
            keys.push((text(&made["key"]["key_id"]), text(&made["secret"])));
        }
        let tools = json!([{ "server_id": server, "tool_id": tool, "name": "read" }]);
        let body = json!({ "name": "files", "tools": tools, "keys": [keys[0].0, keys[2].0] });
        let made = world.call(admin, "POST", "/integrations/toolsets", Some(body)).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let [(_, granted), (_, other), (_, reader)] = keys.try_into().unwrap();
        Self { admin: admin.to_owned(), granted, other, reader }
    }
}

/// A message as an agent of an era sends it, with these parameters as text.
fn message(key: Option<&str>, toolset: &str, modern: bool, method: &str, params: &str) -> Request<Body> {
    let mut request = Request::builder()
        .method("POST")
        .uri(format!("/mcp/{toolset}"))
        .header("host", "localhost:8080")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    if modern {
        request = request.header("mcp-protocol-version", VERSION).header("mcp-method", method);
        if method == "tools/call" {
            request = request.header("mcp-name", "read");
        }
    }
    let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    request.body(Body::from(body)).unwrap()
}

/// Parameters of a call with these arguments, or of any other method.
fn params(modern: bool, method: &str, tool: Option<&str>, arguments: &str) -> String {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let mut members = Vec::new();
    members.extend(modern.then(|| meta.to_owned()));
    members.extend(tool.map(|name| format!(r#""name":"{name}","arguments":{arguments}"#)));
    if method == "initialize" {
        members.push(r#""protocolVersion":"2025-11-25","capabilities":{}"#.to_owned());
    }
    format!("{{{}}}", members.join(","))
}

async fn ask(
    world: &World,
    key: Option<&str>,
    toolset: &str,
    (modern, method, tool): (bool, &str, Option<&str>),
) -> Answer {
    world.send(message(key, toolset, modern, method, &params(modern, method, tool, "{}"))).await
}

fn messages() -> impl Iterator<Item = (bool, &'static str, Option<&'static str>)> {
    let modern = MODERN.into_iter().map(|(method, tool)| (true, method, tool));
    modern.chain(LEGACY.into_iter().map(|(method, tool)| (false, method, tool)))
}

/// Status, headers that tell something, and body.
fn seen(answer: &Answer) -> (u16, Vec<Option<String>>, Value) {
    let told = ["content-type", "www-authenticate", "retry-after", "allow", "mcp-session-id"];
    let headers = told.iter().map(|name| answer.header(name).map(str::to_owned)).collect();
    (answer.status.as_u16(), headers, answer.timeless())
}

#[tokio::test]
async fn a_toolset_that_is_not_for_the_key_is_as_one_that_is_not_there() {
    let world = World::new().await;
    world.mcp.always_call(reply(r#"{"content":[]}"#));
    let (_, mine) = world.tenant("mine").await;
    let (_, theirs) = world.tenant("theirs").await;
    let owner = Owner::of(&world, &mine).await;
    let (_, third) = world.tenant("third").await;
    let stranger = Owner::of(&world, &theirs).await;
    // The same name belongs to both owners; the third tenant has none.
    for message in messages() {
        let (_, method, _) = message;
        for key in [&owner.other, &owner.admin, &stranger.admin, &stranger.other, &third] {
            let foreign = ask(&world, Some(key), "files", message).await;
            let absent = ask(&world, Some(key), "nowhere", message).await;
            assert_eq!(seen(&foreign), seen(&absent), "{method}");
            let expected = if method == "ping" { 200 } else { 404 };
            assert!(
                foreign.status == expected || foreign.json()["error"]["code"] == -32602,
                "{method}: {}",
                foreign.text()
            );
        }
        let granted = ask(&world, Some(&owner.granted), "files", message).await;
        assert!(
            granted.status == 200 && granted.json()["result"].is_object(),
            "{method}: {}",
            granted.text()
        );
    }
    let calls = world.mcp.exchanges();
    let called: Vec<_> = calls.iter().filter_map(|exchange| exchange.call.as_ref()).collect();
    assert_eq!(called.len(), 2, "only the key that it is for has called, in each era");
}

/// 2026-07-28 allows every value in a structure, and every schema of it; before, both are of objects.
#[tokio::test]
async fn a_legacy_agent_gets_no_structure_that_is_no_object() {
    let world = World::new().await;
    let listing = r#"{"name":"read_file","inputSchema":{"type":"object"},"outputSchema":{"type":"array"}}"#;
    let tool = world.tool_of(&world.key, catalogue_of(listing)).await;
    let owner = Owner::with(&world, &world.key, tool).await;
    world.mcp.always_call(reply(r#"{"content":[],"structuredContent":[1]}"#));
    for modern in [true, false] {
        let key = Some(owner.granted.as_str());
        let listed = ask(&world, key, "files", (modern, "tools/list", None)).await.json();
        let tools = listed["result"]["tools"].as_array().unwrap();
        assert_eq!((tools.len(), tools[0].get("outputSchema").is_some()), (1, modern), "{listed}");
        let called = ask(&world, key, "files", (modern, "tools/call", Some("read"))).await.json();
        let result = &called["result"];
        assert_eq!(result.get("structuredContent").is_some(), modern, "{called}");
        assert_eq!(result["content"][0]["text"] == "[1]", !modern, "{called}");
    }
}

#[tokio::test]
async fn a_key_calls_what_its_scope_allows() {
    let world = World::new().await;
    let key = world.key.clone();
    let owner = Owner::of(&world, &key).await;
    for message in messages() {
        let (_, method, _) = message;
        let answer = ask(&world, Some(&owner.reader), "files", message).await;
        match method {
            "ping" => assert_eq!(answer.status, 200),
            _ => {
                assert_eq!(answer.problem(), (403, "authority_denied".to_owned(), String::new()), "{method}")
            }
        }
    }
    assert!(world.mcp.exchanges().iter().all(|exchange| exchange.call.is_none()));
}

#[tokio::test]
async fn nobody_learns_of_a_toolset_without_a_key() {
    let world = World::new().await;
    let key = world.key.clone();
    Owner::of(&world, &key).await;
    for message in messages() {
        let absent = ask(&world, None, "nowhere", message).await;
        assert_eq!(absent.problem().0, 401);
        for wrong in [None, Some("pcl_test_x"), Some("")] {
            assert_eq!(
                seen(&ask(&world, wrong, "files", message).await),
                seen(&absent),
                "{wrong:?} {}",
                message.1
            );
        }
    }
}

#[tokio::test]
async fn numbers_and_members_of_arguments_have_one_meaning() {
    let refused = [
        r#"{"a":9007199254740993}"#,
        r#"{"a":-9007199254740993}"#,
        r#"{"a":0.10000000000000001}"#,
        r#"{"a":1e400}"#,
        r#"{"a":1e-400}"#,
        r#"{"deep":{"list":[1,{"a":123456789012345678901234567890}]}}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":1}"#,
        r#"{"text":"\ud800"}"#,
    ];
    let kept = [
        (r#"{"a":9007199254740992}"#, r#"{"a":9007199254740992}"#),
        (r#"{"a":1.10}"#, r#"{"a":1.1}"#),
        (r#"{"a":1e2}"#, r#"{"a":100}"#),
        (r#"{"a":-0}"#, r#"{"a":0}"#),
    ];
    for modern in [true, false] {
        let world = World::new().await;
        world.mcp.always_call(reply(r#"{"content":[]}"#));
        let key = world.key.clone();
        let owner = Owner::of(&world, &key).await;
        let call = |arguments: &str| {
            let params = params(modern, "tools/call", Some("read"), arguments);
            world.send(message(Some(&owner.granted), "files", modern, "tools/call", &params))
        };
        for arguments in refused {
            let answer = call(arguments).await;
            let error = answer.json()["error"].clone();
            assert!(
                [-32602, -32700, -32600].contains(&error["code"].as_i64().unwrap()),
                "{arguments}: {error}"
            );
        }
        assert!(world.mcp.exchanges().iter().all(|exchange| exchange.call.is_none()), "nothing was sent");
        for (arguments, sent) in kept {
            let answer = call(arguments).await;
            assert!(answer.json()["result"].is_object(), "{arguments}: {}", answer.text());
            let calls = world.mcp.exchanges();
            let call = calls.iter().rev().find_map(|exchange| exchange.call.as_ref()).unwrap();
            assert_eq!(serde_json::to_string(&call.arguments).unwrap(), sent, "{arguments}");
        }
    }
}

/// Requests of every kind, each as a revoked key makes it that is remembered from its calls.
fn requests_of_the_shut_out(key: &str) -> Vec<(&'static str, Request<Body>)> {
    let of = |modern, method: &'static str, params: &str| {
        (method, message(Some(key), "files", modern, method, params))
    };
    let call = |arguments: &str| params(false, "tools/call", Some("read"), arguments);
    let mut requests: Vec<_> = messages()
        .map(|(modern, method, tool)| of(modern, method, &params(modern, method, tool, "{}")))
        .collect();
    requests.extend([
        of(true, "subscriptions/listen", &params(true, "subscriptions/listen", None, "{}")),
        of(false, "notifications/cancelled", r#"{"requestId":1}"#),
        of(false, "no/such/method", "{}"),
        of(false, "tools/call", "{}"),
        of(false, "tools/call", r#"{"name":"no tool has such a name","arguments":{}}"#),
        of(false, "tools/call", r#"{"name":"search_tools","arguments":{"query":"it"}}"#),
        of(false, "tools/call", &call("7")),
        of(false, "tools/call", &call(&format!(r#"{{"path":{:?}}}"#, "x".repeat(300 * 1024)))),
        of(false, "prompts/get", r#"{"name":"none"}"#),
        of(false, "resources/read", r#"{"uri":"file:///none"}"#),
        of(false, "completion/complete", "{}"),
    ]);
    let raw = |body: Body| {
        let (mut parts, _) = message(Some(key), "files", false, "tools/call", "{}").into_parts();
        parts.headers.remove("content-length");
        Request::from_parts(parts, body)
    };
    requests.push(("no JSON", raw(Body::from("{"))));
    requests.push(("too long", raw(Body::from(" ".repeat(600 * 1024)))));
    requests.push(("without an end", raw(Body::new(Endless))));
    let (mut parts, body) = message(Some(key), "files", false, "ping", "{}").into_parts();
    parts.uri = "/mcp/No-Such-Name-".parse().unwrap();
    requests.push(("no name of a toolset", Request::from_parts(parts, body)));
    requests
}

/// What is remembered of a key lets calls in, which look at the key again. Nobody is told anything else by it, and nobody
/// waits for the body of one that was shut out.
#[tokio::test(start_paused = true)]
async fn a_remembered_key_that_was_shut_out_is_told_so_whatever_it_asks() {
    for number in 0..requests_of_the_shut_out("").len() {
        let world = World::new().await;
        world.mcp.always_call(reply(r#"{"content":[]}"#));
        let owner = Owner::of(&world, &world.key.clone()).await;
        for _ in 0..2 {
            assert_eq!(
                ask(&world, Some(&owner.granted), "files", (false, "tools/call", Some("read"))).await.status,
                200
            );
        }
        let keys = world.get("/api-keys").await.json();
        let granted = keys["items"].as_array().unwrap().iter().find(|key| key["name"] == "granted").unwrap();
        let path = format!("/api-keys/{}/revoke", text(&granted["key_id"]));
        assert_eq!(world.post(&path, json!({})).await.status, 200);
        let sent = world.mcp.exchanges().len();
        let (what, request) = requests_of_the_shut_out(&owner.granted).swap_remove(number);
        let begun = Instant::now();
        let answer = world.send(request).await;
        assert!(begun.elapsed() < Duration::from_secs(1), "{what}: it is not waited for");
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        assert_eq!(world.mcp.exchanges().len(), sent, "{what}");
        assert!(world.spine.recognise(&owner.granted).is_none(), "{what}: and it is forgotten");
    }
}
