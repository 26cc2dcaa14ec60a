//! When a checkpoint is due, and what may be signed.
//!
//! A signature cannot be taken back, so whatever does not fit what was signed before is refused: a tree that does not
//! grow out of the newest checkpoint, records that do not continue the chains which it covers, a database that is older
//! than what was exported from it. Whoever is refused stops signing and calls for an operator.

mod refusal;

use std::time::Duration;

use portcullis_schemas::logs::checkpoint::{ChainCoverage, CheckpointSpan, KeptCheckpoint, StoredCheckpoint};
use portcullis_schemas::timestamp::Timestamp;
use portcullis_trail::chain::{ChainVerifier, FIRST_SEQUENCE, GENESIS, StoredRecord};
use portcullis_trail::checkpoint::Checkpoint;
use portcullis_trail::digest::Digest;
use portcullis_trail::note::{Ed25519Verify, SignedNote, VerifierKey};
use portcullis_trail::tree::{TreeBuilder, record_leaf};

pub use self::refusal::CheckpointRefusal;

/// When checkpoints are made, and in which name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRules {
    /// The name of the log, and of its keys. It stays the same for as long as the log is kept.
    pub origin: String,
    /// A checkpoint is due when the newest one is this old and there are records that it does not cover.
    pub interval: Duration,
    /// It is due earlier when there are this many such records.
    pub records: u64,
}

impl CheckpointRules {
    /// The longest that a record waits for its checkpoint.
    pub const INTERVAL: Duration = Duration::from_secs(60);
    /// How many records wait for one at most, when somebody looks.
    pub const RECORDS: u64 = 1000;
    /// The name of a log that was given none.
    pub const ORIGIN: &'static str = "portcullis/trail";

    /// Whether a checkpoint is due: `fresh` records are not covered, the newest checkpoint is from `newest`.
    pub fn is_due(&self, fresh: u64, newest: Option<Timestamp>, now: Timestamp) -> bool {
        // A clock that went back says nothing about the age.
        let is_old = |made: Timestamp| now < made || now >= made.plus(self.interval);
        fresh > 0 && (fresh >= self.records || newest.is_none_or(is_old))
    }
}

impl Default for CheckpointRules {
    fn default() -> Self {
        Self { origin: Self::ORIGIN.to_owned(), interval: Self::INTERVAL, records: Self::RECORDS }
    }
}

/// How many records no checkpoint covers.
pub fn fresh(coverage: &[ChainCoverage]) -> u64 {
    coverage.iter().map(|chain| chain.head.saturating_sub(chain.covered)).sum()
}

/// How many records are signed and no longer there.
pub fn lost(newest: Option<&StoredCheckpoint>, coverage: &[ChainCoverage]) -> u64 {
    let there: u64 = coverage.iter().map(|chain| chain.covered.min(chain.head)).sum();
    newest.map_or(0, |newest| newest.size).saturating_sub(there)
}

/// Whose signatures are believed: the keys of this log.
#[derive(Clone, Debug)]
pub struct LogKeys {
    keys: Vec<VerifierKey>,
    verify: Ed25519Verify,
}

impl LogKeys {
    /// The keys of the log of this name, oldest first; the last one signs.
    ///
    /// # Errors
    /// When there is none, or the name is not one of a key.
    pub fn new(
        origin: &str,
        public_keys: &[[u8; 32]],
        verify: Ed25519Verify,
    ) -> Result<Self, CheckpointRefusal> {
        let keys: Result<Vec<_>, _> =
            public_keys.iter().map(|public_key| VerifierKey::new(origin, *public_key)).collect();
        let keys = keys.map_err(CheckpointRefusal::Origin)?;
        if keys.is_empty() { Err(CheckpointRefusal::NoKey) } else { Ok(Self { keys, verify }) }
    }

    /// What a checkpoint says, if one of the keys has signed it.
    fn open(&self, number: u64, note: &str) -> Result<Checkpoint, CheckpointRefusal> {
        let opened = note.parse::<SignedNote>().map_err(Into::into);
        let opened = opened.and_then(|note| Checkpoint::open(&note, &self.keys, self.verify));
        opened.map_err(|cause| CheckpointRefusal::Untrusted { number, cause })
    }
}

/// Whether the database still holds what is kept outside of it. `same` is the stored checkpoint with the number of the
/// kept one.
///
/// # Errors
/// The database was put back to an older state, or its checkpoint is another one.
pub fn check_kept(
    kept: Option<&KeptCheckpoint>,
    same: Option<&StoredCheckpoint>,
) -> Result<(), CheckpointRefusal> {
    let Some(kept) = kept else { return Ok(()) };
    match same {
        None => Err(CheckpointRefusal::RolledBack { kept: kept.number }),
        Some(stored) if stored.note != kept.note => Err(CheckpointRefusal::Forked { number: kept.number }),
        Some(_) => Ok(()),
    }
}

/// Whether what is signed is still recorded: every chain up to where it is covered, and all of them together as much as
/// the newest checkpoint says. A tenant none of whose records is left is not among the chains, and missing from the sum.
///
/// # Errors
/// Signed records are gone, or spans.
pub fn check_covered(
    newest: Option<&StoredCheckpoint>,
    coverage: &[ChainCoverage],
) -> Result<(), CheckpointRefusal> {
    if let Some(chain) = coverage.iter().find(|chain| chain.head < chain.covered) {
        let ChainCoverage { tenant, head, covered, .. } = chain.clone();
        return Err(CheckpointRefusal::Cut { tenant, head, covered });
    }
    let covered = coverage.iter().map(|chain| chain.covered).sum();
    let signed = newest.map_or(0, |newest| newest.size);
    if covered == signed { Ok(()) } else { Err(CheckpointRefusal::Coverage { covered, signed }) }
}

/// The next checkpoint, as it comes together: the records that it adds are pushed tenant by tenant, each checked.
#[derive(Debug)]
pub struct NextCheckpoint {
    origin: String,
    number: u64,
    tree: TreeBuilder,
    spans: Vec<CheckpointSpan>,
    chain: Option<ChainVerifier>,
}

impl NextCheckpoint {
    /// Goes on from the newest checkpoint, after a look whether it is what was signed and covers what it should.
    ///
    /// # Errors
    /// Whatever does not fit.
    pub fn after(
        newest: Option<&StoredCheckpoint>,
        coverage: &[ChainCoverage],
        keys: &LogKeys,
    ) -> Result<Self, CheckpointRefusal> {
        let (number, tree) = match newest {
            Some(newest) => (newest.number + 1, signed_tree(newest, keys)?),
            None => (0, TreeBuilder::new()),
        };
        check_covered(newest, coverage)?;
        let origin = keys.keys.last().map_or("", VerifierKey::name).to_owned();
        Ok(Self { origin, number, tree, spans: Vec::new(), chain: None })
    }

    /// The records of this chain follow, from the first one on that is not covered.
    ///
    /// # Errors
    /// When the hash from which the chain goes on cannot be read.
    pub fn begin(&mut self, chain: &ChainCoverage) -> Result<(), CheckpointRefusal> {
        let previous = match &chain.covered_hash {
            Some(hash) => {
                hash.parse().map_err(|_| CheckpointRefusal::Span { tenant: chain.tenant.clone() })?
            }
            None => GENESIS,
        };
        let first_sequence = chain.covered + FIRST_SEQUENCE;
        self.spans.push(CheckpointSpan {
            first_index: self.tree.size(),
            tenant: chain.tenant.clone(),
            first_sequence,
            last_sequence: chain.covered,
            last_hash: previous.to_string(),
        });
        self.chain = Some(ChainVerifier::resume(chain.tenant.as_str(), first_sequence, previous));
        Ok(())
    }

    /// Takes the next record of the chain, as stored.
    ///
    /// # Errors
    /// When it does not continue the chain; nothing may be signed then.
    pub fn push(&mut self, text: &str) -> Result<(), CheckpointRefusal> {
        let (Some(chain), Some(span)) = (&mut self.chain, self.spans.last_mut()) else { return Ok(()) };
        let sequence = span.last_sequence + 1;
        let record = StoredRecord::read(text.as_bytes()).map_err(|cause| CheckpointRefusal::Unreadable {
            tenant: span.tenant.clone(),
            sequence,
            cause,
        })?;
        chain
            .push_stored(&record)
            .map_err(|cause| CheckpointRefusal::Broken { tenant: span.tenant.clone(), cause })?;
        self.tree.append(record_leaf(&record.hash()));
        span.last_sequence = sequence;
        span.last_hash = record.hash().to_string();
        Ok(())
    }

    /// How many records it covers by now.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// What is to be signed.
    pub fn text(&self) -> String {
        let (origin, size, root) = (self.origin.clone(), self.tree.size(), self.tree.root());
        Checkpoint { origin, size, root, extensions: Vec::new() }.to_string()
    }

    /// The checkpoint with its signature, and the spans that it adds.
    ///
    /// # Errors
    /// When the signature is not that of the last key.
    pub fn signed(
        self,
        signature: &[u8; 64],
        keys: &LogKeys,
        now: Timestamp,
    ) -> Result<(StoredCheckpoint, Vec<CheckpointSpan>), CheckpointRefusal> {
        let key = keys.keys.last().ok_or(CheckpointRefusal::NoKey)?;
        let note = SignedNote::new(self.text(), key, signature)
            .map_err(|cause| CheckpointRefusal::Untrusted { number: self.number, cause: cause.into() })?
            .to_string();
        keys.open(self.number, &note)?;
        let checkpoint = StoredCheckpoint {
            number: self.number,
            size: self.tree.size(),
            root: self.tree.root().to_string(),
            note,
            frontier: self.tree.frontier().iter().map(Digest::to_string).collect(),
            created_at: now,
        };
        let spans = self.spans.into_iter().filter(|span| span.last_sequence >= span.first_sequence);
        Ok((checkpoint, spans.collect()))
    }
}

/// The tree that a stored checkpoint was signed over, from which the next one grows.
fn signed_tree(stored: &StoredCheckpoint, keys: &LogKeys) -> Result<TreeBuilder, CheckpointRefusal> {
    let number = stored.number;
    let signed = keys.open(number, &stored.note)?;
    let frontier: Result<Vec<Digest>, _> = stored.frontier.iter().map(|hash| hash.parse()).collect();
    let tree = frontier.ok().and_then(|frontier| TreeBuilder::restore(signed.size, &frontier).ok());
    let agrees = |tree: &TreeBuilder| {
        tree.root() == signed.root && stored.size == signed.size && stored.root == signed.root.to_string()
    };
    tree.filter(agrees).ok_or(CheckpointRefusal::Stored { number })
}

#[cfg(test)]
mod tests;
