//! Intents that were decided on a configuration that does not hold any more.

use portcullis_schemas::controls::FreezeTarget;
use portcullis_schemas::ids::KeyId;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::logs::ledger::{Intent, Recorded};

use super::ledger_scene::Scene;
use super::steps::{IDS, done};
use crate::fixtures;

/// What was decided on another configuration is not recorded: whatever has changed, freezes among it.
pub(super) async fn stale_decisions_are_not_recorded(scene: &Scene<'_>) {
    let (_, intent) = scene.call(0);
    let decided_on = Some(scene.version().await);
    scene.receipt(&Intent { decided_on, ..intent }).await;
    let events = scene.trail().await.len();

    let (store, tenant, other) = (scene.store, &scene.tenant, &scene.other);
    let foreign = fixtures::freeze(other, FreezeTarget::Tenant, 0);
    committed!(store, "freezing the other tenant", unit => unit.kill_switch().freeze(other, &foreign));
    let (_, intent) = scene.call(1);
    scene.receipt(&Intent { decided_on, ..intent }).await;
    assert_eq!(scene.trail().await.len(), 2 * events, "a change in another tenant makes nothing stale here");

    let tool = McpTool { enabled: false, version: scene.tool.version + 1, ..scene.tool.clone() };
    committed!(store, "disabling the tool", unit => unit.mcp_tools().upsert(tenant, &[tool]));
    let freeze = fixtures::freeze(tenant, FreezeTarget::Server(scene.tool.server_id.clone()), 0);
    let (_, intent) = scene.call(2);
    let mut intent = Intent {
        decided_on,
        freeze_targets: vec![freeze.target.clone()],
        idempotency: Some(fixtures::claim(&KeyId::generate(&IDS), "stale", "request")),
        ..intent
    };
    expect_stale(scene, &intent, "a tool has changed").await;
    intent.decided_on = Some(scene.version().await);
    committed!(store, "freezing a server", unit => unit.kill_switch().freeze(tenant, &freeze));
    expect_stale(scene, &intent, "a server was frozen").await;
    committed!(store, "releasing", unit => unit.kill_switch().unfreeze(tenant, &freeze.target));
    expect_stale(scene, &intent, "what was before has come again, but something else was between").await;
    assert_eq!(scene.trail().await.len(), 2 * events, "a stale intent leaves nothing");

    // The same id and the same idempotency key: a stale intent has claimed neither.
    intent.decided_on = Some(scene.version().await);
    scene.receipt(&intent).await;
    committed!(store, "freezing again", unit => unit.kill_switch().freeze(tenant, &freeze));
    expect_stale(scene, &intent, "a repeat is judged anew before it is answered").await;
}

async fn expect_stale(scene: &Scene<'_>, intent: &Intent, why: &str) {
    match done("recording what was decided before", scene.record(intent).await) {
        Recorded::Stale => {}
        other => panic!("an intent must be stale when {why}, but the ledger answered {other:?}"),
    }
}
