//! Which events are about a thing: `audit_event_subjects`, an index that is written a block of a chain at a time.
//!
//! An event names some four ids, and the rows of each lie in another place of the index: written with their event they
//! were a third of what a commit writes. So the transaction that fills a block writes the rows of all its events, and
//! notes in `audit_events_indexed` how far the index goes. Whoever asks reads the events after that one by one: less than a
//! block, unless an earlier version has written beside this one. That writes the rows of its events, and notes nothing.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect, QueryTrait};
use serde::Deserialize;

use super::rows::{event, indexed, subject};
use crate::bulk::Script;
use crate::database::Session;
use crate::tenancy::TenantRows;

/// Events of a block.
const BLOCK: i64 = 256;
/// Most events that one transaction puts into the index; what is left is the next one's.
const MOST: i64 = 16 * BLOCK;
/// The longest id that is indexed, in bytes: what a tree of PostgreSQL takes in any case.
const LONGEST_ID: usize = 512;
const NOTE: &str = "INSERT INTO audit_events_indexed (tenant_id, sequence) VALUES ($1, $2) \
    ON CONFLICT (tenant_id) DO UPDATE SET sequence = excluded.sequence";

/// The newest event of a chain up to which the index is whole; 0 when there is none.
pub(super) async fn indexed_to(session: &dyn Session, tenant: &TenantId) -> Result<i64, PortError> {
    let query = indexed::Entity::in_tenant(tenant).select_only().column(indexed::Column::Sequence);
    match session.read(&query.into_query()).await?.first() {
        Some(row) => row.number(0),
        None => Ok(0),
    }
}

/// Whether an event is about this id, as the index would tell. One that cannot be read is about nothing.
pub(super) fn is_about(record: &str, id: &str) -> bool {
    ids(record).contains(id)
}

/// Events of one chain that are new: the first of them and the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Added {
    first: i64,
    last: i64,
}

/// Which blocks are full, now that events have been added.
#[derive(Debug, Default)]
pub(super) struct Blocks(BTreeMap<TenantId, Added>);

impl Blocks {
    /// An event has been added.
    pub(super) fn add(&mut self, tenant: &TenantId, sequence: i64) {
        let added = self.0.entry(tenant.clone()).or_insert(Added { first: sequence, last: sequence });
        added.last = sequence;
    }

    /// Writes the index of those that are full, from the events that the session has written. Rows that are there
    /// already stay.
    pub(super) async fn index(self, session: &dyn Session) -> Result<(), PortError> {
        let mut script = Script::on(session);
        for (tenant, added) in self.0 {
            let full = last_of_block(added.last);
            if full < added.first {
                continue;
            }
            let from = indexed_to(session, &tenant).await?;
            let to = full.min(from + MOST);
            script.insert_new(rows(session, &tenant, from, to).await?);
            script.add_text(NOTE, [tenant.as_str().into(), to.into()], 1);
        }
        script.run(session).await
    }
}

/// The last event of the newest block that is full, in a chain of this length.
fn last_of_block(length: i64) -> i64 {
    length - length.rem_euclid(BLOCK)
}

/// The rows of the events after `from`, up to `to`, in the order of the index.
async fn rows(
    session: &dyn Session,
    tenant: &TenantId,
    from: i64,
    to: i64,
) -> Result<Vec<subject::Model>, PortError> {
    let events = event::Entity::in_tenant(tenant)
        .select_only()
        .columns([event::Column::Sequence, event::Column::Record])
        .filter(event::Column::Sequence.gt(from))
        .filter(event::Column::Sequence.lte(to));
    let mut found = Vec::new();
    for row in session.read(&events.into_query()).await? {
        let sequence = row.number(0)?;
        found.extend(ids(&row.text(1)?).into_iter().map(|id| (id, sequence)));
    }
    found.sort_unstable();
    let tenant_id = tenant.as_str();
    let row =
        |(subject_id, sequence)| subject::Model { tenant_id: tenant_id.to_owned(), subject_id, sequence };
    Ok(found.into_iter().map(row).collect())
}

/// The different ids of an event's subject that can be indexed: on PostgreSQL no text holds a NUL.
fn ids(record: &str) -> BTreeSet<String> {
    #[derive(Deserialize)]
    struct About {
        subject: BTreeMap<String, String>,
    }
    let about = serde_json::from_str::<About>(record).map(|about| about.subject).unwrap_or_default();
    about.into_values().filter(|id| id.len() <= LONGEST_ID && !id.contains('\0')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_blocks_are_indexed() {
        for (length, expected) in [(0, 0), (1, 0), (255, 0), (256, 256), (257, 256), (511, 256), (512, 512)] {
            assert_eq!(last_of_block(length), expected, "{length}");
        }
    }

    #[test]
    fn an_event_is_about_the_ids_of_its_subject_alone() {
        let record = r#"{"facts":{"tool_id":"tool_3"},"request_id":"req_1","subject":{"a":"tool_1","b":"tool_1","c":"run"}}"#;
        assert_eq!(ids(record), BTreeSet::from(["run".to_owned(), "tool_1".to_owned()]));
        assert!(is_about(record, "tool_1"));
        assert!(!is_about(record, "tool_3"));
        for damaged in ["", "{", "{}", r#"{"subject":null}"#, r#"{"subject":{"a":1}}"#] {
            assert!(ids(damaged).is_empty(), "{damaged}");
        }
        let strange =
            format!(r#"{{"subject":{{"a":"x\u0000","b":"{}","c":""}}}}"#, "x".repeat(LONGEST_ID + 1));
        assert_eq!(ids(&strange), BTreeSet::from([String::new()]));
    }
}
