//! Proofs that a leaf is in a tree (RFC 9162 section 2.1.3).

use std::ops::Range;

use super::{ProofError, node_hash, roots, split};
use crate::digest::Digest;

/// The hashes that lead from the leaf at `index` to the root over `leaves`, from the leaf's sibling on; `None` if
/// there is no such leaf. Reads every leaf.
#[must_use]
pub fn inclusion_proof(leaves: &[Digest], index: u64) -> Option<Vec<Digest>> {
    roots(leaves, inclusion_ranges(index, leaves.len() as u64)?)
}

/// The parts of a tree of `size` leaves whose roots prove the leaf at `index`, in the order of the proof; `None` if
/// there is no such leaf. For whoever keeps roots of parts and does not want to read every leaf.
#[must_use]
pub fn inclusion_ranges(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    let mut ranges = Vec::new();
    let mut whole = 0..size;
    if index >= size {
        return None;
    }
    while whole.end - whole.start > 1 {
        let middle = whole.start + split(whole.end - whole.start);
        if index < middle {
            ranges.push(middle..whole.end);
            whole.end = middle;
        } else {
            ranges.push(whole.start..middle);
            whole.start = middle;
        }
    }
    ranges.reverse();
    Some(ranges)
}

/// Whether `leaf` is at `index` in the tree of `size` leaves with this root.
///
/// # Errors
/// The index is outside, the proof has not the length that the place demands, or it leads to another root.
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    let computed = root_from_inclusion(leaf, index, size, proof)?;
    if computed == *root { Ok(()) } else { Err(ProofError::Root { tree: "signed" }) }
}

/// The root of the tree of `size` leaves that has `leaf` at `index`, if this is its proof (RFC 9162 section 2.1.3.2).
///
/// # Errors
/// The index is outside, or the proof has not the length that the place demands.
pub fn root_from_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
) -> Result<Digest, ProofError> {
    if index >= size {
        return Err(ProofError::Outside { index, size });
    }
    let length = ProofError::Length { found: proof.len() };
    // The place of the node so far and of the last node, both counted on the node's level.
    let (mut place, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(length);
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(sibling, &hash);
            // A node without a right sibling is its own parent.
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    if last == 0 { Ok(hash) } else { Err(length) }
}
