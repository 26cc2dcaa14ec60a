//! How fast a trail is verified: records of the shape of `audit_events`, three tenants, a checkpoint every 1000.
//! `cargo bench -p portcullis-trail`

use std::io::{BufRead as _, Write as _};
use std::time::Instant;

use portcullis_trail::chain::{ChainVerifier, GENESIS, StoredRecord, record_hash};
use portcullis_trail::checkpoint::Checkpoint;
use portcullis_trail::digest::Digest;
use portcullis_trail::export::{ExportVerifier, ExportWriter, Trust};
use portcullis_trail::note::{SignedNote, VerifierKey};
use portcullis_trail::strict::{self, Limits};
use portcullis_trail::tree::{TreeBuilder, record_leaf};
use portcullis_trail::{canonical_bytes, check_canonical};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde_json::{Value, json};

const RECORDS: u64 = 100_000;
const TENANTS: usize = 3;
const ROUNDS: u32 = 5;
const ORIGIN: &str = "bench.example/trail";

fn main() -> std::io::Result<()> {
    let log = Log::new();
    let mut out = std::io::stdout();
    let bytes = log.records.iter().map(String::len).sum::<usize>() / log.records.len();
    writeln!(out, "{RECORDS} records of {bytes} bytes, median of {ROUNDS} rounds on one core")?;
    let values = |record: &str| strict::parse(record.as_bytes(), Limits::default()).expect("strict JSON");
    let cases: [(&str, &dyn Fn() -> bool); 5] = [
        ("export: chain, tree and signatures", &|| log.verify_export()),
        ("chain, from stored bytes", &|| {
            log.verify_chain(&|chain, record| {
                let record = StoredRecord::read(record.as_bytes());
                record.is_ok_and(|record| chain.push_stored(&record).is_ok())
            })
        }),
        ("chain, from values", &|| log.verify_chain(&|chain, record| chain.push(&values(record)).is_ok())),
        ("canonical form alone", &|| {
            log.records.iter().all(|record| check_canonical(record.as_bytes()).is_ok())
        }),
        ("tree alone", &|| {
            let mut tree = TreeBuilder::new();
            (0..RECORDS).for_each(|_| _ = tree.append(record_leaf(&GENESIS)));
            tree.root() != GENESIS
        }),
    ];
    for (name, case) in cases {
        let mut seconds: Vec<f64> = (0..ROUNDS)
            .map(|_| {
                let start = Instant::now();
                assert!(case(), "{name} holds");
                start.elapsed().as_secs_f64()
            })
            .collect();
        seconds.sort_by(f64::total_cmp);
        let rate = RECORDS as f64 / seconds[seconds.len() / 2];
        writeln!(out, "{name:36} {rate:>10.0} records/s {:>6.0} MB/s", rate * bytes as f64 / 1e6)?;
    }
    Ok(())
}

struct Log {
    records: Vec<String>,
    export: Vec<u8>,
    key: VerifierKey,
}

impl Log {
    fn new() -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed of 32 bytes");
        let public_key = pair.public_key().as_ref().try_into().expect("a key of 32 bytes");
        let key = VerifierKey::new(ORIGIN, public_key).expect("a key name");
        let mut heads = [GENESIS; TENANTS];
        let (mut records, mut export, mut tree) = (Vec::new(), Vec::new(), TreeBuilder::new());
        let mut writer = ExportWriter::begin(ORIGIN, None, &mut export);
        for index in 0..RECORDS {
            let tenant = index as usize % TENANTS;
            let (record, hash) = sealed(index, tenant, heads[tenant]);
            heads[tenant] = hash;
            tree.append(record_leaf(&hash));
            writer.record(&record, &mut export);
            records.push(record);
            if tree.size() % 1000 == 0 {
                let checkpoint = Checkpoint {
                    origin: ORIGIN.to_owned(),
                    size: tree.size(),
                    root: tree.root(),
                    extensions: Vec::new(),
                };
                let text = checkpoint.to_string();
                let signature = pair.sign(text.as_bytes()).as_ref().try_into().expect("64 bytes");
                writer.checkpoint(&SignedNote::new(text, &key, &signature).expect("a text"), &mut export);
            }
        }
        Self { records, export, key }
    }

    fn verify_export(&self) -> bool {
        let keys = vec![self.key.clone()];
        let mut verifier =
            ExportVerifier::new(Trust { keys, verify, checkpoints: Vec::new(), heads: Vec::new() });
        let (mut reader, mut line, mut clean) = (self.export.as_slice(), Vec::new(), true);
        while reader.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
            clean &= verifier.push(line.strip_suffix(b"\n").unwrap_or(&line)).is_empty();
            line.clear();
        }
        let (findings, report) = verifier.finish();
        clean && findings.is_empty() && report.records == RECORDS
    }

    fn verify_chain(&self, push: &dyn Fn(&mut ChainVerifier, &str) -> bool) -> bool {
        (0..TENANTS).all(|tenant| {
            let mut chain = ChainVerifier::new(format!("t_{tenant}"));
            self.records.iter().skip(tenant).step_by(TENANTS).all(|record| push(&mut chain, record))
        })
    }
}

fn verify(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

/// An event as the gate writes it for an allowed call.
fn sealed(index: u64, tenant: usize, previous: Digest) -> (String, Digest) {
    let mut record = json!({
        "tenant_id": format!("t_{tenant}"), "sequence": index / TENANTS as u64 + 1, "previous_hash": previous,
        "event_id": format!("evt_01jd{index:022}"), "event_type": "tool_invocation.allowed",
        "occurred_at": "2026-07-28T00:00:00.000007Z", "request_id": format!("req_{index:026}"),
        "actor": { "name": "agent", "key_id": "key_01jd0000000000000000000001", "actor_type": "machine" },
        "subject": {
            "invocation_id": format!("inv_01jd{index:022}"), "server_id": "mcp_01jd0000000000000000000001",
            "tool_id": "tool_01jd0000000000000000000001",
        },
        "facts": { "risk": "low", "policy_id": "pol_01jd0000000000000000000001", "input_hash": previous, "attempt": 1 },
    });
    let hash = record_hash(&record).expect("a record");
    record["hash"] = Value::String(hash.to_string());
    (String::from_utf8(canonical_bytes(&record).expect("canonical")).expect("UTF-8"), hash)
}
