//! The suite of [`AuditLog`](portcullis_schemas::logs::ports::AuditLog).

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::event::{AuditEvent, AuditEventDraft, AuditEventType};
use portcullis_schemas::logs::ports::EventFilter;
use portcullis_schemas::store::Store;
use serde_json::{Map, Value, json};

use super::steps::{IDS, done, reading, two_tenants, writing};
use crate::fixtures;

/// Says what is wrong with one tenant's whole chain, given oldest first, as records with their hashes.
pub type ChainVerifier<'a> = dyn Fn(&[Value]) -> Result<(), String> + Sync + 'a;

/// Events are chained per tenant without a gap, kept as given, and listed newest first; a verifier finds the chain
/// whole, and every change of it.
pub async fn audit_log(store: &dyn Store, verify: &ChainVerifier<'_>) {
    let (tenant, other) = two_tenants(store).await;
    let drafts = drafts();
    append(store, &tenant, &drafts[..1]).await;
    append(store, &other, &drafts[..1].iter().map(renamed).collect::<Vec<_>>()).await;
    append(store, &tenant, &drafts[1..4]).await;
    isolates_tenants(store, &other, &drafts).await;
    a_rollback_leaves_no_gap(store, &tenant, &drafts[4]).await;
    append(store, &tenant, &[]).await;
    append(store, &tenant, &drafts[4..]).await;

    events_are_kept_as_given(store, &tenant, &drafts).await;
    lists_by_filter(store, &tenant, &drafts).await;
    ranges_are_bounded(store, &tenant).await;
    let chain = range(store, &tenant, 1, u16::MAX).await;
    chain_is_linked(&tenant, &chain);
    verifier_finds_every_change(&chain, verify);
    finds_events_of_long_chains(store).await;
}

fn drafts() -> Vec<AuditEventDraft> {
    use AuditEventType::{CredentialAccessed, McpServerRegistered, ToolInvocationRequested};
    let types = [McpServerRegistered, ToolInvocationRequested, CredentialAccessed, ToolInvocationRequested];
    let mut drafts: Vec<_> =
        types.into_iter().cycle().zip(0..7).map(|(t, n)| fixtures::event(&IDS, t, n)).collect();
    drafts[2].request_id = None;
    drafts[2].actor.key_id = None;
    drafts[3].facts.insert("nested".to_owned(), json!({ "z": [1, 2.5, null, true], "a": "é漢\"\\\n" }));
    drafts[4].subject = Vec::new();
    drafts[4].facts.clear();
    drafts[5].subject = vec![("server_id", "mcp_x".to_owned()), ("tool_id", "tool_x".to_owned())];
    // Sequence is the order of the chain; the wall clock may have gone back.
    drafts[6].occurred_at = fixtures::time(-1000);
    drafts
}

fn renamed(draft: &AuditEventDraft) -> AuditEventDraft {
    AuditEventDraft { event_id: fixtures::event(&IDS, draft.event_type, 0).event_id, ..draft.clone() }
}

async fn a_rollback_leaves_no_gap(store: &dyn Store, tenant: &TenantId, draft: &AuditEventDraft) {
    let mut unit = writing(store).await;
    done("appending", unit.audit_log().append(tenant, std::slice::from_ref(draft)).await);
    drop(unit);
    assert_eq!(
        range(store, tenant, 1, u16::MAX).await.len(),
        4,
        "an event that was rolled back is not there"
    );
}

async fn events_are_kept_as_given(store: &dyn Store, tenant: &TenantId, drafts: &[AuditEventDraft]) {
    let events = list(store, tenant, &EventFilter::default()).await;
    assert_eq!(events.len(), drafts.len(), "every event is there");
    let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
    assert!(
        sequences.iter().rev().copied().eq(1..=7),
        "listed newest first, from 1 without gaps: {sequences:?}"
    );
    for (event, draft) in events.iter().rev().zip(drafts) {
        let found = (
            &event.event_id,
            event.event_type,
            event.occurred_at,
            &event.actor,
            &event.request_id,
            &event.facts,
        );
        let given = (
            &draft.event_id,
            draft.event_type,
            draft.occurred_at,
            &draft.actor,
            &draft.request_id,
            &draft.facts,
        );
        assert_eq!(found, given, "an event is kept as given");
        let subject: Map<_, _> =
            draft.subject.iter().map(|(name, id)| ((*name).to_owned(), json!(id))).collect();
        assert_eq!(event.subject, subject, "and what it is about");
        assert_eq!(&event.tenant_id, tenant, "in its tenant's chain");
    }
}

async fn lists_by_filter(store: &dyn Store, tenant: &TenantId, drafts: &[AuditEventDraft]) {
    let type_is = |wanted: AuditEventType| move |draft: &&AuditEventDraft| draft.event_type == wanted;
    let requested = AuditEventType::ToolInvocationRequested;
    let by_type = EventFilter { types: vec![requested], subject: None };
    let about = drafts[1].subject[0].1.clone();
    let by_subject = EventFilter { types: Vec::new(), subject: Some(about.clone()) };
    let by_second_member = EventFilter { types: Vec::new(), subject: Some("tool_x".to_owned()) };
    let by_both = EventFilter { types: vec![AuditEventType::CredentialAccessed], subject: Some(about) };
    let by_part = EventFilter { types: Vec::new(), subject: Some("tool_".to_owned()) };
    let two_types = EventFilter { types: vec![requested, AuditEventType::CredentialAccessed], subject: None };
    let requested_count = drafts.iter().filter(type_is(requested)).count();
    let accessed_count = drafts.iter().filter(type_is(AuditEventType::CredentialAccessed)).count();
    let table = [
        ("of a type", by_type, requested_count),
        ("of two types", two_types, requested_count + accessed_count),
        ("about an id", by_subject, 1),
        ("about an id that is not the first member", by_second_member, 1),
        ("of a type and about an id of another", by_both, 0),
        ("about a part of an id", by_part, 0),
    ];
    for (what, filter, expected) in table {
        assert_eq!(list(store, tenant, &filter).await.len(), expected, "events {what}");
    }
}

/// However a chain has grown, and wherever in it an event stands.
async fn finds_events_of_long_chains(store: &dyn Store) {
    use AuditEventType::{CredentialAccessed, ToolInvocationAllowed};
    let (tenant, _) = two_tenants(store).await;
    let about = EventFilter { types: Vec::new(), subject: Some("tool_x".to_owned()) };
    let about_and_rare = EventFilter { types: vec![CredentialAccessed], ..about.clone() };
    let rare = EventFilter { types: vec![CredentialAccessed], subject: None };
    let mut length = 0_usize;
    for more in [1, 254, 1, 1, 300, 40] {
        let numbers = length..length + more;
        let drafts: Vec<_> = numbers
            .map(|number| {
                let event_type = if number % 21 == 0 { CredentialAccessed } else { ToolInvocationAllowed };
                let tool = if number % 7 == 0 { "tool_x" } else { "tool_y" };
                let subject = vec![("server_id", "mcp_x".to_owned()), ("tool_id", tool.to_owned())];
                AuditEventDraft { subject, ..fixtures::event(&IDS, event_type, 0) }
            })
            .collect();
        append(store, &tenant, &drafts).await;
        length += more;
        for (filter, each) in [(&about, 7), (&about_and_rare, 21), (&rare, 21)] {
            let found: Vec<_> =
                list(store, &tenant, filter).await.iter().map(|event| event.sequence).collect();
            let expected: Vec<_> =
                (1..=length as u64).rev().filter(|sequence| (sequence - 1) % each == 0).collect();
            assert_eq!(found, expected, "of {length} events, those of {filter:?}");
        }
    }
}

async fn ranges_are_bounded(store: &dyn Store, tenant: &TenantId) {
    let sequences = |events: Vec<Value>| -> Vec<_> {
        events.iter().map(|event| event["sequence"].as_u64().unwrap_or(0)).collect()
    };
    for (from, limit, expected) in
        [(1, 3, vec![1, 2, 3]), (3, 2, vec![3, 4]), (7, 9, vec![7]), (8, 9, vec![])]
    {
        let found = sequences(range(store, tenant, from, limit).await);
        assert_eq!(found, expected, "a range from {from}, at most {limit}");
    }
}

async fn isolates_tenants(store: &dyn Store, other: &TenantId, drafts: &[AuditEventDraft]) {
    let theirs = range(store, other, 1, u16::MAX).await;
    assert_eq!(theirs.len(), 1, "a chain holds own events only");
    assert_eq!(theirs[0]["sequence"], 1, "and has its own numbers");
    let listed = list(store, other, &EventFilter::default()).await;
    assert_eq!(listed.len(), 1, "a list holds own events only");
    let about = EventFilter { types: Vec::new(), subject: Some(drafts[1].subject[0].1.clone()) };
    assert!(list(store, other, &about).await.is_empty(), "about a foreign id there is nothing");
}

fn chain_is_linked(tenant: &TenantId, chain: &[Value]) {
    let mut previous = "0".repeat(64);
    for (record, sequence) in chain.iter().zip(1_u64..) {
        assert_eq!(record["sequence"], sequence, "sequence numbers have no gap");
        assert_eq!(record["tenant_id"], tenant.as_str(), "an event names its tenant");
        assert_eq!(record["previous_hash"], previous, "event {sequence} follows the one before it");
        let hash = record["hash"].as_str().unwrap_or_default().to_owned();
        let is_digest = hash.len() == 64 && hash.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
        assert!(is_digest, "a hash is 64 lower-case hex digits");
        previous = hash;
    }
}

fn verifier_finds_every_change(chain: &[Value], verify: &ChainVerifier<'_>) {
    assert_eq!(verify(chain), Ok(()), "the verifier finds the chain whole");
    let changed = |place: usize, member: &str, value: Value| {
        let mut copy = chain.to_vec();
        copy[place][member] = value;
        copy
    };
    let mut swapped = chain.to_vec();
    swapped.swap(2, 3);
    let mut without = chain.to_vec();
    without.remove(3);
    let table = [
        ("a changed fact", changed(1, "facts", json!({}))),
        ("a changed actor", changed(2, "actor", json!({ "name": "nobody" }))),
        ("a changed time", changed(3, "occurred_at", json!("2026-07-28T12:00:09.000000Z"))),
        ("a changed type", changed(4, "event_type", json!("tool_invocation.denied"))),
        ("another tenant", changed(0, "tenant_id", json!("t_x"))),
        ("a changed hash", changed(5, "hash", json!("0".repeat(64)))),
        ("a changed link", changed(6, "previous_hash", json!("0".repeat(64)))),
        ("swapped events", swapped),
        ("a removed event", without),
        ("a removed first event", chain[1..].to_vec()),
    ];
    for (what, chain) in table {
        assert!(verify(&chain).is_err(), "the verifier must find {what}");
    }
}

async fn append(store: &dyn Store, tenant: &TenantId, drafts: &[AuditEventDraft]) {
    committed!(store, "appending events", unit => unit.audit_log().append(tenant, drafts));
}

async fn list(store: &dyn Store, tenant: &TenantId, filter: &EventFilter) -> Vec<AuditEvent> {
    let mut unit = reading(store).await;
    walked!(2, request => unit.audit_log().list(tenant, filter, &request))
}

async fn range(store: &dyn Store, tenant: &TenantId, from: u64, limit: u16) -> Vec<Value> {
    let texts =
        seen!(store, "reading a range of the chain", unit => unit.audit_log().texts(tenant, from, limit));
    texts.iter().map(|text| serde_json::from_str(text).expect("what is stored is JSON")).collect()
}
