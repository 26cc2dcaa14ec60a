//! The tree of an export, held against checkpoints: those in it, and those that were known before.

use crate::checkpoint::Checkpoint;
use crate::digest::Digest;
use crate::tree::TreeBuilder;

/// The tree so far. Once a record is missing or a root differs, no later root can match; that is told once.
#[derive(Debug)]
pub(super) struct Anchors {
    next_index: u64,
    /// `None` once no root can match any more.
    tree: Option<TreeBuilder>,
    /// Known checkpoints that were not reached yet, the smallest last.
    known: Vec<Checkpoint>,
    /// The newest checkpoint whose root was the computed one.
    newest: Option<Checkpoint>,
    /// How far trusted signatures reach, whether or not roots could be compared.
    covered: Option<u64>,
    proven: u64,
    unproven: u64,
}

/// How a root compares with a signed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Same,
    Differs {
        computed: Digest,
    },
    /// What came before is damaged, or hides the place: there is nothing to compare.
    Impossible,
}

impl Anchors {
    pub(super) fn new(mut known: Vec<Checkpoint>) -> Self {
        known.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.size));
        let tree = Some(TreeBuilder::new());
        Self { next_index: 0, tree, known, newest: None, covered: None, proven: 0, unproven: 0 }
    }

    /// The log index that is due.
    pub(super) fn next_index(&self) -> u64 {
        self.next_index
    }

    /// Goes on at `index`, because the records before it are missing or doubled.
    pub(super) fn jump(&mut self, index: u64) {
        self.tree = None;
        self.next_index = index;
    }

    /// A record whose hash cannot be known.
    pub(super) fn lose_record(&mut self) {
        self.jump(self.next_index + 1);
    }

    /// The leaf of a record, or the root over 2^`level` of them; `false` if no such subtree can stand here.
    pub(super) fn append(&mut self, level: u32, root: Digest) -> bool {
        if level >= 53 || !self.next_index.is_multiple_of(1 << level) {
            self.tree = None;
            return false;
        }
        self.next_index += 1 << level;
        self.tree.as_mut().is_none_or(|tree| tree.append_subtree(level, root).is_ok())
    }

    /// Compares with a checkpoint that a trusted key signed and that stands at its place.
    pub(super) fn meet_signed(&mut self, checkpoint: Checkpoint) -> Comparison {
        self.covered = Some(checkpoint.size);
        let comparison = self.compare(&checkpoint);
        match comparison {
            Comparison::Same => {
                self.proven += 1;
                self.newest = Some(checkpoint);
            }
            Comparison::Differs { .. } => self.tree = None,
            Comparison::Impossible => self.unproven += 1,
        }
        comparison
    }

    /// The next known checkpoint that was reached or passed, with how it compares.
    pub(super) fn meet_known(&mut self) -> Option<(Checkpoint, Comparison)> {
        let checkpoint = self.known.pop_if(|checkpoint| checkpoint.size <= self.next_index)?;
        let comparison = self.compare(&checkpoint);
        Some((checkpoint, comparison))
    }

    /// The smallest known checkpoint beyond the end.
    pub(super) fn unreached(&mut self) -> Option<Checkpoint> {
        self.known.pop()
    }

    /// The size of the newest checkpoint whose root was the computed one; 0 if there was none.
    pub(super) fn proven_size(&self) -> u64 {
        self.newest.as_ref().map_or(0, |checkpoint| checkpoint.size)
    }

    pub(super) fn covered(&self) -> Option<u64> {
        self.covered
    }

    /// Whether every root could be compared so far.
    pub(super) fn is_whole(&self) -> bool {
        self.tree.is_some()
    }

    /// How many signed roots matched, how many could not be compared, and the newest that matched.
    pub(super) fn finish(self) -> (u64, u64, Option<Checkpoint>) {
        (self.proven, self.unproven, self.newest)
    }

    fn compare(&self, checkpoint: &Checkpoint) -> Comparison {
        match self.tree.as_ref().filter(|tree| tree.size() == checkpoint.size).map(TreeBuilder::root) {
            Some(root) if root == checkpoint.root => Comparison::Same,
            Some(computed) => Comparison::Differs { computed },
            None => Comparison::Impossible,
        }
    }
}
