//! The audit trail in the database: chained on the way in, handed out as stored.
//!
//! A row's `record` column is the event: its canonical JSON with its hash. The other columns are copies, for look-ups
//! only; what is listed and what is verified is read from `record`. A changed copy can hide an event from a filter,
//! never from [`range`](portcullis_schemas::logs::ports::AuditLog::range), and the chain shows a changed record.

mod append;
mod audit_log;
mod chain;
mod checkpoint_directory;
mod checkpoint_rows;
mod checkpoints;
mod look_up;
mod rows;
mod subjects;

pub(crate) use self::append::Appender;
pub use self::audit_log::SqlAuditLog;
pub(crate) use self::chain::Head;
pub use self::checkpoint_directory::CheckpointDirectory;
pub use self::checkpoints::SqlCheckpoints;
