//! Prompts, resources, completion, progress and changes at the agents' endpoint.

use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::{ListedTool, McpCatalogue};
use portcullis_schemas::json::RawJson;
use serde_json::{Value, json};

use crate::support::{Answer, World, reply, text};

const PROMPT: &str =
    r#"{"name":"greet","description":"Greets.","arguments":[{"name":"who","required":true}]}"#;
const RESOURCE: &str = r#"{"uri":"test://a","name":"A","mimeType":"text/plain"}"#;
const TEMPLATE: &str = r#"{"uriTemplate":"test://docs/{id}","name":"Docs"}"#;
const TOOL: &str = r#"{"name":"read_file","inputSchema":{"type":"object"}}"#;

/// A server that lists one of each kind, none of them approved, and a toolset `all` of them with its agent's key.
pub(crate) struct Scene {
    pub(crate) world: World,
    agent: String,
    server: String,
    items: Vec<Value>,
    toolset: String,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::of(World::new().await).await
    }

    pub(crate) async fn of(world: World) -> Self {
        world.mcp.answer_discover(Ok(catalogue()));
        let body = json!({ "name": "fixture", "url": "https://mcp.example/mcp" });
        let made = world.post("/integrations/mcp-servers", body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let server = text(&made.json()["server"]["server_id"]);
        let listed = world.get(&format!("/integrations/mcp-servers/{server}/tools")).await.json();
        let items = listed["items"].as_array().unwrap().clone();
        let key = json!({ "name": "agent", "scopes": ["invoke"] });
        let key = world.post("/api-keys", key).await.json();
        let selected: Vec<_> =
            items.iter().map(|item| json!({ "server_id": server, "tool_id": item["tool_id"] })).collect();
        let body = json!({ "name": "all", "tools": selected, "keys": [key["key"]["key_id"]] });
        let made = world.post("/integrations/toolsets", body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let toolset = text(&made.json()["toolset_id"]);
        Self { world, agent: text(&key["secret"]), server, items, toolset }
    }

    pub(crate) async fn approve_all(&self) {
        for item in &self.items {
            let path =
                format!("/integrations/mcp-servers/{}/tools/{}/approve", self.server, text(&item["tool_id"]));
            let approved =
                self.world.post(&path, json!({ "definition_hash": item["definition_hash"] })).await;
            assert_eq!(approved.status, 200, "{}", approved.text());
        }
    }

    pub(crate) fn request(&self, method: &str, params: Value) -> Request<Body> {
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        self.bare(method, &params).body(Body::from(body.to_string())).unwrap()
    }

    /// A modern request if its params say so, else a legacy one.
    pub(crate) fn bare(&self, method: &str, params: &Value) -> http::request::Builder {
        let mut request = Request::builder()
            .method("POST")
            .uri("/mcp/all")
            .header("host", "localhost:8080")
            .header("authorization", format!("Bearer {}", self.agent))
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        if params["_meta"]["io.modelcontextprotocol/protocolVersion"].is_null() {
            return request.header("mcp-protocol-version", "2025-11-25");
        }
        request = request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", method);
        match (method, params["uri"].as_str(), params["name"].as_str()) {
            ("resources/read", Some(name), _) | ("prompts/get" | "tools/call", _, Some(name)) => {
                request.header("mcp-name", name)
            }
            _ => request,
        }
    }

    async fn ask(&self, method: &str, params: Value) -> Answer {
        self.world.send(self.request(method, params)).await
    }

    async fn result(&self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await.json();
        assert!(answer["result"].is_object(), "{method}: {answer}");
        answer["result"].clone()
    }

    async fn error(&self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await.json();
        assert!(answer["error"].is_object(), "{method}: {answer}");
        answer["error"].clone()
    }
}

fn catalogue() -> McpCatalogue {
    let listed = |(kind, name, definition): (ItemKind, &str, &str)| ListedTool::Readable {
        kind,
        name: name.to_owned(),
        definition: raw(definition),
    };
    let items = [
        (ItemKind::Tool, "read_file", TOOL),
        (ItemKind::Prompt, "greet", PROMPT),
        (ItemKind::Resource, "test://a", RESOURCE),
        (ItemKind::ResourceTemplate, "test://docs/{id}", TEMPLATE),
    ];
    McpCatalogue {
        protocol_version: "2026-07-28".to_owned(),
        is_public: false,
        capabilities: raw(r#"{"tools":{},"prompts":{},"resources":{},"completions":{}}"#),
        tools: items.into_iter().map(listed).collect(),
    }
}

pub(crate) fn raw(text: &str) -> RawJson {
    RawJson::from_text(text.to_owned()).unwrap()
}

pub(crate) fn modern(mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    params
}

#[tokio::test]
async fn what_is_not_approved_is_neither_listed_nor_used() {
    let scene = Scene::new().await;
    let kinds: Vec<_> = scene.items.iter().map(|item| text(&item["kind"])).collect();
    assert_eq!(kinds, ["prompt", "tool", "resource", "resource_template"]);
    let risks: Vec<_> = scene.items.iter().map(|item| text(&item["risk_level"])).collect();
    assert_eq!(risks, ["low", "low", "low", "low"]);
    for (method, member) in [
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
    ] {
        assert_eq!(scene.result(method, json!({})).await[member], json!([]));
    }
    let unknown = scene.error("prompts/get", json!({ "name": "absent" })).await;
    let quarantined = scene.error("prompts/get", json!({ "name": "fixture__greet" })).await;
    assert_eq!(unknown, quarantined);
    for uri in ["test://a", "test://docs/1", "test://absent"] {
        let error = scene.error("resources/read", modern(json!({ "uri": uri }))).await;
        let expected = json!({ "code": -32602, "message": "Resource not found", "data": { "uri": uri } });
        assert_eq!(error, expected);
    }
    assert!(scene.world.mcp.exchanges().iter().all(|exchange| exchange.call.is_none()), "nothing was sent");
    let blocked = scene.world.get("/integrations/mcp-invocations?outcome=blocked").await.json();
    let methods: Vec<_> =
        blocked["items"].as_array().unwrap().iter().map(|call| text(&call["method"])).collect();
    assert_eq!(methods, ["resources/read", "resources/read", "prompts/get"], "and each refusal is on record");
}

#[tokio::test]
async fn prompts_and_resources_pass_as_they_are() {
    let scene = Scene::new().await;
    scene.approve_all().await;
    let discovered = scene.result("server/discover", modern(json!({}))).await;
    let lists = json!({ "listChanged": true });
    let expected = json!({ "tools": lists, "prompts": lists, "resources": lists, "completions": {} });
    assert_eq!(discovered["capabilities"], expected);

    let prompts = scene.result("prompts/list", json!({})).await;
    assert_eq!(prompts["prompts"][0]["name"], "fixture__greet");
    assert_eq!(prompts["prompts"][0]["arguments"][0]["name"], "who");
    let resources = scene.result("resources/list", modern(json!({}))).await;
    assert_eq!(resources["resources"][0], serde_json::from_str::<Value>(RESOURCE).unwrap());
    assert_eq!((&resources["cacheScope"], &resources["ttlMs"]), (&json!("private"), &json!(0)));
    let templates = scene.result("resources/templates/list", json!({})).await;
    assert_eq!(templates["resourceTemplates"][0]["uriTemplate"], "test://docs/{id}");

    scene.world.mcp.answer_call(Ok(reply(r#"{"messages":[],"n":1.10}"#)));
    let got =
        scene.ask("prompts/get", json!({ "name": "fixture__greet", "arguments": { "who": "you" } })).await;
    let labelled = r#"{"messages":[],"n":1.10,"_meta":{"portcullis/label":{"trust":"untrusted","#;
    assert!(got.text().contains(labelled), "byte for byte, with a label: {}", got.text());
    scene.world.mcp.answer_call(Ok(reply(r#"{"contents":[],"ttlMs":9000,"cacheScope":"public"}"#)));
    let read = scene.result("resources/read", modern(json!({ "uri": "test://a" }))).await;
    assert_eq!((&read["cacheScope"], &read["ttlMs"]), (&json!("private"), &json!(0)));
    assert_eq!(read["_meta"]["portcullis/label"]["trust"], "untrusted");
    scene.world.mcp.answer_call(Ok(reply(r#"{"contents":[]}"#)));
    scene.result("resources/read", json!({ "uri": "test://docs/1" })).await;
    let asked: Vec<_> = scene
        .world
        .mcp
        .exchanges()
        .iter()
        .filter_map(|exchange| exchange.call.clone())
        .map(|call| (call.method.to_string(), call.name, Value::Object(call.arguments)))
        .collect();
    let expected = [
        ("prompts/get".to_owned(), "greet".to_owned(), json!({ "who": "you" })),
        ("resources/read".to_owned(), "test://a".to_owned(), json!({})),
        ("resources/read".to_owned(), "test://docs/{id}".to_owned(), json!({ "uri": "test://docs/1" })),
    ];
    assert_eq!(asked, expected);

    for (method, params, message) in [
        ("prompts/get", json!({ "name": "fixture__greet" }), "(top level): `who` is missing"),
        (
            "prompts/get",
            json!({ "name": "fixture__greet", "arguments": { "who": 7 } }),
            "/who: expected type string",
        ),
    ] {
        let error = scene.error(method, params).await;
        let told = (&error["code"], &error["message"], &error["data"]["code"]);
        assert_eq!(told, (&json!(-32602), &json!(message), &json!("arguments_invalid")));
    }
    // A run that cannot be read is refused, not taken for none.
    let meta = json!({ "portcullis/runId": 7 });
    for (method, params) in [
        ("prompts/get", json!({ "name": "fixture__greet", "arguments": { "who": "you" }, "_meta": meta })),
        ("resources/read", json!({ "uri": "test://a", "_meta": meta })),
    ] {
        let error = scene.error(method, params).await;
        assert!(error["message"].as_str().unwrap().contains("portcullis/runId"), "{error}");
    }
    for uri in ["test://docs/../x", "test://docs/", "test://docs/a/b", "test://docs/%2e%2e", "no uri"] {
        assert_eq!(scene.error("resources/read", json!({ "uri": uri })).await["data"]["uri"], uri);
    }
}

#[tokio::test]
async fn arguments_are_completed_where_the_server_does_it() {
    let scene = Scene::new().await;
    scene.approve_all().await;
    let prompt = json!({ "type": "ref/prompt", "name": "fixture__greet" });
    let template = json!({ "type": "ref/resource", "uri": "test://docs/{id}" });
    let ask = |reference: &Value, name: &str| {
        let argument = json!({ "name": name, "value": "a" });
        scene.ask("completion/complete", json!({ "ref": reference, "argument": argument }))
    };
    for (reference, name) in [(&prompt, "who"), (&template, "id")] {
        scene.world.mcp.answer_call(Ok(reply(r#"{"completion":{"values":["ab"]}}"#)));
        assert_eq!(ask(reference, name).await.json()["result"]["completion"]["values"], json!(["ab"]));
    }
    let kinds: Vec<_> = scene
        .world
        .mcp
        .exchanges()
        .iter()
        .filter_map(|exchange| exchange.call.clone())
        .map(|call| (call.kind, call.method.to_string(), Value::Object(call.arguments)))
        .collect();
    let argument = |name: &str| json!({ "argument": { "name": name, "value": "a" } });
    let complete = || "completion/complete".to_owned();
    let expected = [
        (ItemKind::Prompt, complete(), argument("who")),
        (ItemKind::ResourceTemplate, complete(), argument("id")),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(ask(&prompt, "other").await.json()["error"]["data"]["code"], "arguments_invalid");
    let absent = json!({ "type": "ref/prompt", "name": "absent" });
    assert_eq!(ask(&absent, "who").await.json()["error"]["code"], -32602);
}

#[tokio::test]
async fn progress_is_passed_on_under_the_agents_token() {
    let scene = Scene::new().await;
    scene.approve_all().await;
    let told = [1, 2].map(|done| raw(&format!(r#"{{"progressToken":"ours","progress":{done}.0,"x":1}}"#)));
    let answered = scene.world.mcp.tell_call(told.to_vec(), reply(r#"{"content":[]}"#));
    answered.notify_one();
    let params = json!({ "name": "fixture__read_file", "_meta": { "progressToken": 3 } });
    let answer = scene.ask("tools/call", params).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    let expected = concat!(
        r#"data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":3,"progress":1.0}}"#,
        "\n\n",
        r#"data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":3,"progress":2.0}}"#,
        "\n\n",
        r#"data: {"jsonrpc":"2.0","id":7,"result":{"content":[],"_meta":{"portcullis/label":"#,
    );
    assert!(answer.text().starts_with(expected), "{}", answer.text());

    // Who does not ask gets none, and the upstream is not asked for any.
    let answered = scene.world.mcp.tell_call(told.to_vec(), reply(r#"{"content":[]}"#));
    answered.notify_one();
    let answer = scene.ask("tools/call", json!({ "name": "fixture__read_file" })).await;
    assert_eq!(answer.json()["result"]["content"], json!([]));
    assert!(scene.world.mcp.exchanges().pop().unwrap().dispatch.progress.is_none());

    // A call that tells nothing is answered in JSON, and so is one that is refused.
    scene.world.mcp.answer_call(Ok(reply(r#"{"content":[]}"#)));
    let params = json!({ "name": "fixture__read_file", "_meta": { "progressToken": "t" } });
    assert_eq!(scene.ask("tools/call", params).await.header("content-type"), Some("application/json"));
    let params = json!({ "name": "absent", "_meta": { "progressToken": "t" } });
    assert_eq!(scene.error("tools/call", params).await["message"], "Unknown tool");
}

#[tokio::test]
async fn an_agent_that_leaves_in_the_middle_cancels_its_call() {
    let scene = Scene::new().await;
    scene.approve_all().await;
    let told = vec![raw(r#"{"progressToken":"ours","progress":1}"#)];
    let _never = scene.world.mcp.tell_call(told, reply("{}"));
    let params = json!({ "name": "fixture__read_file", "_meta": { "progressToken": 3 } });
    let request = scene.request("tools/call", params);
    let response = tower::ServiceExt::oneshot(scene.world.router.clone(), request).await.unwrap();
    let mut body = response.into_body();
    assert!(body.frame().await.is_some(), "the first notification");
    drop(body);
    loop {
        let calls = scene.world.get("/integrations/mcp-invocations").await.json();
        if let Some(call) = calls["items"].as_array().unwrap().first() {
            assert_eq!(call["outcome"], "cancelled");
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.world.mcp.dropped(), 1);
}

#[tokio::test]
async fn who_listens_hears_of_what_has_changed_for_it() {
    let scene = Scene::new().await;
    let filter = json!({ "promptsListChanged": true, "toolsListChanged": false });
    let request = scene.request("subscriptions/listen", modern(json!({ "notifications": filter })));
    let response = tower::ServiceExt::oneshot(scene.world.router.clone(), request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let mut next = async || {
        let frame = body.frame().await.map(|frame| frame.unwrap().into_data().unwrap());
        frame.map(|data| String::from_utf8(data.to_vec()).unwrap())
    };
    let meta = r#""_meta":{"io.modelcontextprotocol/subscriptionId":7}"#;
    let accepted = format!(
        r#"data: {{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{{{meta},"notifications":{{"promptsListChanged":true}}}}}}"#
    );
    assert_eq!(next().await.unwrap(), format!("{accepted}\n\n"));
    scene.approve_all().await;
    let changed = format!(
        r#"data: {{"jsonrpc":"2.0","method":"notifications/prompts/list_changed","params":{{{meta}}}}}"#
    );
    assert_eq!(next().await.unwrap(), format!("{changed}\n\n"), "once, and of nothing else");

    // Whose toolset goes away hears that the stream ends.
    scene
        .world
        .call(&scene.world.key, "DELETE", &format!("/integrations/toolsets/{}", scene.toolset), None)
        .await;
    let last = next().await.unwrap();
    assert!(last.starts_with(r#"data: {"jsonrpc":"2.0","id":7,"result":{"resultType":"complete""#), "{last}");
    assert_eq!(next().await, None);
}

/// What stands behind the pair of tools of `search` is no list that anybody sees.
#[tokio::test]
async fn who_listens_hears_of_another_disclosure_and_not_of_what_stands_behind_it() {
    let scene = Scene::new().await;
    let filter = json!({ "promptsListChanged": true, "toolsListChanged": true });
    let request = scene.request("subscriptions/listen", modern(json!({ "notifications": filter })));
    let response = tower::ServiceExt::oneshot(scene.world.router.clone(), request).await.unwrap();
    let mut body = response.into_body();
    let mut told = async || {
        let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
        let message: Value = serde_json::from_slice(data.strip_prefix(b"data: ").unwrap()).unwrap();
        text(&message["method"])
    };
    let disclose = async |disclosure: &str| {
        let path = format!("/integrations/toolsets/{}", scene.toolset);
        let body = json!({ "disclosure": disclosure });
        assert_eq!(scene.world.call(&scene.world.key, "PATCH", &path, Some(body)).await.status, 200);
    };
    assert_eq!(told().await, "notifications/subscriptions/acknowledged");
    disclose("search").await;
    assert_eq!(told().await, "notifications/tools/list_changed");
    scene.approve_all().await;
    assert_eq!(told().await, "notifications/prompts/list_changed", "the pair is the same");
    disclose("all").await;
    assert_eq!(told().await, "notifications/tools/list_changed");
}

/// Whoever waits for a person learns where that is decided.
#[tokio::test]
async fn prompts_and_resources_that_wait_name_the_page() {
    let scene = Scene::new().await;
    scene.approve_all().await;
    for item in &scene.items {
        let path =
            format!("/integrations/mcp-servers/{}/tools/{}/approval", scene.server, text(&item["tool_id"]));
        let body = Some(json!({ "approval": "required" }));
        assert_eq!(scene.world.call(&scene.world.key, "PUT", &path, body).await.status, 200);
    }
    let able = |params: Value| {
        let mut params = modern(params);
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] =
            json!({ "elicitation": { "url": {} } });
        params
    };
    let table = [
        ("prompts/get", json!({ "name": "fixture__greet", "arguments": { "who": "you" } })),
        ("resources/read", json!({ "uri": "test://a" })),
    ];
    for (method, params) in table {
        for unable in [params.clone(), modern(params.clone())] {
            let error = scene.error(method, unable).await;
            assert_eq!(error["data"]["code"], "approval_required", "{method}: {error}");
            let page = text(&error["data"]["approvalUrl"]);
            assert!(page.ends_with(&text(&error["data"]["approval_id"])), "{page}");
            assert!(text(&error["message"]).contains(&page), "{error}");
        }
        let answer = scene.ask(method, able(params)).await.json();
        let asked = &answer["result"]["inputRequests"]["approval"];
        let is_asked = asked["method"] == "elicitation/create" && asked["params"]["mode"] == "url";
        assert!(is_asked, "{method}: {answer}");
    }
    // Every letter that somebody types would be a question.
    let of = json!({ "type": "ref/prompt", "name": "fixture__greet" });
    for value in ["y", "yo"] {
        let params = json!({ "ref": of, "argument": { "name": "who", "value": value } });
        let error = scene.error("completion/complete", able(params)).await;
        assert_eq!(error["data"]["code"], "approval_required", "{error}");
        assert!(error["data"]["approvalUrl"].is_null(), "{error}");
    }
    let waiting = scene.world.call(&scene.world.key, "GET", "/integrations/approvals", None).await.json();
    assert_eq!(waiting["items"].as_array().map(Vec::len), Some(2), "{waiting}");
    assert!(scene.world.mcp.exchanges().iter().all(|exchange| exchange.call.is_none()), "nothing was sent");
}

/// Prompts, resources, and tools that were found by words ask as tools do.
#[tokio::test]
async fn whatever_is_used_may_ask_before_it_answers() {
    const ASKS: &str = r#"{"resultType":"input_required","inputRequests":{"it":{"method":"roots/list"}},"requestState":"s"}"#;
    let scene = Scene::new().await;
    scene.approve_all().await;
    let key = scene.world.key.as_str();
    let change = async |path: String, body| {
        let changed = scene.world.call(key, "PATCH", &path, Some(body)).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
    };
    change(format!("/integrations/mcp-servers/{}", scene.server), json!({ "agent_input": ["roots"] })).await;
    let able = |mut params: Value| {
        params = modern(params);
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({ "roots": {} });
        params
    };
    let found =
        json!({ "name": "call_tool", "arguments": { "name": "fixture__read_file", "arguments": {} } });
    let table = [
        (
            "prompts/get",
            json!({ "name": "fixture__greet", "arguments": { "who": "you" } }),
            r#"{"messages":[]}"#,
        ),
        ("resources/read", json!({ "uri": "test://a" }), r#"{"contents":[]}"#),
        ("tools/call", found, r#"{"content":[]}"#),
    ];
    for (method, params, answer) in table {
        if method == "tools/call" {
            let path = format!("/integrations/toolsets/{}", scene.toolset);
            change(path, json!({ "disclosure": "search" })).await;
        }
        scene.world.mcp.answer_call(Ok(reply(ASKS)));
        let asked = scene.result(method, able(params.clone())).await;
        assert_eq!(asked["resultType"], "input_required", "{method}: {asked}");
        let mut going_on = able(params);
        going_on["requestState"] = asked["requestState"].clone();
        going_on["inputResponses"] = json!({ "it": { "roots": [] } });
        scene.world.mcp.answer_call(Ok(reply(answer)));
        let done = scene.result(method, going_on).await;
        let expected: Value = serde_json::from_str(answer).unwrap();
        let (name, list) = expected.as_object().unwrap().iter().next().unwrap();
        assert_eq!(&done[name], list, "{method}: {done}");
        let sent = scene.world.mcp.exchanges().pop().unwrap().call.unwrap().input;
        assert_eq!(sent.state.unwrap().as_str(), r#""s""#, "{method}");
        assert_eq!(sent.responses.unwrap().as_str(), r#"{"it":{"roots":[]}}"#, "{method}");
    }
}

#[tokio::test]
async fn a_stream_ends_when_the_server_does_and_there_are_so_many() {
    let scene = Scene::new().await;
    let open = async || {
        let request = scene.request("subscriptions/listen", modern(json!({ "notifications": {} })));
        tower::ServiceExt::oneshot(scene.world.router.clone(), request).await.unwrap()
    };
    let mut streams = Vec::new();
    for _ in 0..64 {
        let stream = open().await;
        assert_eq!(stream.status(), 200);
        streams.push(stream);
    }
    let refused = open().await;
    assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (429, true));
    drop(streams.split_off(1));
    assert_eq!(open().await.status(), 200, "a place is given back");

    let params = json!({ "notifications": { "toolsListChanged": "yes" } });
    assert_eq!(scene.error("subscriptions/listen", modern(params)).await["code"], -32602);

    scene.world.spine.close();
    let whole = streams.remove(0).into_body().collect().await.unwrap().to_bytes();
    let whole = String::from_utf8(whole.to_vec()).unwrap();
    assert!(
        whole.starts_with("data: ") && whole.contains(r#""id":7,"result":{"resultType":"complete""#),
        "{whole}"
    );
}
