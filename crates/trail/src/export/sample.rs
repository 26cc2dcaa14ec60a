//! A log of three tenants with signed checkpoints, for tests to export, damage and forge.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{ExportVerifier, ExportWriter, Finding, Report, TenantHead, Trust, Verdict};
use crate::chain::{GENESIS, HASH, PREVIOUS_HASH, SEQUENCE, TENANT, record_hash};
use crate::checkpoint::Checkpoint;
use crate::digest::Digest;
use crate::signing::{Signer, ring_verify};
use crate::tree::{TreeBuilder, record_leaf};
use crate::{canonical_bytes, sha256};

pub(crate) const ORIGIN: &str = "log.example/trail";
pub(crate) const TENANTS: [&str; 3] = ["t_a", "t_b", "t_c"];
/// Sizes at which checkpoints are signed.
pub(crate) const SIZES: [usize; 4] = [0, 13, 32, 45];

/// Records in the order of the tree. Their chain members are set by [`Log::seal`].
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) records: Vec<Value>,
}

impl Log {
    pub(crate) fn sample() -> Self {
        let tenant = |n: usize| TENANTS[[0, 1, 0, 2, 0, 0, 1][n % 7]];
        let record = |n| {
            json!({
                "tenant_id": tenant(n), "event_type": "tool_invocation.allowed", "cost": 0.25, "name": "grün \"\n",
                "event_id": format!("evt_{n:026}"), "facts": { "n": n, "risk": "high" }, "request_id": null,
            })
        };
        Self { records: (0..SIZES[3]).map(record).collect() }.sealed()
    }

    /// The same contents, chained: sequences and hashes are computed anew.
    pub(crate) fn sealed(mut self) -> Self {
        let mut heads: BTreeMap<String, (u64, Digest)> = BTreeMap::new();
        for record in &mut self.records {
            let tenant = record[TENANT].as_str().unwrap().to_owned();
            let (sequence, previous) = heads.get(&tenant).copied().unwrap_or((0, GENESIS));
            record.as_object_mut().unwrap().remove(HASH);
            record[SEQUENCE] = json!(sequence + 1);
            record[PREVIOUS_HASH] = json!(previous);
            let hash = record_hash(record).unwrap();
            record[HASH] = json!(hash);
            heads.insert(tenant, (sequence + 1, hash));
        }
        self
    }

    pub(crate) fn hash(&self, index: usize) -> Digest {
        self.records[index][HASH].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn checkpoint(&self, size: usize) -> Checkpoint {
        let mut tree = TreeBuilder::new();
        for index in 0..size {
            tree.append(record_leaf(&self.hash(index)));
        }
        Checkpoint { origin: ORIGIN.into(), size: size as u64, root: tree.root(), extensions: Vec::new() }
    }

    pub(crate) fn tenant(&self, index: usize) -> &str {
        self.records[index][TENANT].as_str().unwrap()
    }

    /// A tenant's newest record.
    pub(crate) fn head(&self, tenant: &str) -> TenantHead {
        let newest = (0..self.records.len()).rfind(|index| self.tenant(*index) == tenant);
        let sequence = newest.map_or(0, |index| self.records[index][SEQUENCE].as_u64().unwrap());
        let hash = newest.map_or(GENESIS, |index| self.hash(index));
        TenantHead { tenant: tenant.to_owned(), sequence, hash }
    }

    /// The lines of an export that shows these tenants, all of them if none is named. The checkpoints are signed by
    /// `signer` over the records of `signed`.
    pub(crate) fn lines(&self, tenants: &[&str], signed: &Self, signer: &Signer) -> Vec<Vec<u8>> {
        let named = (!tenants.is_empty()).then_some(tenants);
        let is_hidden = |index| named.is_some_and(|named| !named.contains(&self.tenant(index)));
        self.hiding(named, is_hidden, signed, signer)
    }

    /// The lines of an export whose header names these tenants, and in which these records are hidden.
    pub(crate) fn hiding(
        &self,
        named: Option<&[&str]>,
        is_hidden: impl Fn(usize) -> bool,
        signed: &Self,
        signer: &Signer,
    ) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        let mut writer = ExportWriter::begin(ORIGIN, named.map(set).as_ref(), &mut out);
        for index in 0..=self.records.len() {
            assert_eq!(writer.next_index(), index as u64);
            if SIZES.contains(&index) {
                writer.checkpoint(&signer.note(&signed.checkpoint(index)), &mut out);
            }
            let Some(record) = self.records.get(index) else { break };
            if is_hidden(index) {
                writer.hide(&self.hash(index));
            } else {
                let stored = String::from_utf8(canonical_bytes(record).unwrap()).unwrap();
                writer.record(&stored, &mut out);
            }
        }
        lines(&out)
    }
}

pub(crate) fn set(tenants: &[&str]) -> BTreeSet<String> {
    tenants.iter().map(|tenant| (*tenant).to_owned()).collect()
}

pub(crate) fn signer() -> Signer {
    Signer::new(ORIGIN, 1)
}

/// Trust in the log's key, and in these checkpoints from before.
pub(crate) fn trust(checkpoints: Vec<Checkpoint>) -> Trust {
    Trust { keys: vec![signer().key], verify: ring_verify, checkpoints, heads: Vec::new() }
}

/// As an auditor who expects all tenants.
pub(crate) fn verify<L: AsRef<[u8]>>(lines: &[L], trust: Trust) -> (Vec<Finding>, Report) {
    run(lines, ExportVerifier::new(trust))
}

/// As an auditor who expects these tenants.
pub(crate) fn verify_some<L: AsRef<[u8]>>(
    lines: &[L],
    trust: Trust,
    tenants: &[&str],
) -> (Vec<Finding>, Report) {
    run(lines, ExportVerifier::of_tenants(trust, set(tenants)))
}

fn run<L: AsRef<[u8]>>(lines: &[L], mut verifier: ExportVerifier) -> (Vec<Finding>, Report) {
    let mut findings: Vec<_> = lines.iter().flat_map(|line| verifier.push(line.as_ref())).collect();
    let (last, report) = verifier.finish();
    findings.extend(last);
    assert_eq!(findings.len() as u64, report.findings);
    assert_eq!(report.verdict == Verdict::Broken, report.findings > 0);
    (findings, report)
}

/// As a reader of a file cuts it: what follows the last line feed is a line too, unless it is empty.
pub(crate) fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    lines.pop_if(|last| last.is_empty());
    lines
}

pub(crate) fn text(lines: &[Vec<u8>]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect()
}

/// Another digest for every number.
pub(crate) fn other_digest(number: u8) -> Digest {
    sha256(&[number])
}
