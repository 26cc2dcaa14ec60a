//! By which way a call comes: through a toolset, or to the tool itself.

use serde_json::{Value, json};

use crate::scene::{PERMIT, Scene, ok};

/// What the agent's client lists.
async fn listed(scene: &Scene) -> Vec<String> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    let headers = [("accept", "application/json, text/event-stream"), ("mcp-protocol-version", "2025-06-18")];
    let method = portcullis_schemas::egress::HttpMethod::Post;
    let answer = scene.agent.send(method, "/mcp/weather", Some(&body), &headers).await.unwrap().json();
    let names = answer["result"]["tools"].as_array().unwrap().iter();
    names.map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

async fn called(scene: &Scene) -> Value {
    scene.over_mcp(json!({}), json!({})).await
}

#[tokio::test]
async fn a_policy_may_let_a_machine_through_toolsets_alone() {
    let scene = Scene::start(PERMIT).await;
    assert_eq!(scene.call("Zurich").await.status, 200);

    scene.put_template("toolsets", "through-toolsets-only").await;
    let refused = scene.call("Zurich").await;
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("policy_denied")));
    assert_eq!(listed(&scene).await, ["forecast"]);
    assert_eq!(called(&scene).await["isError"], false);
    let path = format!("{}/invoke", scene.tool);
    let direct = json!({ "arguments": { "city": "Zurich" } });
    assert_eq!(scene.admin.post(&path, &direct).await.unwrap().status, 200, "a person may");

    let other =
        r#"permit (principal, action, resource) when { context has toolset && context.toolset == "other" };"#;
    ok(scene.admin.put("/policies", &json!({ "name": "all", "text": other })).await.unwrap());
    assert!(listed(&scene).await.is_empty());
    scene.running.shutdown().await.unwrap();
}
