//! A tree that grows leaf by leaf and keeps only what its root and its growth need.

use super::range::CompactRange;
use super::{MAX_SIZE, empty_root};
use crate::digest::Digest;

/// Builds the tree of RFC 6962 from its leaves in order. Holds at most 63 hashes, its frontier: the roots of the
/// perfect subtrees that make it up, largest first. Save [`size`](Self::size) and [`frontier`](Self::frontier) to go
/// on later with [`restore`](Self::restore).
///
/// ```
/// use portcullis_trail::tree::{TreeBuilder, leaf_hash};
///
/// let mut tree = TreeBuilder::new();
/// tree.append(leaf_hash(b"first"));
/// let mut later = TreeBuilder::restore(tree.size(), &tree.frontier())?;
/// assert_eq!(later.append(leaf_hash(b"second")), 1);
/// # Ok::<(), portcullis_trail::tree::FrontierError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeBuilder {
    leaves: CompactRange,
}

impl TreeBuilder {
    /// A tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree of `size` leaves, of which `frontier` was kept. Nothing shows whether the hashes are the right ones:
    /// compare the root with a signed one.
    ///
    /// # Errors
    /// The frontier has not one hash for each binary 1 in `size`, or the size is above [`MAX_SIZE`].
    pub fn restore(size: u64, frontier: &[Digest]) -> Result<Self, FrontierError> {
        let error = FrontierError { size, found: frontier.len() };
        CompactRange::restore(size, frontier).map(|leaves| Self { leaves }).ok_or(error)
    }

    /// Adds a leaf, as [`leaf_hash`](super::leaf_hash) or [`record_leaf`](super::record_leaf) made it, and gives its
    /// index. The two hashes of a leaf and a node are never confused, so a node cannot pass for a leaf.
    pub fn append(&mut self, leaf: Digest) -> u64 {
        let index = self.size();
        self.leaves.push(0, leaf);
        index
    }

    /// Adds 2^`level` leaves of which only the root of their subtree is known.
    ///
    /// # Errors
    /// The size so far is no multiple of 2^`level`, or the tree would exceed [`MAX_SIZE`]; nothing is added.
    pub fn append_subtree(&mut self, level: u32, root: Digest) -> Result<(), SubtreeError> {
        if !self.leaves.takes(level) {
            return Err(SubtreeError { level, size: self.size() });
        }
        self.leaves.push(level, root);
        Ok(())
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.leaves.end()
    }

    /// The roots of the perfect subtrees, largest first: one for each binary 1 in the size.
    #[must_use]
    pub fn frontier(&self) -> Vec<Digest> {
        self.leaves.nodes().iter().map(|node| node.hash).collect()
    }

    /// The root over all leaves so far; at most 62 hashes are computed.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.leaves.root().unwrap_or_else(empty_root)
    }
}

/// A kept frontier does not belong to its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "frontier of {found} hashes for size {size}, expected one for each binary 1 of a size up to {MAX_SIZE}"
)]
pub struct FrontierError {
    size: u64,
    found: usize,
}

/// A subtree cannot stand at this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "subtree of level {level} at index {size}, expected an index that is a multiple of its number of leaves"
)]
pub struct SubtreeError {
    level: u32,
    size: u64,
}
