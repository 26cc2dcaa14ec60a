//! Checkpoints: what was signed to be in the trail of all tenants, and which records that covers.

use crate::ids::TenantId;
use crate::timestamp::Timestamp;

/// A checkpoint as stored. What counts is the note; the rest is believed only where it agrees with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// Its place among the checkpoints, from 0 on without gaps.
    pub number: u64,
    /// How many records of all tenants it covers.
    pub size: u64,
    /// The root of the tree over them, 64 hex digits.
    pub root: String,
    /// The signed note (c2sp.org/tlog-checkpoint).
    pub note: String,
    /// The hashes from which the tree grows on, 64 hex digits each.
    pub frontier: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A run of one tenant's records in the tree. Spans stand in the tree one behind the other, without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointSpan {
    /// The place in the tree of its first record.
    pub first_index: u64,
    /// Whose records.
    pub tenant: TenantId,
    /// The sequence of the first one.
    pub first_sequence: u64,
    /// The sequence of the last one.
    pub last_sequence: u64,
    /// The hash of the last one, 64 hex digits; the next span's records go on from it.
    pub last_hash: String,
}

/// How far a tenant's chain is recorded, and how far checkpoints cover it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainCoverage {
    /// Whose chain.
    pub tenant: TenantId,
    /// The sequence of its newest record.
    pub head: u64,
    /// The sequence of its newest record that a checkpoint covers; 0 if none does.
    pub covered: u64,
    /// The hash of that record, 64 hex digits; absent if there is none.
    pub covered_hash: Option<String>,
}

/// A checkpoint as it is kept outside of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCheckpoint {
    /// Its place among the checkpoints.
    pub number: u64,
    /// The signed note.
    pub note: String,
}
