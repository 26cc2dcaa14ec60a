//! Recorded rows cannot be changed by mistake, and changed ones do not go unseen.

use portcullis_schemas::integrations::mcp::invocation::InvocationOutcome;
use portcullis_schemas::logs::ports::Ledger;
use portcullis_testkit::conformance;
use portcullis_trail::chain::{BreakKind, ChainVerifier};
use sea_orm::ConnectionTrait;

use crate::engine::Engine;
use crate::scene::Scene;

/// Each with a column.
const APPEND_ONLY: [(&str, &str); 5] = [
    ("audit_events", "tenant_id"),
    ("mcp_tool_intents", "tenant_id"),
    ("mcp_tool_invocations", "tenant_id"),
    ("checkpoints", "number"),
    ("checkpoint_spans", "tenant_id"),
];

on_both_engines! {
    #[tokio::test]
    recorded_rows_are_not_changed_removed_or_replaced;
    #[tokio::test]
    the_verifier_sees_what_is_stored_once_the_tripwire_is_cut;
    #[tokio::test]
    what_an_invocation_refers_to_cannot_be_removed;
}

async fn recorded(engine: Engine) -> Scene {
    let scene = Scene::on(engine).await;
    let (receipt, facts) = scene.recorded().await;
    let settlement = scene.settlement(&receipt, &facts, InvocationOutcome::Success);
    scene.ledger.settle(&receipt, settlement).await.unwrap();
    scene
}

async fn refused(scene: &Scene, statement: &str) -> String {
    scene.database.writer().execute_unprepared(statement).await.map(drop).unwrap_err().to_string()
}

async fn recorded_rows_are_not_changed_removed_or_replaced(engine: Engine) {
    let scene = recorded(engine).await;
    // It leaves some behind.
    conformance::checkpoint_store(&scene.store).await;
    for (table, column) in APPEND_ONLY {
        let all_at_once = match engine {
            Engine::Sqlite => format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}"),
            Engine::Postgres => format!("TRUNCATE {table} CASCADE"),
        };
        for statement in
            [format!("UPDATE {table} SET {column} = {column}"), format!("DELETE FROM {table}"), all_at_once]
        {
            let error = refused(&scene, &statement).await;
            assert!(error.contains(&format!("{table} is append-only")), "{statement}: {error}");
        }
    }
    assert_eq!(scene.verified().await, 3);
}

#[tokio::test]
async fn an_event_id_is_not_taken_over_by_a_later_event() {
    let scene = recorded(Engine::Sqlite).await;
    let takeover = "INSERT OR REPLACE INTO audit_events SELECT tenant_id, 99, event_id, event_type, occurred_at, \
                    request_id, previous_hash, hash, record FROM audit_events WHERE sequence = 1";
    assert!(refused(&scene, takeover).await.contains("audit_events is append-only"));
}

async fn the_verifier_sees_what_is_stored_once_the_tripwire_is_cut(engine: Engine) {
    let scene = recorded(engine).await;
    let cut = match engine {
        Engine::Sqlite => "DROP TRIGGER audit_events_no_update",
        Engine::Postgres => "DROP TRIGGER audit_events_no_change ON audit_events",
    };
    let tampering =
        "UPDATE audit_events SET record = replace(record, 'allowed', 'alloweb') WHERE sequence = 2";
    for statement in [cut, tampering] {
        scene.database.writer().execute_unprepared(statement).await.unwrap();
    }
    let mut verifier = ChainVerifier::new(scene.tenant.as_str());
    let events = scene.trail().await;
    let broken = events.iter().find_map(|event| verifier.push_bytes(event.as_bytes()).err()).unwrap();
    assert_eq!((broken.sequence, broken.kind), (2, BreakKind::Hash));

    let doubled = "UPDATE audit_events SET record = '{\"a\":1,\"a\":2}' WHERE sequence = 1";
    scene.database.writer().execute_unprepared(doubled).await.unwrap();
    let first = scene.trail().await.remove(0);
    let broken = ChainVerifier::new(scene.tenant.as_str()).push_bytes(first.as_bytes()).unwrap_err();
    assert_eq!(broken.kind, BreakKind::Shape);
}

async fn what_an_invocation_refers_to_cannot_be_removed(engine: Engine) {
    let scene = recorded(engine).await;
    for table in ["mcp_tools", "mcp_servers"] {
        let error = refused(&scene, &format!("DELETE FROM {table}")).await.to_lowercase();
        assert!(error.contains("foreign key"), "{table}: {error}");
    }
}
