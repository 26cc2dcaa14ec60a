//! Eight odd upstreams that were seen in the wild, through the running gate: what each is taken for, and a call of its tool
//! by an agent of each era, where it has one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use portcullis_schemas::egress::HttpMethod;
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::{Answer, ApiClient};
use portcullis_server::config::Settings;
use portcullis_server::running;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

const VERSION: &str = "2025-11-25";
/// Those that speak the legacy era, each after another answer to `server/discover`.
const LEGACY: [&str; 7] =
    ["disc-legacy", "err-legacy", "garbage400", "empty404", "html200", "e500", "id-null"];
/// The one that wants a credential before anything else.
const UNAUTHORIZED: &str = "m401";

#[tokio::test]
async fn eight_odd_upstreams_end_in_the_right_state() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/{kind}", post(upstream))).await });
    let folder = TempDir::new().unwrap();
    let mut settings = Settings::new(folder.path());
    settings.listen.set_port(0);
    settings.egress.waived_origins = vec![origin.clone()];
    let running = running::start(&settings).await.unwrap();
    let key = Secret::new(running.first_key().unwrap().secret.0.clone());
    let admin = ApiClient::new(&running.url(), key).unwrap();

    let mut tools = Vec::new();
    for kind in LEGACY {
        let registered = register(&admin, &origin, kind).await;
        let server = &registered["server"];
        assert_eq!(
            (&server["status"], &server["protocol_version"]),
            (&json!("active"), &json!(VERSION)),
            "{kind}"
        );
        assert_eq!(
            (&registered["discovery_error"], &server["last_error"]),
            (&Value::Null, &Value::Null),
            "{kind}"
        );
        let id = server["server_id"].as_str().unwrap();
        let health = ok(admin.get(&format!("/integrations/mcp-servers/{id}/health")).await.unwrap());
        assert_eq!(health["is_healthy"], true, "{kind}: {health}");
        tools.push(json!({ "server_id": id, "tool_id": approve(&admin, id).await, "name": kind }));
    }
    let refused = register(&admin, &origin, UNAUTHORIZED).await;
    let server = &refused["server"];
    assert_eq!(refused["discovery_error"], "upstream_unauthorized");
    assert_eq!(
        (&server["status"], &server["last_error"]),
        (&json!("error"), &json!("upstream_unauthorized"))
    );
    assert_eq!((&server["protocol_version"], &server["tool_count"]), (&Value::Null, &json!(0)));

    let agent = agent_of(&admin, &tools).await;
    for kind in LEGACY {
        for modern in [true, false] {
            let answer = call(&agent, modern, kind).await.json();
            assert_eq!(answer["result"]["content"][0]["text"], format!("{kind} hears 7"), "{kind}: {answer}");
        }
    }
    running.shutdown().await.unwrap();
}

async fn register(admin: &ApiClient, origin: &str, kind: &str) -> Value {
    let body = json!({ "name": kind, "url": format!("{origin}/{kind}") });
    ok(admin.post("/integrations/mcp-servers", &body).await.unwrap())
}

/// Approves the server's one tool; its id.
async fn approve(admin: &ApiClient, server: &str) -> String {
    let tools = format!("/integrations/mcp-servers/{server}/tools");
    let listed = ok(admin.get(&tools).await.unwrap());
    let tool = &listed["items"][0];
    let id = tool["tool_id"].as_str().unwrap();
    let approval = json!({ "definition_hash": tool["definition_hash"] });
    ok(admin.post(&format!("{tools}/{id}/approve"), &approval).await.unwrap());
    id.to_owned()
}

async fn agent_of(admin: &ApiClient, tools: &[Value]) -> ApiClient {
    let policy = json!({ "name": "all", "text": "permit (principal, action, resource);" });
    ok(admin.put("/policies", &policy).await.unwrap());
    let agent = json!({ "name": "agent", "scopes": ["invoke"] });
    let agent = ok(admin.post("/api-keys", &agent).await.unwrap());
    let toolset = json!({ "name": "odd", "tools": tools, "keys": [agent["key"]["key_id"]] });
    ok(admin.post("/integrations/toolsets", &toolset).await.unwrap());
    admin.with_key(Secret::new(agent["secret"].as_str().unwrap().to_owned()))
}

async fn call(agent: &ApiClient, modern: bool, tool: &str) -> Answer {
    let mut params = json!({ "name": tool, "arguments": { "n": 7 } });
    let mut headers = vec![("accept", "application/json, text/event-stream")];
    if modern {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        headers.extend([
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", tool),
        ]);
    } else {
        headers.push(("mcp-protocol-version", VERSION));
    }
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    agent.send(HttpMethod::Post, "/mcp/odd", Some(&body), &headers).await.unwrap()
}

fn ok(answer: Answer) -> Value {
    answer.success().unwrap()
}

/// A server of 2025-11-25 with one tool and a session, but for its answer to what it does not know.
async fn upstream(Path(kind): Path<String>, headers: HeaderMap, body: String) -> Response {
    let message: Value = serde_json::from_str(&body).unwrap();
    let id = &message["id"];
    if kind == UNAUTHORIZED {
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", "Bearer")], "").into_response();
    }
    let method = message["method"].as_str().unwrap_or_default();
    if method != "server/discover" && method != "initialize" {
        assert_eq!(headers.get("mcp-session-id").unwrap(), &kind, "{method}");
        assert_eq!(headers.get("mcp-protocol-version").unwrap(), VERSION, "{method}");
    }
    match method {
        "server/discover" => to_discover(&kind, id),
        "initialize" => {
            let info = json!({ "name": kind, "version": "1" });
            let result =
                json!({ "protocolVersion": VERSION, "capabilities": { "tools": {} }, "serverInfo": info });
            ([("mcp-session-id", kind.clone())], answer(id, &result)).into_response()
        }
        "tools/list" => {
            let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } } });
            answer(id, &json!({ "tools": [{ "name": "get_word", "inputSchema": schema }] }))
        }
        "tools/call" => {
            let text = format!("{kind} hears {}", message["params"]["arguments"]["n"]);
            answer(id, &json!({ "content": [{ "type": "text", "text": text }] }))
        }
        "ping" => answer(id, &json!({})),
        _ => StatusCode::ACCEPTED.into_response(),
    }
}

/// How each answers a method that its SDK had not heard of.
fn to_discover(kind: &str, id: &Value) -> Response {
    let error = |id: &Value, error: Value| {
        let body = json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string();
        (StatusCode::BAD_REQUEST, [("content-type", "application/json")], body).into_response()
    };
    match kind {
        "disc-legacy" => {
            answer(id, &json!({ "supportedVersions": [VERSION], "capabilities": { "tools": {} } }))
        }
        "err-legacy" => {
            let data = json!({ "supported": [VERSION], "requested": "2026-07-28" });
            error(id, json!({ "code": -32022, "message": "Unsupported protocol version", "data": data }))
        }
        "garbage400" => (StatusCode::BAD_REQUEST, "what?").into_response(),
        "empty404" => StatusCode::NOT_FOUND.into_response(),
        "html200" => ([("content-type", "text/html")], "<html><body>Welcome</body></html>").into_response(),
        "e500" => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response(),
        _ => error(&Value::Null, json!({ "code": -32000, "message": "Bad Request: Server not initialized" })),
    }
}

fn answer(id: &Value, result: &Value) -> Response {
    let body = json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string();
    ([("content-type", "application/json")], body).into_response()
}
