//! The conformance suites of the trail's ports.

use portcullis_testkit::conformance;
use portcullis_trail::chain::ChainVerifier;
use serde_json::Value;

use crate::engine::Engine;
use crate::scene::Scene;

on_both_engines! {
    #[tokio::test]
    ledger;
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    ledger_concurrency;
    #[tokio::test]
    audit_log;
    #[tokio::test]
    checkpoint_store;
    #[tokio::test]
    incident_store;
    #[tokio::test]
    mcp_invocation_store;
}

fn verify(events: &[Value]) -> Result<(), String> {
    let Some(first) = events.first() else { return Ok(()) };
    let mut verifier = ChainVerifier::new(first["tenant_id"].as_str().unwrap_or_default());
    events.iter().try_for_each(|event| verifier.push(event)).map_err(|broken| broken.to_string())
}

async fn ledger(engine: Engine) {
    let scene = Scene::on(engine).await;
    conformance::ledger(&scene.store, &*scene.ledger).await;
}

async fn ledger_concurrency(engine: Engine) {
    let scene = Scene::on(engine).await;
    conformance::ledger_concurrency(&scene.store, &*scene.ledger).await;
}

async fn audit_log(engine: Engine) {
    conformance::audit_log(&Scene::on(engine).await.store, &verify).await;
}

/// Twice: the second run goes on behind the checkpoints of the first.
async fn checkpoint_store(engine: Engine) {
    let scene = Scene::on(engine).await;
    conformance::checkpoint_store(&scene.store).await;
    conformance::checkpoint_store(&scene.store).await;
}

async fn incident_store(engine: Engine) {
    conformance::incident_store(&Scene::on(engine).await.store).await;
}

async fn mcp_invocation_store(engine: Engine) {
    let scene = Scene::on(engine).await;
    conformance::mcp_invocation_store(&scene.store, &*scene.ledger).await;
}
