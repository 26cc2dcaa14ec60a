//! Proofs that a tree is an older one with leaves added (RFC 9162 section 2.1.4).

use std::ops::Range;

use super::{ProofError, empty_root, node_hash, roots, split};
use crate::digest::Digest;

/// The hashes that show that the tree over `leaves` began with its first `older` leaves; `None` if there are fewer.
/// Empty for `older` 0 and for all of them, where the roots say it alone. Reads every leaf.
#[must_use]
pub fn consistency_proof(leaves: &[Digest], older: u64) -> Option<Vec<Digest>> {
    roots(leaves, consistency_ranges(older, leaves.len() as u64)?)
}

/// The parts of a tree of `newer` leaves whose roots prove that it began with `older` of them, in the order of the
/// proof; `None` if `older` exceeds `newer`.
#[must_use]
pub fn consistency_ranges(older: u64, newer: u64) -> Option<Vec<Range<u64>>> {
    let mut ranges = Vec::new();
    if older > newer {
        return None;
    }
    if older == 0 {
        return Some(ranges);
    }
    let mut whole = 0..newer;
    // What ends at `older` is a part of both trees; as long as it is all of the older one, its root is known.
    while whole.end != older {
        let middle = whole.start + split(whole.end - whole.start);
        if older <= middle {
            ranges.push(middle..whole.end);
            whole.end = middle;
        } else {
            ranges.push(whole.start..middle);
            whole.start = middle;
        }
    }
    if whole.start != 0 {
        ranges.push(whole);
    }
    ranges.reverse();
    Some(ranges)
}

/// Whether the tree of `newer` leaves began with the tree of `older` leaves (RFC 9162 section 2.1.4.2). An empty tree
/// is the beginning of every tree.
///
/// # Errors
/// The older tree is larger, the proof has not the length that the sizes demand, or it leads to another root.
pub fn verify_consistency(
    older: u64,
    older_root: &Digest,
    newer: u64,
    newer_root: &Digest,
    proof: &[Digest],
) -> Result<(), ProofError> {
    if older > newer {
        return Err(ProofError::Shrunk { older, newer });
    }
    let expect = |tree, computed: Digest, root: &Digest| {
        if computed == *root { Ok(()) } else { Err(ProofError::Root { tree }) }
    };
    let length = ProofError::Length { found: proof.len() };
    if older == 0 || older == newer {
        let same = if older == 0 { empty_root() } else { *newer_root };
        return if proof.is_empty() { expect("older", same, older_root) } else { Err(length) };
    }
    // A perfect older tree is a node of the newer one; the proof leaves its root out.
    let (start, rest) =
        if older.is_power_of_two() { (older_root, proof) } else { proof.split_first().ok_or(length)? };
    let shift = (older - 1).trailing_ones();
    let (mut place, mut last) = ((older - 1) >> shift, (newer - 1) >> shift);
    let (mut old_hash, mut new_hash) = (*start, *start);
    for sibling in rest {
        if last == 0 {
            return Err(length);
        }
        if place & 1 == 1 || place == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(length);
    }
    expect("older", old_hash, older_root)?;
    expect("newer", new_hash, newer_root)
}
