//! The conformance suites of the trail's ports.

use portcullis_schemas::logs::ports::StoredEvent;
use portcullis_testkit::conformance;
use portcullis_trail::chain::ChainVerifier;

use crate::Scene;

fn verify(events: &[StoredEvent]) -> Result<(), String> {
    let Some(first) = events.first() else { return Ok(()) };
    let mut verifier = ChainVerifier::new(first.record["tenant_id"].as_str().unwrap_or_default());
    events.iter().try_for_each(|event| verifier.push(&event.record)).map_err(|broken| broken.to_string())
}

#[tokio::test]
async fn ledger() {
    let scene = Scene::new().await;
    conformance::ledger(&scene.store, &*scene.ledger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ledger_concurrency() {
    let scene = Scene::new().await;
    conformance::ledger_concurrency(&scene.store, &*scene.ledger).await;
}

#[tokio::test]
async fn audit_log() {
    conformance::audit_log(&Scene::new().await.store, &verify).await;
}

#[tokio::test]
async fn incident_store() {
    conformance::incident_store(&Scene::new().await.store).await;
}

#[tokio::test]
async fn mcp_invocation_store() {
    let scene = Scene::new().await;
    conformance::mcp_invocation_store(&scene.store, &*scene.ledger).await;
}
