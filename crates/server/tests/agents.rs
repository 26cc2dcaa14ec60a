//! The endpoint for agents: both eras in front of upstreams of both eras, and what an agent sees of what it may not do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use portcullis_mcp::version::ProtocolVersion;
use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::{Answer, ApiClient};
use portcullis_server::config::Settings;
use portcullis_server::demo::tools;
use portcullis_server::demo::upstream::Upstream;
use portcullis_server::running::{self, Running};
use serde_json::{Value, json};
use tempfile::TempDir;

const MODERN: &str = "2026-07-28";
const LEGACY: [&str; 3] = ["2025-03-26", "2025-06-18", "2025-11-25"];
const ACCEPT: (&str, &str) = ("accept", "application/json, text/event-stream");

/// A gate with one toolset, `weather`, in front of one server: a forecast, renamed, and a tool that no policy permits.
struct Scene {
    running: Running,
    admin: ApiClient,
    agent: ApiClient,
    toolset: String,
    server: String,
    _upstream: Upstream,
    _folder: TempDir,
}

impl Scene {
    async fn start(upstream: ProtocolVersion) -> Self {
        let folder = TempDir::new().unwrap();
        let upstream = Upstream::start("weather", upstream, tools::weather()).await.unwrap();
        let mut settings = Settings::new(folder.path());
        settings.listen.set_port(0);
        settings.egress.waived_origins = vec![upstream.origin()];
        let running = running::start(&settings).await.unwrap();
        let key = Secret::new(running.first_key().unwrap().secret.0.clone());
        let admin = ApiClient::new(&running.url(), key).unwrap();
        let body = json!({ "name": "Weather (EU)", "url": upstream.url() });
        let registered = ok(admin.post("/integrations/mcp-servers", &body).await.unwrap());
        let server = text(&registered["server"]["server_id"]);
        let policy = "permit (principal, action == Action::\"call_tool\", resource) when { resource.name == \"get_forecast\" };";
        ok(admin.put("/policies", &json!({ "name": "forecasts", "text": policy })).await.unwrap());
        let forecast = approved(&admin, &server, "get_forecast").await;
        let delete = approved(&admin, &server, "delete_station").await;
        let created = json!({ "name": "agent", "scopes": ["invoke"] });
        let created = ok(admin.post("/api-keys", &created).await.unwrap());
        let agent = admin.with_key(Secret::new(text(&created["secret"])));
        let toolset = json!({
            "name": "weather",
            "description": "Forecasts for the support team",
            "tools": [
                { "server_id": server, "tool_id": forecast, "name": "forecast", "description": "Tomorrow's weather" },
                { "server_id": server, "tool_id": delete },
            ],
            "keys": [created["key"]["key_id"]],
        });
        let toolset = ok(admin.post("/integrations/toolsets", &toolset).await.unwrap());
        assert_eq!(toolset["tools"][1]["name"], "weather-eu__delete_station");
        let toolset = text(&toolset["toolset_id"]);
        Self { running, admin, agent, toolset, server, _upstream: upstream, _folder: folder }
    }

    /// A modern request, with what it must carry.
    async fn modern(&self, method: &str, name: Option<&str>, params: Value) -> Answer {
        let mut params = params;
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let mut headers = vec![ACCEPT, ("mcp-protocol-version", MODERN), ("mcp-method", method)];
        headers.extend(name.map(|name| ("mcp-name", name)));
        self.post("weather", &headers, method, params).await
    }

    async fn legacy(&self, version: &str, method: &str, params: Value) -> Answer {
        let mut headers = vec![ACCEPT];
        if method != "initialize" {
            headers.push(("mcp-protocol-version", version));
        }
        self.post("weather", &headers, method, params).await
    }

    async fn post(&self, toolset: &str, headers: &[(&str, &str)], method: &str, params: Value) -> Answer {
        let body = json!({ "jsonrpc": "2.0", "id": "7", "method": method, "params": params });
        self.agent.send(HttpMethod::Post, &format!("/mcp/{toolset}"), Some(&body), headers).await.unwrap()
    }
}

#[tokio::test]
async fn every_era_reaches_every_era() {
    for upstream in [ProtocolVersion::V2026_07_28, ProtocolVersion::V2025_11_25] {
        let scene = Scene::start(upstream).await;
        let call = json!({ "name": "forecast", "arguments": { "city": "Zurich" } });

        let discovered = result(&scene.modern("server/discover", None, json!({})).await);
        assert_eq!(discovered["supportedVersions"].as_array().unwrap().len(), 4);
        assert_eq!(discovered["instructions"], "Forecasts for the support team");
        let listed = result(&scene.modern("tools/list", None, json!({})).await);
        assert_eq!((&listed["cacheScope"], &listed["ttlMs"]), (&json!("private"), &json!(0)));
        check_list(&listed);
        let called = result(&scene.modern("tools/call", Some("forecast"), call.clone()).await);
        assert_eq!(called["resultType"], "complete");
        assert!(text(&called["content"][0]["text"]).contains("Zurich"), "{called}");

        for version in LEGACY {
            let hello = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "x", "version": "1" } });
            let opened = scene.legacy(version, "initialize", hello).await;
            assert_eq!(result(&opened)["protocolVersion"], version);
            assert_eq!(scene.legacy(version, "ping", json!({})).await.json()["result"], json!({}));
            let listed = result(&scene.legacy(version, "tools/list", json!({})).await);
            assert_eq!(listed.get("resultType"), None);
            check_list(&listed);
            let called = result(&scene.legacy(version, "tools/call", call.clone()).await);
            assert_eq!(called.get("resultType"), None);
            assert!(text(&called["content"][0]["text"]).contains("Zurich"), "{called}");
        }
        let page = ok(scene.admin.get("/integrations/mcp-invocations").await.unwrap());
        assert_eq!(page["items"].as_array().unwrap().len(), 4, "each call is on record");
        for call in page["items"].as_array().unwrap() {
            let through = json!({ "toolset_id": scene.toolset, "toolset_version": 1, "name": "forecast" });
            assert_eq!(call["through"], through, "and says by which toolset it came");
        }
        scene.running.shutdown().await.unwrap();
    }
}

/// One tool, under its new name, with the admin's description.
fn check_list(listed: &Value) {
    let tools = listed["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 1, "{listed}");
    assert_eq!(
        (&tools[0]["name"], &tools[0]["description"]),
        (&json!("forecast"), &json!("Tomorrow's weather"))
    );
    assert_eq!(tools[0]["_meta"]["portcullis/descriptionBy"], "admin");
    assert_eq!(tools[0]["inputSchema"]["required"], json!(["city"]));
}

#[tokio::test]
async fn what_may_not_be_called_looks_absent() {
    let scene = Scene::start(ProtocolVersion::V2026_07_28).await;
    let mut answers = Vec::new();
    for name in ["weather-eu__delete_station", "get_forecast", "no such tool!"] {
        for arguments in [json!({ "station": "Säntis" }), json!({}), json!({ "station": 7 })] {
            let params = json!({ "name": name, "arguments": arguments });
            answers.push(scene.modern("tools/call", Some(name), params).await);
        }
    }
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (200, &answers[0].text));
        assert_eq!(answer.json()["error"]["code"], -32602);
    }
    let denied = ok(scene.admin.get("/integrations/mcp-invocations?outcome=blocked").await.unwrap());
    assert_eq!(denied["items"].as_array().unwrap().len(), 3, "the refusals are on record all the same");

    let call = json!({ "name": "forecast", "arguments": { "city": 7 } });
    let unfit = result(&scene.legacy(LEGACY[2], "tools/call", call).await);
    assert_eq!(unfit["isError"], true);
    assert!(text(&unfit["content"][0]["text"]).starts_with("arguments_invalid: "), "{unfit}");

    let page =
        ok(scene.admin.get(&format!("/integrations/mcp-servers/{}/tools", scene.server)).await.unwrap());
    let forecast =
        page["items"].as_array().unwrap().iter().find(|tool| tool["name"] == "get_forecast").unwrap();
    let freeze = json!({ "target": { "kind": "tool", "id": forecast["tool_id"] }, "reason": "a drill" });
    ok(scene.admin.post("/controls/killswitch/freeze", &freeze).await.unwrap());
    let listed = result(&scene.modern("tools/list", None, json!({})).await);
    assert_eq!(listed["tools"], json!([]), "what is frozen is not offered");
    let call = json!({ "name": "forecast", "arguments": { "city": "Zurich" } });
    assert_eq!(scene.modern("tools/call", Some("forecast"), call).await.text, answers[0].text);
    scene.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_toolset_is_there_for_its_keys_only() {
    let scene = Scene::start(ProtocolVersion::V2026_07_28).await;
    let list = |toolset| scene.post(toolset, &[ACCEPT], "tools/list", json!({}));
    let absent = list("absent").await;
    assert_eq!((absent.status, &absent.json()["code"]), (404, &json!("not_found")));
    let none: [&str; 0] = [];
    let path = format!("/integrations/toolsets/{}", scene.toolset);
    let change = json!({ "keys": none, "expected_version": 1 });
    let changed = scene.admin.send(HttpMethod::Patch, &path, Some(&change), &[]).await.unwrap();
    assert_eq!(ok(changed)["version"], 2);
    let taken = list("weather").await;
    assert_eq!((taken.status, &taken.json()["detail"]), (404, &absent.json()["detail"]));
    let stale = scene.admin.send(HttpMethod::Patch, &path, Some(&change), &[]).await.unwrap();
    assert_eq!(stale.json()["code"], "state_conflict");

    let nobody = scene.agent.with_key(Secret::new("pcl_local_x".to_owned()));
    let answer = nobody.send(HttpMethod::Post, "/mcp/weather", Some(&json!({})), &[]).await.unwrap();
    assert_eq!(answer.status, 401);
    ok(scene.admin.send(HttpMethod::Delete, &path, None, &[]).await.unwrap());
    assert_eq!(scene.admin.get(&path).await.unwrap().status, 404);
    let events = ok(scene.admin.get("/logs/trail?limit=100").await.unwrap());
    let told: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|event| text(&event["event_type"])).collect();
    for kind in ["toolset.created", "toolset.updated", "toolset.deleted"] {
        assert!(told.iter().any(|told| told == kind), "{kind}: {told:?}");
    }
    scene.running.shutdown().await.unwrap();
}

/// Headers besides `Accept`, method, params; the status and the code of the answer.
type Rung<'a> = (&'a [(&'a str, &'a str)], &'a str, Value, u16, i64);

#[tokio::test]
async fn a_broken_request_gets_the_rung_that_it_breaks() {
    let scene = Scene::start(ProtocolVersion::V2026_07_28).await;
    for method in [HttpMethod::Get, HttpMethod::Delete] {
        let answer = scene.agent.send(method, "/mcp/weather", None, &[ACCEPT]).await.unwrap();
        assert_eq!(answer.status, 405);
    }
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let future = json!({
        "io.modelcontextprotocol/protocolVersion": "2031-01-01",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let version = ("mcp-protocol-version", MODERN);
    let listing = ("mcp-method", "tools/list");
    let table: &[Rung<'_>] = &[
        (&[version, listing], "tools/list", json!({}), 400, -32602),
        (&[listing], "tools/list", json!({ "_meta": meta }), 400, -32020),
        (&[version], "tools/list", json!({ "_meta": meta }), 400, -32020),
        (
            &[("mcp-protocol-version", "2031-01-01"), listing],
            "tools/list",
            json!({ "_meta": future }),
            400,
            -32022,
        ),
        (&[version, ("mcp-method", "tools/burn")], "tools/burn", json!({ "_meta": meta }), 404, -32601),
        (
            &[version, ("mcp-method", "tools/call"), ("mcp-name", "other")],
            "tools/call",
            json!({ "_meta": meta, "name": "forecast" }),
            400,
            -32020,
        ),
        (&[], "tools/burn", json!({}), 200, -32601),
        (&[], "tools/list", json!({ "cursor": "forged" }), 200, -32602),
    ];
    for (headers, method, params, status, code) in table {
        let headers: Vec<_> = headers.iter().copied().chain([ACCEPT]).collect();
        let answer = scene.post("weather", &headers, method, params.clone()).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (*status, &json!(code)),
            "{}",
            answer.text
        );
    }
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let answer =
        scene.agent.send(HttpMethod::Post, "/mcp/weather", Some(&initialized), &[ACCEPT]).await.unwrap();
    assert_eq!((answer.status, answer.text.as_str()), (202, ""));
    scene.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_fixed_is_sent_and_cannot_be_given() {
    let scene = Scene::start(ProtocolVersion::V2026_07_28).await;
    let path = format!("/integrations/toolsets/{}", scene.toolset);
    let tools = ok(scene.admin.get(&path).await.unwrap())["tools"].clone();
    let entry = |fixed: Value| {
        let ids = json!({ "server_id": tools[0]["server_id"], "tool_id": tools[0]["tool_id"] });
        json!({ "name": "zurich", "server_id": ids["server_id"], "tool_id": ids["tool_id"], "fixed_arguments": fixed })
    };
    for refused in [json!({ "city": 7 }), json!({ "town": "Zurich" })] {
        let change = json!({ "tools": [entry(refused)] });
        let answer = scene.admin.send(HttpMethod::Patch, &path, Some(&change), &[]).await.unwrap();
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (400, &json!("invalid_field")),
            "{}",
            answer.text
        );
    }
    let change = json!({ "tools": [entry(json!({ "city": "Zurich" }))] });
    ok(scene.admin.send(HttpMethod::Patch, &path, Some(&change), &[]).await.unwrap());

    let listed = result(&scene.modern("tools/list", None, json!({})).await);
    assert_eq!(listed["tools"][0]["inputSchema"]["properties"], json!({}));
    let called = result(&scene.modern("tools/call", Some("zurich"), json!({ "name": "zurich" })).await);
    assert!(text(&called["content"][0]["text"]).starts_with("Zurich: "), "{called}");
    for name in ["city", "City"] {
        let call = json!({ "name": "zurich", "arguments": { name: "Bern" } });
        let refused = result(&scene.legacy(LEGACY[1], "tools/call", call).await);
        let told = text(&refused["content"][0]["text"]);
        assert!(refused["isError"] == true && !told.contains(name), "{told}");
    }
    scene.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_repeated_call_is_made_once() {
    let scene = Scene::start(ProtocolVersion::V2025_11_25).await;
    let call = json!({ "name": "forecast", "arguments": { "city": "Zurich" } });
    made_once(&scene, "tools/call", call).await;
    scene.running.shutdown().await.unwrap();
}

/// A client may set the key for whatever it sends: what is read on the way to the call is not refused for it.
#[tokio::test]
async fn a_call_that_was_found_by_words_is_made_once_as_well() {
    let scene = Scene::start(ProtocolVersion::V2025_11_25).await;
    let path = format!("/integrations/toolsets/{}", scene.toolset);
    let change = json!({ "disclosure": "search" });
    ok(scene.admin.send(HttpMethod::Patch, &path, Some(&change), &[]).await.unwrap());
    let hello = json!({ "protocolVersion": LEGACY[2], "capabilities": {}, "clientInfo": { "name": "x", "version": "1" } });
    let search = json!({ "name": "search_tools", "arguments": { "query": "weather tomorrow" } });
    for (method, params) in [("initialize", hello), ("tools/list", json!({})), ("tools/call", search)] {
        let answer = scene.post("weather", &keyed("read"), method, params).await;
        assert!(result(&answer)["isError"] != true, "{method}: {}", answer.text);
    }
    let call = json!({ "name": "call_tool", "arguments": { "name": "forecast", "arguments": { "city": "Zurich" } } });
    made_once(&scene, "tools/call", call).await;
    scene.running.shutdown().await.unwrap();
}

fn keyed(key: &str) -> [(&str, &str); 3] {
    [ACCEPT, ("mcp-protocol-version", LEGACY[2]), ("idempotency-key", key)]
}

/// Sends a call twice under one key: it has one answer, and is on record once.
async fn made_once(scene: &Scene, method: &str, call: Value) {
    let first = scene.post("weather", &keyed("once"), method, call.clone()).await;
    assert!(result(&first)["isError"] != true, "{}", first.text);
    let again = scene.post("weather", &keyed("once"), method, call).await;
    assert_eq!(first.text, again.text);
    let page = ok(scene.admin.get("/integrations/mcp-invocations").await.unwrap());
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_large_toolset_is_found_by_words() {
    let scene = Scene::start(ProtocolVersion::V2026_07_28).await;
    let path = format!("/integrations/toolsets/{}", scene.toolset);
    let change = json!({ "disclosure": "search" });
    ok(scene.admin.send(HttpMethod::Patch, &path, Some(&change), &[]).await.unwrap());
    let listed = result(&scene.modern("tools/list", None, json!({})).await);
    let names: Vec<_> = listed["tools"].as_array().unwrap().iter().map(|tool| text(&tool["name"])).collect();
    assert_eq!(names, ["call_tool", "search_tools"]);

    let search = |query: &str| json!({ "name": "search_tools", "arguments": { "query": query } });
    let found = result(&scene.modern("tools/call", Some("search_tools"), search("weather tomorrow")).await);
    let tools: Value = serde_json::from_str(&text(&found["content"][0]["text"])).unwrap();
    assert_eq!(tools.as_array().unwrap().len(), 1);
    assert_eq!(tools[0]["name"], "forecast");
    let none = result(&scene.legacy(LEGACY[2], "tools/call", search("delete station")).await);
    assert_eq!(none["content"][0]["text"], "[]", "what may not be called is not found");

    let call = json!({ "name": "call_tool", "arguments": { "name": "forecast", "arguments": { "city": "Zurich" } } });
    let called = result(&scene.modern("tools/call", Some("call_tool"), call).await);
    assert!(text(&called["content"][0]["text"]).contains("Zurich"), "{called}");
    let unfit = json!({ "name": "call_tool", "arguments": { "tool": "forecast" } });
    let refused = result(&scene.legacy(LEGACY[2], "tools/call", unfit).await);
    assert_eq!(refused["isError"], true);
    let wrong = json!({ "name": "call_tool", "arguments": { "name": "forecast", "arguments": "hunter2" } });
    let refused = result(&scene.legacy(LEGACY[2], "tools/call", wrong).await);
    assert!(refused["isError"] == true && !refused.to_string().contains("hunter2"), "{refused}");
    let absent = json!({ "name": "call_tool", "arguments": { "name": "delete_station" } });
    let answer = scene.modern("tools/call", Some("call_tool"), absent).await;
    assert_eq!(answer.json()["error"]["message"], "Unknown tool");
    scene.running.shutdown().await.unwrap();
}

async fn approved(admin: &ApiClient, server: &str, name: &str) -> String {
    let tools = ok(admin.get(&format!("/integrations/mcp-servers/{server}/tools")).await.unwrap());
    let tool = tools["items"].as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap();
    let tool_id = text(&tool["tool_id"]);
    let approval = json!({ "definition_hash": tool["definition_hash"] });
    let path = format!("/integrations/mcp-servers/{server}/tools/{tool_id}/approve");
    ok(admin.post(&path, &approval).await.unwrap());
    tool_id
}

fn result(answer: &Answer) -> Value {
    let body = answer.json();
    assert_eq!((answer.status, &body["id"]), (200, &json!("7")), "{}", answer.text);
    assert!(body.get("result").is_some(), "{}", answer.text);
    body["result"].clone()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn ok(answer: Answer) -> Value {
    answer.success().unwrap()
}
