//! The RFC 6962 Merkle tree over the records of all tenants.
//!
//! The leaf of a record is the 32 bytes of its chain hash ([`record_leaf`]): that hash binds every member of the
//! record already, so a signed root binds them too; whoever appends to the tree needs no record, only its hash; and
//! a proof shows of other tenants' records nothing but hashes.
//!
//! # One order for all tenants
//!
//! Each tenant's records have an order without gaps; the tree needs one order over all of them. It is not given when
//! a record is written: a counter shared by all would make every commit wait for every other tenant's, and with
//! several writers a database's sequence shows 8 before 7 has committed, or never shows 7. Instead one integrator at
//! a time takes what is committed: for each tenant, in order of id, the run of records that follows the last one
//! taken. A record is never visible before its predecessor, whose hash it holds, so no run has a hole that could be
//! filled later. In one transaction the integrator stores the runs (first index, tenant, first sequence, count), the
//! frontier of the tree and the signed checkpoint; the primary key on the first index refuses a second integrator.
//! So the first checkpoint that covers a record fixes its log index for good. Within a tenant the index grows with
//! the sequence; between tenants it says nothing about time. What is not yet covered is at most one checkpoint's worth.

mod builder;
mod consistency;
mod inclusion;
mod range;

pub use builder::{FrontierError, SubtreeError, TreeBuilder};
pub use consistency::{consistency_proof, consistency_ranges, verify_consistency};
pub use inclusion::{inclusion_proof, inclusion_ranges, root_from_inclusion, verify_inclusion};
pub(crate) use range::{CompactRange, Node, fold};

use crate::digest::{Digest, sha256};

/// The largest tree that is built here. Proofs are verified for any `u64`.
pub const MAX_SIZE: u64 = (1 << 63) - 1;

/// The hash of a leaf: SHA-256(0x00 || `data`).
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Digest {
    let mut input = Vec::with_capacity(1 + data.len());
    input.push(0);
    input.extend_from_slice(data);
    sha256(&input)
}

/// The leaf of the record with this chain hash: [`leaf_hash`] of its 32 bytes.
#[must_use]
pub fn record_leaf(record_hash: &Digest) -> Digest {
    let mut input = [0; 33];
    input[1..].copy_from_slice(record_hash.as_bytes());
    sha256(&input)
}

/// The hash of a node: SHA-256(0x01 || `left` || `right`).
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut input = [1; 65];
    input[1..33].copy_from_slice(left.as_bytes());
    input[33..].copy_from_slice(right.as_bytes());
    sha256(&input)
}

/// The root of a tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Digest {
    sha256(b"")
}

/// The root of a tree over these leaf hashes.
#[must_use]
pub fn root_of(leaves: &[Digest]) -> Digest {
    let mut builder = TreeBuilder::new();
    for leaf in leaves {
        builder.append(*leaf);
    }
    builder.root()
}

/// A proof does not prove what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The index is not in the tree.
    #[error("index {index} is outside the tree, expected one below its size {size}")]
    Outside {
        /// The index.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("older size {older} exceeds newer size {newer}, expected a tree that only grew")]
    Shrunk {
        /// The size of the older tree.
        older: u64,
        /// The size of the newer tree.
        newer: u64,
    },
    /// Too few or too many hashes.
    #[error("proof has {found} hashes, expected another number for this place")]
    Length {
        /// How many there are.
        found: usize,
    },
    /// The hashes lead to another root.
    #[error("proof leads to another root, expected that of the {tree} tree")]
    Root {
        /// Which tree: `older`, `newer` or `signed`.
        tree: &'static str,
    },
}

/// Where RFC 6962 splits a tree of `size` leaves: the largest power of two below `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The roots of these parts of a tree, whose leaves are all at hand.
fn roots(leaves: &[Digest], ranges: Vec<std::ops::Range<u64>>) -> Option<Vec<Digest>> {
    let root = |range: std::ops::Range<u64>| {
        let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
        leaves.get(start..end).map(root_of)
    };
    ranges.into_iter().map(root).collect()
}

#[cfg(test)]
mod tests;
