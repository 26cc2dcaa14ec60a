//! What `/metrics` says after a few calls, where it can be asked, and what it never says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scene;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::{Answer, ApiClient};

use self::scene::Scene;

/// Asks with a key that is none.
async fn get(addr: SocketAddr, path: &str) -> Answer {
    let client = ApiClient::new(&format!("http://{addr}"), Secret::new("none".to_owned())).unwrap();
    client.get(path).await.unwrap()
}

/// The samples by name with labels.
async fn samples(scene: &Scene) -> BTreeMap<String, f64> {
    let answer = get(scene.running.metrics_addr().unwrap(), "/metrics").await;
    assert_eq!(answer.status, 200);
    let lines = answer.text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

async fn scene() -> Scene {
    Scene::with(|settings| settings.metrics.listen = Some("127.0.0.1:0".parse().unwrap())).await
}

#[tokio::test]
async fn what_happened_is_counted() {
    let scene = scene().await;
    assert_eq!(scene.call(&[]).await.status, 200);
    assert_eq!(scene.call(&[]).await.status, 200);
    assert_eq!(scene.refused_call().await.status, 403);
    assert_eq!(get(scene.running.addr(), "/integrations/mcp-servers").await.status, 401);

    let found = samples(&scene).await;
    let invoke = "integrations.mcp_servers.invoke_tool";
    let exactly = [
        ("portcullis_calls_total{outcome=\"success\",code=\"ok\"}".to_owned(), 2.0),
        ("portcullis_calls_total{outcome=\"blocked\",code=\"policy_denied\"}".to_owned(), 1.0),
        (format!("portcullis_dispatches_total{{operation=\"{invoke}\",code=\"ok\"}}"), 2.0),
        (format!("portcullis_dispatches_total{{operation=\"{invoke}\",code=\"policy_denied\"}}"), 1.0),
        ("portcullis_call_added_seconds_count".to_owned(), 2.0),
        (
            "portcullis_upstream_exchange_seconds_count{exchange=\"call\",era=\"modern\",code=\"ok\"}".to_owned(),
            2.0,
        ),
        ("portcullis_upstream_in_flight".to_owned(), 0.0),
        ("portcullis_ledger_queue_depth".to_owned(), 0.0),
        ("portcullis_ledger_commits_failed_total".to_owned(), 0.0),
        ("portcullis_ledger_values_failed_total".to_owned(), 0.0),
        // Two calls, one discovery.
        ("portcullis_ledger_wait_seconds_count{write=\"intent\",result=\"written\"}".to_owned(), 3.0),
        ("portcullis_ledger_wait_seconds_count{write=\"settlement\",result=\"written\"}".to_owned(), 3.0),
        ("portcullis_ledger_wait_seconds_count{write=\"refusal\",result=\"written\"}".to_owned(), 1.0),
        (
            "portcullis_http_requests_total{method=\"GET\",route=\"/integrations/mcp-servers\",status=\"401\"}"
                .to_owned(),
            1.0,
        ),
        // A refused call of a critical tool is an incident.
        ("portcullis_incidents_raised_total{severity=\"high\",cause=\"critical_blocked\"}".to_owned(), 1.0),
        ("portcullis_incidents_unresolved{severity=\"high\",status=\"open\"}".to_owned(), 1.0),
    ];
    for (name, value) in exactly {
        assert_eq!(found.get(&name), Some(&value), "{name}: {found:#?}");
    }
    assert!(found["portcullis_ledger_commit_values_sum"] >= 7.0, "{found:#?}");
    assert_eq!(
        found["portcullis_ledger_commit_values_count"], found["portcullis_ledger_commit_seconds_count"],
        "a commit has a size and a time"
    );
    scene.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn no_customer_is_named() {
    let scene = scene().await;
    scene.call(&[]).await;
    scene.refused_call().await;
    let answer = get(scene.running.metrics_addr().unwrap(), "/metrics").await;
    for name in
        ["ten_", "mcp_0", "tool_0", "key_", "get_forecast", "delete_station", "agent", "default", "weather"]
    {
        assert!(!answer.text.contains(name), "{name}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_api_does_not_serve_them_and_they_serve_nothing_else() {
    let scene = scene().await;
    assert_eq!(get(scene.running.addr(), "/metrics").await.status, 404);
    let metrics = scene.running.metrics_addr().unwrap();
    assert_eq!(get(metrics, "/integrations/mcp-servers").await.status, 404);

    let silent = Scene::with(|_| {}).await;
    assert_eq!(silent.running.metrics_addr(), None, "off unless told");
}
