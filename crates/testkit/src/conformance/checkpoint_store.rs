//! The suite of [`CheckpointStore`](portcullis_schemas::logs::ports::CheckpointStore).

use portcullis_schemas::codes;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::checkpoint::{ChainCoverage, CheckpointSpan, StoredCheckpoint};
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::logs::ports::EventFilter;
use portcullis_schemas::paging::PageRequest;
use portcullis_schemas::store::Store;

use super::steps::{IDS, commit, conflict, done, reading, refused, two_tenants, writing};
use crate::fixtures;

/// Checkpoints and spans are kept as given and in order, each number and each place is taken once, a checkpoint comes
/// with its spans or not at all, and coverage is told of every chain.
pub async fn checkpoint_store(store: &dyn Store) {
    let (tenant, other) = two_tenants(store).await;
    record(store, &tenant, 5).await;
    record(store, &other, 2).await;
    is_covered(store, &tenant, (5, 0)).await;

    let first = next_after(store).await;
    let spans = [span(first.size - 5, &other, 1, 2), span(first.size - 3, &tenant, 1, 3)];
    dropped_is_forgotten(store, &first, &spans).await;
    committed!(store, "adding a checkpoint", unit => unit.checkpoints().append(&first, &spans));
    kept_as_given(store, &first, &spans).await;
    is_covered(store, &tenant, (5, 3)).await;
    is_covered(store, &other, (2, 2)).await;
    a_place_is_taken_once(store, &first, &other).await;
    two_at_once_are_one(store, &tenant).await;
    is_covered(store, &tenant, (5, 5)).await;
    lists_from_a_number(store, &first).await;
    texts_are_what_is_stored(store, &tenant, &other).await;
    a_reader_cannot_add(store).await;
}

/// A checkpoint of five more records than the newest one.
async fn next_after(store: &dyn Store) -> StoredCheckpoint {
    let newest = seen!(store, "reading the newest checkpoint", unit => unit.checkpoints().newest());
    let (number, size) = newest.map_or((0, 0), |newest| (newest.number + 1, newest.size));
    StoredCheckpoint {
        number,
        size: size + 5,
        root: "ab".repeat(32),
        note: format!("portcullis.example/trail\n{}\nroot\n\n— key sig\n", size + 5),
        frontier: vec!["cd".repeat(32), "ef".repeat(32)],
        created_at: fixtures::time(7),
    }
}

fn span(first_index: u64, tenant: &TenantId, first_sequence: u64, last_sequence: u64) -> CheckpointSpan {
    let last_hash = format!("{last_sequence:064x}");
    CheckpointSpan { first_index, tenant: tenant.clone(), first_sequence, last_sequence, last_hash }
}

async fn record(store: &dyn Store, tenant: &TenantId, count: i64) {
    let events: Vec<_> =
        (0..count).map(|n| fixtures::event(&IDS, AuditEventType::McpServerRegistered, n)).collect();
    committed!(store, "appending events", unit => unit.audit_log().append(tenant, &events));
}

async fn is_covered(store: &dyn Store, tenant: &TenantId, expected: (u64, u64)) {
    let all = seen!(store, "reading the coverage", unit => unit.checkpoints().coverage());
    assert!(all.is_sorted_by(|a, b| a.tenant < b.tenant), "coverage names each chain once, in order");
    let own: Option<&ChainCoverage> = all.iter().find(|chain| chain.tenant == *tenant);
    let found = own.map(|chain| (chain.head, chain.covered));
    assert_eq!(found, Some(expected), "coverage tells each chain's head and how far it is covered");
    let newest = seen!(store, "reading the newest span", unit => unit.checkpoints().covered(tenant));
    let owner = newest.as_ref().map(|span| span.tenant.clone());
    assert!(owner.is_none_or(|owner| owner == *tenant), "a tenant is told of own spans only");
    let covered = newest.as_ref().map_or(0, |span| span.last_sequence);
    assert_eq!(covered, expected.1, "the newest span of a tenant is the last one");
    let hash = own.and_then(|chain| chain.covered_hash.clone());
    assert_eq!(hash, newest.map(|span| span.last_hash), "coverage names the hash of the newest span");
}

async fn dropped_is_forgotten(store: &dyn Store, checkpoint: &StoredCheckpoint, spans: &[CheckpointSpan]) {
    let mut unit = writing(store).await;
    done("adding a checkpoint", unit.checkpoints().append(checkpoint, spans).await);
    drop(unit);
    let newest = seen!(store, "reading the newest checkpoint", unit => unit.checkpoints().newest());
    assert_ne!(newest.as_ref(), Some(checkpoint), "a checkpoint that was rolled back is not there");
    let left = seen!(store, "reading spans", unit => unit.checkpoints().spans(checkpoint.size - 5, u16::MAX));
    assert_eq!(left, [], "nor are its spans");
}

async fn kept_as_given(store: &dyn Store, checkpoint: &StoredCheckpoint, spans: &[CheckpointSpan]) {
    let newest = seen!(store, "reading the newest checkpoint", unit => unit.checkpoints().newest());
    assert_eq!(newest.as_ref(), Some(checkpoint), "a checkpoint is kept as given");
    let from = checkpoint.size - 5;
    let kept = seen!(store, "reading spans", unit => unit.checkpoints().spans(from, 9));
    assert_eq!(kept, spans, "spans are kept as given, in the order of the tree");
    let one = seen!(store, "reading spans", unit => unit.checkpoints().spans(from + 1, 1));
    assert_eq!(one, spans[1..], "spans are read from a place on, at most as many as asked for");
}

async fn a_place_is_taken_once(store: &dyn Store, first: &StoredCheckpoint, other: &TenantId) {
    let next = StoredCheckpoint { number: first.number + 1, size: first.size + 5, ..first.clone() };
    let same_number = StoredCheckpoint { size: next.size, ..first.clone() };
    let same_size = StoredCheckpoint { number: next.number, ..first.clone() };
    let free = span(first.size, other, 3, 7);
    let table = [
        ("a second checkpoint with its number", same_number, free.clone()),
        ("a second checkpoint with its size", same_size, free),
        ("a second span at its place", next.clone(), span(first.size - 5, other, 3, 7)),
        ("a second span from its sequence on", next, span(first.size, other, 1, 5)),
    ];
    for (what, checkpoint, taken) in table {
        let answer =
            attempted!(store, unit => unit.checkpoints().append(&checkpoint, std::slice::from_ref(&taken)));
        conflict(what, answer, codes::ALREADY_EXISTS);
    }
    let newest = seen!(store, "reading the newest checkpoint", unit => unit.checkpoints().newest());
    assert_eq!(newest.as_ref(), Some(first), "what was refused is not there");
}

/// Of two replicas that have seen the same newest checkpoint, one adds the next.
async fn two_at_once_are_one(store: &dyn Store, tenant: &TenantId) {
    let next = next_after(store).await;
    let rest = [span(next.size - 5, tenant, 4, 5)];
    committed!(store, "adding the next one", unit => unit.checkpoints().append(&next, &rest));
    let late = attempted!(store, unit => unit.checkpoints().append(&next, &rest));
    conflict("the same checkpoint by another replica", late, codes::ALREADY_EXISTS);
}

async fn lists_from_a_number(store: &dyn Store, first: &StoredCheckpoint) {
    let mut unit = reading(store).await;
    let numbers = |rows: Vec<StoredCheckpoint>| rows.iter().map(|row| row.number).collect::<Vec<_>>();
    for (from, limit, expected) in [
        (first.number, 9, vec![first.number, first.number + 1]),
        (first.number, 1, vec![first.number]),
        (first.number + 1, 9, vec![first.number + 1]),
        (first.number + 2, 9, vec![]),
    ] {
        let rows = done("listing checkpoints", unit.checkpoints().list(from, limit).await);
        assert_eq!(numbers(rows), expected, "checkpoints from a number on, in order, at most {limit}");
    }
    drop(unit);
}

async fn texts_are_what_is_stored(store: &dyn Store, tenant: &TenantId, other: &TenantId) {
    let mut unit = reading(store).await;
    let texts = done("reading texts", unit.audit_log().texts(tenant, 2, 3).await);
    let listed = unit.audit_log().list(tenant, &EventFilter::default(), &PageRequest::default()).await;
    let mut events = done("listing events", listed).items;
    events.sort_by_key(|event| event.sequence);
    let read: Vec<_> =
        texts.iter().map(|text| serde_json::from_str::<serde_json::Value>(text).ok()).collect();
    let shown = events.iter().map(|event| serde_json::to_value(event).ok());
    assert_eq!(read, shown.skip(1).take(3).collect::<Vec<_>>(), "texts are events");
    let foreign = done("reading texts", unit.audit_log().texts(other, 1, 9).await);
    assert_eq!(foreign.len(), 2, "a tenant's texts are own ones only");
}

async fn a_reader_cannot_add(store: &dyn Store) {
    let next = next_after(store).await;
    let mut unit = reading(store).await;
    refused("adding through a reader", unit.checkpoints().append(&next, &[]).await);
    let mut unit = writing(store).await;
    let newest = done("reading the newest checkpoint", unit.checkpoints().newest().await);
    assert_eq!(newest.map(|newest| newest.number + 1), Some(next.number), "what a writer reads is committed");
    commit(unit).await;
}
