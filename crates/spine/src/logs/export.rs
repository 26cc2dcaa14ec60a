//! Exports the trail as a text that an auditor verifies alone: the records in the order of the tree, up to the newest
//! checkpoint. What is stored is written as it is; whether it holds is the verifier's business.

use std::collections::BTreeSet;
use std::io;

use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::checkpoint::{CheckpointSpan, StoredCheckpoint};
use portcullis_schemas::store::Store;
use portcullis_trail::chain::{GENESIS, StoredRecord};
use portcullis_trail::checkpoint::Checkpoint;
use portcullis_trail::export::ExportWriter;
use portcullis_trail::note::SignedNote;

/// Checkpoints, spans or records read at a time.
const BATCH: u16 = 500;

/// Where the lines go.
type Out<'o> = dyn FnMut(&[u8]) -> io::Result<()> + Send + 'o;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many records, those of tenants that are not shown included.
    pub records: u64,
    /// How many checkpoints.
    pub checkpoints: u64,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Nothing was signed yet.
    #[error(
        "there is no checkpoint yet: start the server once, which makes one within a minute of the first record"
    )]
    Unsigned,
    /// A stored checkpoint is none.
    #[error(
        "checkpoint {number} in the database is no signed note; it was changed: restore the database from a backup"
    )]
    Stored {
        /// Which.
        number: u64,
    },
    /// The store failed.
    #[error("the database cannot be read: {0}")]
    Store(#[from] PortError),
    /// The export cannot be written.
    #[error("the export cannot be written: {0}")]
    Out(#[from] io::Error),
}

/// Writes the records of all tenants, or of those named, with every checkpoint. Holds no more than a batch.
///
/// # Errors
/// [`ExportError`]; what was written so far is no export.
pub async fn export(
    store: &dyn Store,
    tenants: Option<&BTreeSet<TenantId>>,
    out: &mut Out<'_>,
) -> Result<Exported, ExportError> {
    let newest = store.read().await?.checkpoints().newest().await?.ok_or(ExportError::Unsigned)?;
    let note = note_of(&newest)?;
    let stored = |_| ExportError::Stored { number: newest.number };
    let origin = Checkpoint::parse(note.text()).map_err(stored)?.origin;
    let shown = tenants.map(|all| all.iter().map(ToString::to_string).collect());
    let mut line = Vec::new();
    let writer = ExportWriter::begin(&origin, shown.as_ref(), &mut line);
    let mut export = Export { store, tenants, writer, line, out, spans: Spans::default(), checkpoints: 0 };
    while export.checkpoints <= newest.number {
        let batch = store.read().await?.checkpoints().list(export.checkpoints, BATCH).await?;
        if batch.is_empty() {
            return Err(ExportError::Stored { number: export.checkpoints });
        }
        for checkpoint in batch.iter().take_while(|checkpoint| checkpoint.number <= newest.number) {
            export.checkpoint(checkpoint).await?;
        }
    }
    Ok(Exported { records: export.writer.next_index(), checkpoints: export.checkpoints })
}

struct Export<'e, 'o> {
    store: &'e dyn Store,
    tenants: Option<&'e BTreeSet<TenantId>>,
    writer: ExportWriter,
    line: Vec<u8>,
    out: &'e mut Out<'o>,
    spans: Spans,
    checkpoints: u64,
}

/// Spans that were read and not yet written.
#[derive(Default)]
struct Spans {
    read: std::collections::VecDeque<CheckpointSpan>,
    from_index: u64,
}

impl Export<'_, '_> {
    /// The records that a checkpoint adds, then the checkpoint.
    async fn checkpoint(&mut self, checkpoint: &StoredCheckpoint) -> Result<(), ExportError> {
        while let Some(span) = self.next_span(checkpoint.size).await? {
            self.span(&span).await?;
        }
        self.writer.checkpoint(&note_of(checkpoint)?, &mut self.line);
        self.checkpoints = checkpoint.number + 1;
        self.flush()
    }

    /// The next span that begins below `size`.
    async fn next_span(&mut self, size: u64) -> Result<Option<CheckpointSpan>, PortError> {
        if self.spans.read.is_empty() {
            let read = self.store.read().await?.checkpoints().spans(self.spans.from_index, BATCH).await?;
            self.spans.from_index = read.last().map_or(self.spans.from_index, |last| last.first_index + 1);
            self.spans.read = read.into();
        }
        Ok(self.spans.read.pop_front_if(|span| span.first_index < size))
    }

    async fn span(&mut self, span: &CheckpointSpan) -> Result<(), ExportError> {
        let is_shown = self.tenants.is_none_or(|tenants| tenants.contains(&span.tenant));
        let mut from = span.first_sequence;
        while from <= span.last_sequence {
            let limit = u16::try_from(span.last_sequence - from + 1).unwrap_or(BATCH).min(BATCH);
            let texts = self.store.read().await?.audit_log().texts(&span.tenant, from, limit).await?;
            if texts.is_empty() {
                break;
            }
            from += texts.len() as u64;
            for text in &texts {
                if is_shown {
                    self.writer.record(text, &mut self.line);
                } else {
                    // A record that cannot be read has no hash; with any other the signed root differs, which tells.
                    let hash = StoredRecord::read(text.as_bytes()).map_or(GENESIS, |record| record.hash());
                    self.writer.hide(&hash);
                }
            }
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        (self.out)(&self.line)?;
        self.line.clear();
        Ok(())
    }
}

fn note_of(checkpoint: &StoredCheckpoint) -> Result<SignedNote, ExportError> {
    checkpoint.note.parse().map_err(|_| ExportError::Stored { number: checkpoint.number })
}
