//! Why nothing is signed. Each says what does not fit, and what an operator can do.

use portcullis_schemas::ids::TenantId;
use portcullis_trail::chain::{Break, RecordError};
use portcullis_trail::checkpoint::CheckpointError;
use portcullis_trail::note::KeyError;

/// Nothing is signed. Safe to log: it holds numbers, digests, tenants and names of members.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointRefusal {
    /// The name of the log cannot be that of a key.
    #[error("trail.origin: {0}")]
    Origin(#[source] KeyError),
    /// There is nothing to sign with.
    #[error("signing keys: expected at least one")]
    NoKey,
    /// A stored checkpoint was not signed by this log's keys, or its text was changed.
    #[error(
        "checkpoint {number} in the database: {cause}; expected one of this log: set trail.origin and the signing keys to \
         what they were, earlier keys first"
    )]
    Untrusted {
        /// Which.
        number: u64,
        /// What is wrong with it.
        #[source]
        cause: CheckpointError,
    },
    /// What is stored beside the note is something else.
    #[error(
        "checkpoint {number} in the database: size, root and tree are not what was signed; it was changed: restore the \
         database from a backup"
    )]
    Stored {
        /// Which.
        number: u64,
    },
    /// The spans cover more or less than the newest checkpoint.
    #[error(
        "the database: {signed} records are signed, but its spans and records cover {covered}; it was changed: restore it \
         from a backup"
    )]
    Coverage {
        /// By the spans.
        covered: u64,
        /// By the newest checkpoint.
        signed: u64,
    },
    /// Signed records are gone.
    #[error(
        "tenant {tenant}: its records up to {covered} are signed, but the newest one is {head}: restore the database from a \
         backup"
    )]
    Cut {
        /// Whose.
        tenant: TenantId,
        /// The newest record.
        head: u64,
        /// The newest one that is signed.
        covered: u64,
    },
    /// A span's hash is none.
    #[error(
        "tenant {tenant}: the hash of its newest signed record cannot be read: restore the database from a backup"
    )]
    Span {
        /// Whose.
        tenant: TenantId,
    },
    /// A record cannot be read.
    #[error(
        "tenant {tenant}, record {sequence}: {cause}; it was changed: restore the database from a backup"
    )]
    Unreadable {
        /// Whose.
        tenant: TenantId,
        /// Which.
        sequence: u64,
        /// Why.
        #[source]
        cause: RecordError,
    },
    /// A chain does not hold.
    #[error("tenant {tenant}: {cause}; it was changed: restore the database from a backup")]
    Broken {
        /// Whose.
        tenant: TenantId,
        /// Where and how.
        #[source]
        cause: Break,
    },
    /// The database is older than what was exported from it.
    #[error(
        "checkpoint {kept} is kept outside of the database, which does not have it: the database was put back to an older \
         state, or is another one. Restore the newer state; to go on without it, move the kept checkpoints away, and tell \
         your auditors"
    )]
    RolledBack {
        /// The newest one that is kept.
        kept: u64,
    },
    /// Two checkpoints have one number.
    #[error(
        "checkpoint {number} is another one in the database than the one that is kept outside of it: history was rewritten, \
         or these are checkpoints of another database"
    )]
    Forked {
        /// Which.
        number: u64,
    },
}
