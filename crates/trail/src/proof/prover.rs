//! Makes the proof of one record out of an export, in one pass.

use super::RecordProof;
use crate::chain::StoredRecord;
use crate::checkpoint::Checkpoint;
use crate::digest::Digest;
use crate::export::Line;
use crate::note::SignedNote;
use crate::tree::{CompactRange, Node, fold, inclusion_ranges, record_leaf};

/// Takes the lines of an export in order and keeps what proves one record against the last checkpoint behind it: a
/// hash or two for each doubling of the log, and no other record. Trusts the export; [`RecordProof::verify`] does not.
#[derive(Debug)]
pub struct RecordProver {
    tenant: String,
    sequence: u64,
    /// The records before the one to be proven, or all of them as long as it was not found.
    before: CompactRange,
    found: Option<Found>,
}

#[derive(Debug)]
struct Found {
    record: String,
    index: u64,
    after: CompactRange,
    /// The last checkpoint behind the record, with the proof for it.
    proven: Option<(SignedNote, Vec<Digest>)>,
}

impl RecordProver {
    /// A proof of the record with this place in the tenant's chain is wanted.
    #[must_use]
    pub fn new(tenant: impl Into<String>, sequence: u64) -> Self {
        let before = CompactRange::default();
        Self { tenant: tenant.into(), sequence, before, found: None }
    }

    /// Takes the next line, without its line feed.
    ///
    /// # Errors
    /// The line cannot be read or is out of order. Verify the export: it says more.
    pub fn push(&mut self, line: &[u8]) -> Result<(), ProveError> {
        match Line::read(line).map_err(|error| ProveError::Line(error.to_string()))? {
            Line::Header(_) => Ok(()),
            Line::Others { index, level, root } => self.append(index, level, root),
            Line::Record { index, record } => self.record(index, record),
            Line::Checkpoint { note, .. } => {
                self.checkpoint(note);
                Ok(())
            }
        }
    }

    /// The proof.
    ///
    /// # Errors
    /// The export has no such record, or no checkpoint behind it.
    pub fn finish(self) -> Result<RecordProof, ProveError> {
        let found = self.found.ok_or(ProveError::NotFound)?;
        let (checkpoint, hashes) = found.proven.ok_or(ProveError::Uncovered)?;
        Ok(RecordProof { record: found.record, index: found.index, hashes, checkpoint })
    }

    fn record(&mut self, index: u64, bytes: &[u8]) -> Result<(), ProveError> {
        let record = StoredRecord::read(bytes).map_err(|error| ProveError::Line(error.to_string()))?;
        let wanted = record.sequence() == self.sequence && record.tenant() == self.tenant;
        if !wanted || self.found.is_some() {
            return self.append(index, 0, record_leaf(&record.hash()));
        }
        if index != self.before.end() {
            return Err(ProveError::Order { index });
        }
        self.found = Some(Found {
            // No character is lost: what was read above is UTF-8.
            record: String::from_utf8_lossy(bytes).into_owned(),
            index,
            after: CompactRange::starting_at(index + 1),
            proven: None,
        });
        Ok(())
    }

    fn append(&mut self, index: u64, level: u32, hash: Digest) -> Result<(), ProveError> {
        let leaves = self.found.as_mut().map_or(&mut self.before, |found| &mut found.after);
        if index != leaves.end() || !leaves.takes(level) {
            return Err(ProveError::Order { index });
        }
        leaves.push(level, hash);
        Ok(())
    }

    /// Proves the record for this checkpoint, if it covers it and stands at its place.
    fn checkpoint(&mut self, note: SignedNote) {
        let Some(found) = &mut self.found else { return };
        let size = found.after.end();
        if Checkpoint::parse(note.text()).is_ok_and(|checkpoint| checkpoint.size == size) {
            let hashes = path(found.index, self.before.nodes(), &found.after);
            found.proven = hashes.map(|hashes| (note, hashes));
        }
    }
}

/// The inclusion proof of the leaf at `index`, out of what stands for the leaves before and after it.
fn path(index: u64, before: &[Node], after: &CompactRange) -> Option<Vec<Digest>> {
    // Every sibling on the left is one perfect subtree; the smallest comes first in the proof.
    let mut before = before.iter().rev();
    let subtrees: Vec<_> = after.subtrees().collect();
    let mut rest = subtrees.as_slice();
    let mut hashes = Vec::new();
    for sibling in inclusion_ranges(index, after.end())? {
        if sibling.end <= index {
            hashes.push(before.next()?.hash);
        } else {
            let within = rest.partition_point(|(start, _)| *start < sibling.end);
            let nodes: Vec<_> = rest[..within].iter().map(|(_, node)| *node).collect();
            hashes.push(fold(&nodes)?);
            rest = &rest[within..];
        }
    }
    Some(hashes)
}

/// An export gives no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// A line cannot be read.
    #[error("unreadable line; {0}")]
    Line(String),
    /// A line does not follow the one before.
    #[error("log index {index} out of order; verify the export to see what is missing")]
    Order {
        /// The index of the line.
        index: u64,
    },
    /// The record is not there.
    #[error("record not found, expected a tenant and sequence that the export shows")]
    NotFound,
    /// Nothing signed covers the record.
    #[error("record is not covered, expected a checkpoint behind it: export again after the next one")]
    Uncovered,
}
