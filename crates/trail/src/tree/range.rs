//! A run of neighbouring leaves as the fewest hashes that stand for it.

use crate::digest::Digest;
use crate::tree::{MAX_SIZE, node_hash};

/// The leaves from `begin` to `end`, as the roots of the largest perfect subtrees that lie within; in order.
/// A subtree of level `l` has 2^l leaves and begins at a multiple of 2^l. At most two of each level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CompactRange {
    begin: u64,
    end: u64,
    nodes: Vec<Node>,
}

/// A perfect subtree: its level and its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) level: u32,
    pub(crate) hash: Digest,
}

impl CompactRange {
    /// No leaves yet; the first will have index `begin`.
    pub(crate) fn starting_at(begin: u64) -> Self {
        Self { begin, end: begin, nodes: Vec::new() }
    }

    /// From the first leaf of the tree to `end`, out of the roots that stand for it; `None` if these are too few or
    /// too many, or the tree too large.
    pub(crate) fn restore(end: u64, hashes: &[Digest]) -> Option<Self> {
        let levels = (0..u64::BITS).rev().filter(|level| end >> level & 1 == 1);
        let nodes: Vec<_> = levels.zip(hashes).map(|(level, hash)| Node { level, hash: *hash }).collect();
        let whole = nodes.len() == hashes.len() && hashes.len() == end.count_ones() as usize;
        (whole && end <= MAX_SIZE).then_some(Self { begin: 0, end, nodes })
    }

    /// The index that the next leaf gets.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Each perfect subtree with the index of its first leaf.
    pub(crate) fn subtrees(&self) -> impl Iterator<Item = (u64, Node)> {
        self.nodes.iter().scan(self.begin, |end, node| {
            let start = *end;
            *end += 1 << node.level;
            Some((start, *node))
        })
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Whether a perfect subtree of this level may follow: the place is a multiple of its size.
    pub(crate) fn takes(&self, level: u32) -> bool {
        level < 63 && self.end.is_multiple_of(1 << level) && self.end <= MAX_SIZE - (1 << level)
    }

    /// Adds a perfect subtree, for which [`takes`](Self::takes) holds; a leaf is one of level 0.
    pub(crate) fn push(&mut self, mut level: u32, mut hash: Digest) {
        self.end += 1 << level;
        // Two neighbours are the halves of one subtree if that begins at a multiple of its own size.
        while let Some(left) = self.nodes.pop_if(|left| left.level == level && self.end >> level & 1 == 0) {
            hash = node_hash(&left.hash, &hash);
            level += 1;
        }
        self.nodes.push(Node { level, hash });
    }

    /// The root of the subtree that these leaves alone would make, if they begin where such a one can.
    pub(crate) fn root(&self) -> Option<Digest> {
        fold(&self.nodes)
    }
}

/// The root over perfect subtrees of falling size.
pub(crate) fn fold(nodes: &[Node]) -> Option<Digest> {
    let (last, rest) = nodes.split_last()?;
    Some(rest.iter().rev().fold(last.hash, |right, left| node_hash(&left.hash, &right)))
}
