//! An event gets its place in its tenant's chain. Pure.

use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::event::{AuditEvent, AuditEventDraft};
use portcullis_trail::chain::{FIRST_SEQUENCE, GENESIS, HASH, seal_record};
use serde_json::{Map, Value};

use super::rows::event;
use crate::rows::count;

/// The end of a tenant's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The sequence that the next event gets.
    pub(super) next_sequence: u64,
    /// The hash that the next event links to.
    pub(super) hash: String,
}

impl Head {
    /// Of a chain without events.
    pub(crate) fn genesis() -> Self {
        Self { next_sequence: FIRST_SEQUENCE, hash: GENESIS.to_string() }
    }

    /// Of a chain whose newest event is this one.
    pub(crate) fn after(sequence: u64, hash: String) -> Self {
        Self { next_sequence: sequence + 1, hash }
    }
}

/// The row of `draft` after `head`, and the head after it.
///
/// # Errors
/// `Corrupt` when the event has no canonical form: an integer beyond 2^53 in its facts.
pub(super) fn seal(
    tenant: &TenantId,
    head: &Head,
    draft: &AuditEventDraft,
) -> Result<(event::Model, Head), PortError> {
    let no_canonical_form =
        || PortError::corrupt("an event has no canonical form: use texts for large numbers");
    let subject: Map<String, Value> =
        draft.subject.iter().map(|(name, id)| ((*name).to_owned(), Value::String(id.clone()))).collect();
    let event = AuditEvent {
        tenant_id: tenant.clone(),
        sequence: head.next_sequence,
        event_id: draft.event_id.clone(),
        event_type: draft.event_type,
        occurred_at: draft.occurred_at,
        actor: draft.actor.clone(),
        request_id: draft.request_id.clone(),
        subject,
        facts: draft.facts.clone(),
        previous_hash: head.hash.clone(),
        hash: String::new(),
    };
    let mut record = serde_json::to_value(&event).map_err(|_| no_canonical_form())?;
    record.as_object_mut().ok_or_else(no_canonical_form)?.remove(HASH);
    let (hash, record) = seal_record(&record).map_err(|error| no_canonical_form().with_source(error))?;
    let hash = hash.to_string();
    let row = event::Model {
        tenant_id: tenant.as_str().to_owned(),
        sequence: count(event.sequence),
        event_id: event.event_id.to_string(),
        event_type: event.event_type.as_str().to_owned(),
        occurred_at: event.occurred_at.as_micros(),
        request_id: event.request_id,
        previous_hash: event.previous_hash,
        hash: hash.clone(),
        record: String::from_utf8(record).map_err(|_| no_canonical_form())?,
    };
    let next = Head { next_sequence: head.next_sequence + 1, hash };
    Ok((row, next))
}

#[cfg(test)]
mod tests;
