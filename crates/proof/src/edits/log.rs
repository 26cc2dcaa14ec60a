//! The log that is exported: the records of a run in one order, with checkpoints that were signed on the way.

use std::collections::BTreeMap;

use color_eyre::eyre::{ContextCompat, Result, eyre};
use portcullis_trail::chain::{GENESIS, HASH, PREVIOUS_HASH, SEQUENCE, TENANT, record_hash};
use portcullis_trail::checkpoint::Checkpoint;
use portcullis_trail::export::ExportWriter;
use portcullis_trail::note::{SignedNote, VerifierKey};
use portcullis_trail::tree::{TreeBuilder, record_leaf};
use portcullis_trail::{Digest, canonical_bytes};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::prove::dice::Dice;

/// Checkpoints of the log; the last one covers all of it.
const CHECKPOINTS: usize = 6;

/// A key of the suite: made of the seed, and worth nothing.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    name: &'static str,
    seed: [u8; 32],
}

impl Signer {
    pub(super) fn random(name: &'static str, dice: &mut Dice) -> Result<Self> {
        let mut seed = [0; 32];
        seed.fill_with(|| dice.number().to_le_bytes()[0]);
        let signer = Self { name, seed };
        signer.key().map(|_| signer)
    }

    pub(super) fn key(&self) -> Result<VerifierKey> {
        let public_key = self.pair()?.public_key().as_ref().try_into()?;
        Ok(VerifierKey::new(self.name, public_key)?)
    }

    pub(super) fn sign(&self, checkpoint: &Checkpoint) -> Result<SignedNote> {
        let text = checkpoint.to_string();
        let signature = self.pair()?.sign(text.as_bytes());
        Ok(SignedNote::new(text, &self.key()?, signature.as_ref().try_into()?)?)
    }

    fn pair(&self) -> Result<Ed25519KeyPair> {
        Ed25519KeyPair::from_seed_unchecked(&self.seed)
            .map_err(|error| eyre!("a seed that is refused: {error}"))
    }
}

/// The log.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) records: Vec<Value>,
    pub(super) signer: Signer,
    notes: Vec<SignedNote>,
    sizes: Vec<usize>,
    newest: Checkpoint,
}

impl Log {
    /// The log of these records, in this order.
    pub(super) fn new(records: Vec<Value>, signer: Signer) -> Result<Self> {
        let sizes: Vec<usize> = (1..=CHECKPOINTS).map(|nth| records.len() * nth / CHECKPOINTS).collect();
        let checkpoints = sizes.iter().map(|size| checkpoint(&records[..*size], signer.name));
        let checkpoints: Vec<Checkpoint> = checkpoints.collect::<Result<_>>()?;
        let notes = checkpoints.iter().map(|checkpoint| signer.sign(checkpoint)).collect::<Result<_>>()?;
        let newest = checkpoints.into_iter().next_back().context("no checkpoint")?;
        Ok(Self { records, signer, notes, sizes, newest })
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn checkpoints(&self) -> usize {
        self.notes.len()
    }

    pub(super) fn newest_checkpoint(&self) -> Checkpoint {
        self.newest.clone()
    }

    /// The lines of its export.
    pub(super) fn lines(&self) -> Vec<Vec<u8>> {
        self.export(&self.records, &self.notes).unwrap_or_default()
    }

    /// The lines of an export of these records, with checkpoints where this log has them.
    pub(super) fn export(&self, records: &[Value], notes: &[SignedNote]) -> Result<Vec<Vec<u8>>> {
        let mut out = Vec::new();
        let mut writer = ExportWriter::begin(self.signer.name, None, &mut out);
        for (at, record) in records.iter().enumerate() {
            writer.record(&String::from_utf8(canonical_bytes(record)?)?, &mut out);
            let due = |(size, _): &(&usize, &SignedNote)| {
                **size == at + 1 || (**size > at + 1 && at + 1 == records.len())
            };
            for (_, note) in self.sizes.iter().zip(notes).filter(due) {
                writer.checkpoint(note, &mut out);
            }
        }
        Ok(super::text::lines(&out))
    }

    /// The checkpoints as they were signed.
    pub(super) fn notes(&self) -> &[SignedNote] {
        &self.notes
    }

    /// What checkpoints would say of other records; nobody has signed them.
    pub(super) fn checkpoints_of(&self, records: &[Value]) -> Result<Vec<Checkpoint>> {
        let size = |size: &usize| (*size).min(records.len());
        self.sizes.iter().map(|at| checkpoint(&records[..size(at)], self.signer.name)).collect()
    }
}

/// The same contents, chained anew: what an insider does after a change.
pub(super) fn chain_anew(records: &mut [Value]) -> Result<()> {
    let mut heads: BTreeMap<String, (u64, Digest)> = BTreeMap::new();
    for record in records {
        let tenant = record[TENANT].as_str().context("a record without a tenant")?.to_owned();
        let (sequence, previous) = heads.get(&tenant).copied().unwrap_or((0, GENESIS));
        record.as_object_mut().context("a record that is no object")?.remove(HASH);
        record[SEQUENCE] = json!(sequence + 1);
        record[PREVIOUS_HASH] = json!(previous.to_string());
        let hash = record_hash(record)?;
        record[HASH] = json!(hash.to_string());
        heads.insert(tenant, (sequence + 1, hash));
    }
    Ok(())
}

fn checkpoint(records: &[Value], origin: &str) -> Result<Checkpoint> {
    let mut tree = TreeBuilder::new();
    for record in records {
        let hash: Digest = record[HASH].as_str().context("a record without a hash")?.parse()?;
        tree.append(record_leaf(&hash));
    }
    Ok(Checkpoint { origin: origin.to_owned(), size: tree.size(), root: tree.root(), extensions: Vec::new() })
}
