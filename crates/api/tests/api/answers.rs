//! Failures that are ours: panics, a store that is down, a trail that cannot be written.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portcullis_schemas::integrations::mcp::operations::ListMcpServers;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::paging::Page;
use portcullis_schemas::store::{Store, UnitOfWork};
use portcullis_schemas::{Error, PortError};
use portcullis_spine::scene::Scene;
use portcullis_spine::{OperationRegistry, Ports};
use portcullis_testkit::broken::BrokenLedger;
use portcullis_testkit::time::TestClock;
use serde_json::json;

use crate::support::World;

async fn panics(_: Scene, _: ListMcpServers) -> Result<Page<McpServer>, Error> {
    panic!("CANARY")
}

#[tokio::test]
async fn a_panic_is_a_problem_without_its_text() {
    let mut registry = OperationRegistry::new();
    registry.on::<ListMcpServers>(panics).unwrap();
    let world = World::of(registry).await;
    let answer = world.get("/integrations/mcp-servers").await;
    assert_eq!(answer.problem(), (500, "operation_panicked".to_owned(), String::new()));
    assert!(!answer.text().contains("CANARY"));
    // What the registry lacks is not routed.
    assert_eq!(world.get("/policies").await.problem().1, "route_unknown");
}

/// A store whose disk is gone.
struct DownStore;

#[async_trait]
impl Store for DownStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        Err(PortError::unavailable("CANARY: disk 7 said EIO"))
    }

    async fn read(&self) -> Result<Box<dyn UnitOfWork>, PortError> {
        self.begin().await
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_said_so_and_nothing_more() {
    let world = World::rewired(|ports| Ports { store: Arc::new(DownStore), ..ports }).await;
    for path in ["/readyz", "/policies"] {
        let answer = world.get(path).await;
        assert_eq!(answer.problem(), (503, "store_unavailable".to_owned(), String::new()), "{path}");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(!answer.text().contains("CANARY"));
    }
    assert_eq!(world.get("/healthz").await.status, 200, "the process itself is alive");
}

#[tokio::test]
async fn probes_need_no_key_and_tell_nothing() {
    let world = World::new().await;
    for (path, text) in [("/healthz", r#"{"status":"alive"}"#), ("/readyz", r#"{"status":"ready"}"#)] {
        let answer = world.call("", "GET", path, None).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, text));
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_recorded_is_not_made_and_names_its_invocation() {
    let broken = std::sync::OnceLock::new();
    let world = World::rewired(|ports| {
        let ledger = broken.get_or_init(|| Arc::new(BrokenLedger::new(Arc::clone(&ports.ledger))));
        Ports { ledger: ledger.clone(), ..ports }
    })
    .await;
    let (server, tool) = world.tool(&world.key).await;
    broken.get().unwrap().fail_record(true);
    let path = format!("/integrations/mcp-servers/{server}/tools/{tool}/invoke");
    let answer = world.post(&path, json!({})).await;
    let mut problem = answer.timeless();
    assert!(problem["invocation_id"].as_str().unwrap().starts_with("inv_"));
    problem["invocation_id"] = json!("inv_...");
    insta::assert_snapshot!(serde_json::to_string_pretty(&problem).unwrap());
    assert_eq!(world.mcp.exchanges().len(), 1, "only the discovery went out");
}

#[tokio::test]
async fn a_flood_of_probes_looks_once() {
    let (broken, clock) = (std::sync::OnceLock::new(), Arc::new(TestClock::new()));
    let world = World::rewired(|ports| {
        let ledger = broken.get_or_init(|| Arc::new(BrokenLedger::new(Arc::clone(&ports.ledger))));
        Ports { ledger: ledger.clone(), clock: clock.clone(), ..ports }
    })
    .await;
    assert_eq!(world.get("/readyz").await.status, 200);
    broken.get().unwrap().fail_record(true);
    assert_eq!(world.get("/readyz").await.status, 200, "the ledger is not asked again at once");
    clock.advance(Duration::from_millis(500));
    assert_eq!(world.get("/readyz").await.status, 503);
    broken.get().unwrap().fail_record(false);
    assert_eq!(world.get("/readyz").await.status, 503);
    clock.advance(Duration::from_millis(500));
    assert_eq!(world.get("/readyz").await.status, 200);
}
