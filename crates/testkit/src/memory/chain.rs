//! The chain of events in memory, and a verifier for its own hash.

use std::collections::BTreeMap;

use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::event::{AuditEvent, AuditEventDraft};
use portcullis_schemas::{PortError, PortErrorKind, codes};
use serde_json::Value;

use super::RecordHash;
use crate::hashing::{digest_of, hex};

/// Stands before the first event.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The hash of a record without its `hash`: not the one that auditors verify, only one that changes with the record.
pub(crate) fn own_hash(record: &Value) -> String {
    hex(&digest_of(&[text_of(record).as_bytes()]))
}

/// Gives a draft its place after `last`.
pub(crate) fn link(
    tenant: &TenantId,
    last: Option<&AuditEvent>,
    draft: &AuditEventDraft,
    hash: &RecordHash,
) -> Result<AuditEvent, PortError> {
    let mut event = AuditEvent {
        tenant_id: tenant.clone(),
        sequence: last.map_or(1, |last| last.sequence + 1),
        event_id: draft.event_id.clone(),
        event_type: draft.event_type,
        occurred_at: draft.occurred_at,
        actor: draft.actor.clone(),
        request_id: draft.request_id.clone(),
        subject: draft.subject.iter().map(|(name, id)| ((*name).to_owned(), id.clone().into())).collect(),
        facts: draft.facts.clone(),
        previous_hash: last.map_or(GENESIS, |last| last.hash.as_str()).to_owned(),
        hash: String::new(),
    };
    event.hash = hash(&without_hash(record_of(&event)?));
    Ok(event)
}

/// The event as JSON.
pub(crate) fn record_of(event: &AuditEvent) -> Result<Value, PortError> {
    serde_json::to_value(event).map_err(|error| {
        PortError::new(PortErrorKind::Corrupt, codes::STORE_CORRUPT, "an event is not JSON")
            .with_source(error)
    })
}

/// A record as text, its members in order of their names, whatever order the build keeps them in.
pub(crate) fn text_of(record: &Value) -> String {
    in_order(record).to_string()
}

fn in_order(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, Value> =
                members.iter().map(|(name, value)| (name, in_order(value))).collect();
            Value::Object(sorted.into_iter().map(|(name, value)| (name.clone(), value)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(in_order).collect()),
        other => other.clone(),
    }
}

/// Recomputes a chain from its first event on.
pub(crate) fn verify(events: &[Value]) -> Result<(), String> {
    let mut previous = GENESIS.to_owned();
    for (index, record) in events.iter().enumerate() {
        if record["sequence"] != index + 1 {
            return Err(format!("event {} stands at place {}", record["sequence"], index + 1));
        }
        if record["previous_hash"] != previous.as_str() {
            return Err(format!("event {} does not follow the one before it", index + 1));
        }
        let found = own_hash(&without_hash(record.clone()));
        if record["hash"] != found.as_str() {
            return Err(format!("event {} is not what was hashed", index + 1));
        }
        previous = found;
    }
    Ok(())
}

fn without_hash(mut record: Value) -> Value {
    if let Some(members) = record.as_object_mut() {
        members.remove("hash");
    }
    record
}
