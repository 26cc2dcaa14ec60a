//! The log as its export shows it, to be changed and written anew. The export is the product's; here is what an insider
//! would do with it, and so not by the product's code where that sees to it that nothing wrong is signed.

use std::collections::BTreeMap;

use color_eyre::eyre::{ContextCompat, Result, ensure, eyre};
use portcullis_trail::chain::{GENESIS, HASH, PREVIOUS_HASH, SEQUENCE, TENANT, record_hash};
use portcullis_trail::checkpoint::Checkpoint;
use portcullis_trail::export::ExportWriter;
use portcullis_trail::note::{SignedNote, VerifierKey};
use portcullis_trail::tree::{TreeBuilder, record_leaf};
use portcullis_trail::{Digest, canonical_bytes};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::prove::dice::Dice;

/// A key of the suite: made of the seed, and worth nothing.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    name: String,
    seed: [u8; 32],
}

impl Signer {
    pub(super) fn random(name: &str, dice: &mut Dice) -> Result<Self> {
        let mut seed = [0; 32];
        seed.fill_with(|| dice.number().to_le_bytes()[0]);
        let signer = Self { name: name.to_owned(), seed };
        signer.key().map(|_| signer)
    }

    pub(super) fn key(&self) -> Result<VerifierKey> {
        let public_key = self.pair()?.public_key().as_ref().try_into()?;
        Ok(VerifierKey::new(&self.name, public_key)?)
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
    pub(super) origin: String,
    /// The key that has signed it.
    pub(super) key: VerifierKey,
    lines: Vec<Vec<u8>>,
    notes: Vec<SignedNote>,
    /// How many records stand before each of them.
    sizes: Vec<usize>,
}

impl Log {
    /// Reads an export, which this key has signed.
    ///
    /// # Errors
    /// When it would not be written anew as it is: an edit that is written otherwise would be found for that alone.
    pub(super) fn read(export: &[u8], key: VerifierKey) -> Result<Self> {
        let lines = super::text::lines(export);
        let origin = key.name().to_owned();
        let mut log = Self { records: Vec::new(), origin, key, lines, notes: Vec::new(), sizes: Vec::new() };
        for line in log.lines.iter().skip(1) {
            let line: Value = serde_json::from_slice(line)?;
            match line["checkpoint"].as_str() {
                None => log.records.push(line["record"].clone()),
                Some(note) => {
                    log.notes.push(note.parse()?);
                    log.sizes.push(log.records.len());
                }
            }
        }
        ensure!(log.export(&log.records, &log.notes)? == log.lines, "the export cannot be written as it is");
        Ok(log)
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn checkpoints(&self) -> usize {
        self.notes.len()
    }

    /// The lines of its export.
    pub(super) fn lines(&self) -> &[Vec<u8>] {
        &self.lines
    }

    /// The lines of an export of these records, with checkpoints where this log has them.
    pub(super) fn export(&self, records: &[Value], notes: &[SignedNote]) -> Result<Vec<Vec<u8>>> {
        let mut out = Vec::new();
        let mut writer = ExportWriter::begin(&self.origin, None, &mut out);
        let mut notes = self.sizes.iter().zip(notes).peekable();
        for at in 0..=records.len() {
            let is_due = |(size, _): &(&usize, &SignedNote)| **size <= at || at == records.len();
            while let Some((_, note)) = notes.next_if(is_due) {
                writer.checkpoint(note, &mut out);
            }
            if let Some(record) = records.get(at) {
                writer.record(&String::from_utf8(canonical_bytes(record)?)?, &mut out);
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
        self.sizes.iter().map(|at| checkpoint(&records[..size(at)], &self.origin)).collect()
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
