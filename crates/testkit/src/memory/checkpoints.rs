//! Checkpoints in memory, and a place outside of the store that keeps them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::checkpoint::{ChainCoverage, CheckpointSpan, KeptCheckpoint, StoredCheckpoint};
use portcullis_schemas::logs::event::AuditEvent;
use portcullis_schemas::logs::ports::{CheckpointSink, CheckpointStore};
use portcullis_schemas::{PortError, PortErrorKind, codes};

use super::rules::taken;
use super::unit::MemoryUnit;
use crate::lock::locked;

#[async_trait]
impl CheckpointStore for MemoryUnit {
    async fn newest(&mut self) -> Result<Option<StoredCheckpoint>, PortError> {
        Ok(self.rows().checkpoints.iter().max_by_key(|row| row.number).cloned())
    }

    async fn list(&mut self, from: u64, limit: u16) -> Result<Vec<StoredCheckpoint>, PortError> {
        let mut rows: Vec<_> =
            self.rows().checkpoints.iter().filter(|row| row.number >= from).cloned().collect();
        rows.sort_by_key(|row| row.number);
        rows.truncate(usize::from(limit));
        Ok(rows)
    }

    async fn spans(&mut self, from_index: u64, limit: u16) -> Result<Vec<CheckpointSpan>, PortError> {
        let mut rows: Vec<_> =
            self.rows().spans.iter().filter(|row| row.first_index >= from_index).cloned().collect();
        rows.sort_by_key(|row| row.first_index);
        rows.truncate(usize::from(limit));
        Ok(rows)
    }

    async fn coverage(&mut self) -> Result<Vec<ChainCoverage>, PortError> {
        let rows = self.rows();
        let of = |tenant: &TenantId, chain: &Vec<Arc<AuditEvent>>| {
            let head = chain.last()?.sequence;
            let span = newest_span(rows.spans.iter().filter(|span| span.tenant == *tenant));
            let covered = span.map_or(0, |span| span.last_sequence);
            let covered_hash = span.map(|span| span.last_hash.clone());
            Some(ChainCoverage { tenant: tenant.clone(), head, covered, covered_hash })
        };
        Ok(rows.events.iter().filter_map(|(tenant, chain)| of(tenant, chain)).collect())
    }

    async fn covered(&mut self, tenant: &TenantId) -> Result<Option<CheckpointSpan>, PortError> {
        let rows = self.rows();
        Ok(newest_span(rows.spans.iter().filter(|span| rows.sees(tenant, &span.tenant))).cloned())
    }

    async fn append(
        &mut self,
        checkpoint: &StoredCheckpoint,
        spans: &[CheckpointSpan],
    ) -> Result<(), PortError> {
        let rows = self.change()?;
        let is_same = |row: &StoredCheckpoint| row.number == checkpoint.number || row.size == checkpoint.size;
        if rows.checkpoints.iter().any(is_same) {
            return Err(taken("the number or size of a checkpoint"));
        }
        for span in spans {
            let begins_alike = |row: &CheckpointSpan| {
                row.first_index == span.first_index
                    || (row.tenant == span.tenant && row.first_sequence == span.first_sequence)
            };
            if rows.spans.iter().any(begins_alike) {
                return Err(taken("the beginning of a span"));
            }
            rows.spans.push(span.clone());
        }
        rows.checkpoints.push(checkpoint.clone());
        Ok(())
    }
}

fn newest_span<'s>(spans: impl Iterator<Item = &'s CheckpointSpan>) -> Option<&'s CheckpointSpan> {
    spans.max_by_key(|span| span.first_sequence)
}

/// Keeps checkpoints in memory.
#[derive(Debug, Default)]
pub struct MemoryCheckpointSink {
    kept: Mutex<BTreeMap<u64, String>>,
}

impl MemoryCheckpointSink {
    /// One that keeps nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The notes that are kept, in order.
    pub fn notes(&self) -> Vec<String> {
        locked(&self.kept).values().cloned().collect()
    }
}

#[async_trait]
impl CheckpointSink for MemoryCheckpointSink {
    async fn keep(&self, checkpoint: &KeptCheckpoint) -> Result<(), PortError> {
        let mut kept = locked(&self.kept);
        let note = kept.entry(checkpoint.number).or_insert_with(|| checkpoint.note.clone());
        if *note == checkpoint.note {
            return Ok(());
        }
        let detail = "another checkpoint is kept under this number";
        Err(PortError::new(PortErrorKind::Conflict, codes::STATE_CONFLICT, detail))
    }

    async fn newest(&self) -> Result<Option<KeptCheckpoint>, PortError> {
        let kept = locked(&self.kept);
        Ok(kept.last_key_value().map(|(number, note)| KeptCheckpoint { number: *number, note: note.clone() }))
    }
}
