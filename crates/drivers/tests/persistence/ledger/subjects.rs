//! The index of what events are about, as the ledger writes it: in blocks, whoever else writes it beside.

use std::sync::Arc;

use portcullis_schemas::logs::ports::EventFilter;
use portcullis_schemas::paging::{Cursor, PageRequest};
use portcullis_schemas::store::Store;
use sea_orm::{ConnectionTrait, Statement};

use crate::engine::Engine;
use crate::scene::{Scene, spawn};

on_both_engines! {
    #[tokio::test]
    calls_are_found_by_their_tool;
    #[tokio::test]
    an_earlier_version_may_write_beside_this_one;
}

/// Events of the tool of a scene, by the list and by the chain itself.
async fn found(scene: &Scene) -> (Vec<u64>, Vec<u64>) {
    let tool = scene.tool.tool_id.as_str();
    let filter = EventFilter { types: Vec::new(), subject: Some(tool.to_owned()) };
    let mut unit = scene.store.read().await.unwrap();
    let (mut listed, mut cursor) = (Vec::new(), None);
    loop {
        let page = PageRequest { cursor, ..PageRequest::default() };
        let page = unit.audit_log().list(&scene.tenant, &filter, &page).await.unwrap();
        listed.extend(page.items.iter().map(|event| event.sequence));
        let Some(next) = page.next_cursor else { break };
        cursor = Some(Cursor::new(&next).unwrap());
    }
    let chain = scene.trail().await;
    let events = chain.iter().rev().map(|event| serde_json::from_str::<serde_json::Value>(event).unwrap());
    let about = events.filter(|event| event["subject"]["tool_id"] == tool);
    (listed, about.map(|event| event["sequence"].as_u64().unwrap()).collect())
}

async fn indexed(scene: &Scene) -> Option<i64> {
    let query = format!("SELECT sequence FROM audit_events_indexed WHERE tenant_id = '{}'", scene.tenant);
    let writer = scene.database.writer();
    let query = Statement::from_string(writer.get_database_backend(), query);
    writer.query_one_raw(query).await.unwrap().map(|row| row.try_get("", "sequence").unwrap())
}

/// Calls that are recorded at once, and so in batches.
async fn record(scene: &Arc<Scene>, calls: usize) {
    let calls: Vec<_> = (0..calls).map(|_| spawn(scene, scene.intent())).collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

async fn calls_are_found_by_their_tool(engine: Engine) {
    let scene = Arc::new(Scene::on(engine).await);
    let other = Arc::new(scene.of_another_tenant().await);
    for (calls, expected) in [(100, None), (60, Some(256)), (200, Some(512))] {
        record(&scene, calls).await;
        record(&other, 1).await;
        assert_eq!(indexed(&scene).await, expected);
        let (listed, about) = found(&scene).await;
        assert_eq!(listed, about);
    }
    assert_eq!(found(&scene).await.0.len(), 720);
    assert_eq!(found(&other).await.0.len(), 6);
    assert_eq!(indexed(&other).await, None);
}

/// It writes the rows of its own events, and lets a block go by that this one began.
async fn an_earlier_version_may_write_beside_this_one(engine: Engine) {
    let scene = Arc::new(Scene::on(engine).await);
    record(&scene, 150).await;
    let writer = scene.database.writer();
    writer.execute_unprepared("DELETE FROM audit_event_subjects WHERE sequence <= 40").await.unwrap();
    writer.execute_unprepared("DELETE FROM audit_events_indexed").await.unwrap();
    let (listed, about) = found(&scene).await;
    assert_eq!(listed, about);

    record(&scene, 150).await;
    assert_eq!(indexed(&scene).await, Some(512));
    let (listed, about) = found(&scene).await;
    assert_eq!(listed, about);
}
