//! What is wrong with an export, and where.

use std::fmt;

use crate::chain::BreakKind;

/// One thing that does not hold. Safe to print: of the records it holds names of tenants, numbers and digests only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line, from 1; the last one for what is missing behind it.
    pub line: u64,
    /// The log index of the record, or the size that was reached at a checkpoint.
    pub index: Option<u64>,
    /// The tenant that the record says it belongs to.
    pub tenant: Option<String>,
    /// The sequence that the record says it has.
    pub sequence: Option<u64>,
    /// What does not hold.
    pub kind: FindingKind,
    /// What the place required and what was there.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(index) = self.index {
            write!(f, ", log index {index}")?;
        }
        if let Some(tenant) = &self.tenant {
            write!(f, ", tenant {tenant}")?;
        }
        if let Some(sequence) = self.sequence {
            write!(f, ", record {sequence}")?;
        }
        write!(f, ": {}; {}", self.kind, self.detail)
    }
}

/// What does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindingKind {
    /// The export does not begin with its header, or has a second one.
    #[error("no header where one belongs")]
    Header,
    /// The header names other tenants than were expected.
    #[error("not the export that was asked for")]
    Scope,
    /// A line, or the record in it, cannot be read.
    #[error("unreadable line")]
    Line,
    /// A line is missing, doubled or out of place.
    #[error("log index out of order")]
    Index,
    /// A record stands where none of its tenant may, or records are hidden though all are to be shown.
    #[error("record that does not belong into this export")]
    Foreign,
    /// A tenant's chain does not hold.
    #[error(transparent)]
    Chain(BreakKind),
    /// A checkpoint is malformed, or not signed by a trusted key of this log.
    #[error("checkpoint cannot be trusted")]
    Signature,
    /// A checkpoint does not stand where its size or its number says.
    #[error("checkpoint out of place")]
    Place,
    /// The records are not those that the checkpoint's signature covers.
    #[error("records differ from what was signed")]
    Root,
    /// Records follow the newest trusted checkpoint, or there is none.
    #[error("records that no signature covers")]
    Uncovered,
    /// The records differ from a checkpoint or head that was known before.
    #[error("history was rewritten")]
    Rewritten,
    /// A checkpoint that was known before lies within a run of hidden records, so it cannot be compared.
    #[error("known checkpoint lies within hidden records")]
    Obscured,
    /// The export ends before a checkpoint or head that was known before.
    #[error("newest records are missing")]
    RolledBack,
}
