//! An event gets its place in its tenant's chain. Pure.

use std::collections::BTreeMap;
use std::error::Error;

use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::event::AuditEventDraft;
use portcullis_trail::chain::{FIRST_SEQUENCE, GENESIS, PREVIOUS_HASH, Part, SEQUENCE, TENANT, seal_record};
use portcullis_trail::digest::Digest;
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
    let (hash, record) = sealed(tenant, head, draft).map_err(|error| {
        PortError::corrupt("an event has no canonical form: use texts for large numbers").with_source(error)
    })?;
    let hash = hash.to_string();
    let row = event::Model {
        tenant_id: tenant.as_str().to_owned(),
        sequence: count(head.next_sequence),
        event_id: draft.event_id.to_string(),
        event_type: draft.event_type.as_str().to_owned(),
        occurred_at: draft.occurred_at.as_micros(),
        request_id: draft.request_id.clone(),
        previous_hash: head.hash.clone(),
        hash: hash.clone(),
        record,
    };
    Ok((row, Head { next_sequence: head.next_sequence + 1, hash }))
}

/// An [`AuditEvent`](portcullis_schemas::logs::event::AuditEvent) as it is stored. Its facts are not copied for that: it
/// is done for each event of a call by the one thread that writes them.
fn sealed(
    tenant: &TenantId,
    head: &Head,
    draft: &AuditEventDraft,
) -> Result<(Digest, String), Box<dyn Error + Send + Sync>> {
    let actor = serde_json::to_value(&draft.actor)?;
    let occurred_at = draft.occurred_at.to_string();
    let subject: Map<String, Value> =
        draft.subject.iter().map(|(name, id)| ((*name).to_owned(), Value::String(id.clone()))).collect();
    let members = BTreeMap::from([
        (TENANT, Part::Text(tenant.as_str())),
        (SEQUENCE, Part::Whole(head.next_sequence)),
        ("event_id", Part::Text(draft.event_id.as_str())),
        ("event_type", Part::Text(draft.event_type.as_str())),
        ("occurred_at", Part::Text(&occurred_at)),
        ("actor", Part::Value(&actor)),
        ("request_id", draft.request_id.as_deref().map_or(Part::Value(&Value::Null), Part::Text)),
        ("subject", Part::Object(&subject)),
        ("facts", Part::Object(&draft.facts)),
        (PREVIOUS_HASH, Part::Text(&head.hash)),
    ]);
    let (hash, record) = seal_record(members)?;
    Ok((hash, String::from_utf8(record).map_err(|error| error.utf8_error())?))
}

#[cfg(test)]
mod tests;
