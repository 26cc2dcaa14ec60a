//! When a checkpoint is due, that one grows out of the other, and that nothing which does not fit is signed.

use portcullis_schemas::ids::TenantId;
use portcullis_trail::chain::{HASH, record_hash};
use portcullis_trail::tree::root_of;
use portcullis_trail::{canonical_bytes, sha256};
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_785_196_800_000_000);

/// A signature without cryptography: two hashes of key and message.
fn sign(key: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let half = *sha256(&[&key[..], message].concat()).as_bytes();
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&half);
    signature
}

fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    sign(key, message) == *signature
}

fn keys(public_keys: &[u8]) -> LogKeys {
    let public_keys: Vec<_> = public_keys.iter().map(|byte| [*byte; 32]).collect();
    LogKeys::new("log.example/trail", &public_keys, verify).unwrap()
}

fn tenant(name: &str) -> TenantId {
    TenantId::from_trusted(name).unwrap()
}

/// The texts of a tenant's chain.
fn chain(name: &str, length: u64) -> Vec<String> {
    let mut previous = GENESIS.to_string();
    let record = |sequence| {
        let mut record =
            json!({ "tenant_id": name, "sequence": sequence, "previous_hash": previous, "fact": "é" });
        previous = record_hash(&record).unwrap().to_string();
        record[HASH] = json!(previous);
        String::from_utf8(canonical_bytes(&record).unwrap()).unwrap()
    };
    (1..=length).map(record).collect()
}

fn hash_of(text: &str) -> Digest {
    StoredRecord::read(text.as_bytes()).unwrap().hash()
}

fn coverage(name: &str, texts: &[String], covered: u64) -> ChainCoverage {
    let newest = covered.checked_sub(1).and_then(|place| texts.get(usize::try_from(place).unwrap()));
    let covered_hash = newest.map(|text| hash_of(text).to_string());
    ChainCoverage { tenant: tenant(name), head: texts.len() as u64, covered, covered_hash }
}

type Made = (StoredCheckpoint, Vec<CheckpointSpan>);

/// The next checkpoint over what these chains have beyond what is covered.
fn make(
    newest: Option<&StoredCheckpoint>,
    chains: &[(&str, &[String], u64)],
    public_keys: &[u8],
) -> Result<Made, CheckpointRefusal> {
    let coverage: Vec<_> =
        chains.iter().map(|(name, texts, covered)| coverage(name, texts, *covered)).collect();
    let keys = keys(public_keys);
    let mut next = NextCheckpoint::after(newest, &coverage, &keys)?;
    for (chain, (_, texts, covered)) in coverage.iter().zip(chains) {
        next.begin(chain)?;
        for text in &texts[usize::try_from(*covered).unwrap()..] {
            next.push(text)?;
        }
    }
    let signature = sign(&[*public_keys.last().unwrap(); 32], next.text().as_bytes());
    next.signed(&signature, &keys, NOW)
}

#[test]
fn when_a_checkpoint_is_due() {
    let rules = CheckpointRules::default();
    let ago = |seconds: i64| Some(Timestamp::from_micros(NOW.as_micros() - seconds * 1_000_000));
    let table = [
        ("nothing new, never one", 0, None, false),
        ("nothing new for a day", 0, ago(86_400), false),
        ("the first record", 1, None, true),
        ("a record, just now one", 1, ago(0), false),
        ("a record, 59 s ago", 1, ago(59), false),
        ("a record, 60 s ago", 1, ago(60), true),
        ("999 records, just now one", 999, ago(0), false),
        ("1000 records, just now one", 1000, ago(0), true),
        ("the clock went back", 1, ago(-5), true),
    ];
    for (what, fresh, newest, expected) in table {
        assert_eq!(rules.is_due(fresh, newest, NOW), expected, "{what}");
    }
}

#[test]
fn one_checkpoint_grows_out_of_the_other() {
    let (a, b) = (chain("t_a", 5), chain("t_b", 3));
    let (first, spans) = make(None, &[("t_a", &a[..3], 0), ("t_b", &b[..1], 0)], &[1]).unwrap();
    assert_eq!((first.number, first.size, spans.len()), (0, 4, 2));
    assert_eq!((spans[1].first_index, spans[1].first_sequence, spans[1].last_sequence), (3, 1, 1));
    let (second, spans) = make(Some(&first), &[("t_a", &a, 3), ("t_b", &b, 1)], &[1]).unwrap();
    assert_eq!((second.number, second.size), (1, 8));
    assert_eq!((spans[0].first_index, spans[0].first_sequence, spans[0].last_sequence), (4, 4, 5));
    let order = [&a[..3], &b[..1], &a[3..], &b[1..]].concat();
    let leaves: Vec<_> = order.iter().map(|text| record_leaf(&hash_of(text))).collect();
    assert_eq!(second.root, root_of(&leaves).to_string());
    let opened = keys(&[1]).open(1, &second.note).unwrap();
    assert_eq!((opened.size, opened.root.to_string()), (8, second.root));
}

#[test]
fn a_chain_without_new_records_gets_no_span() {
    let (a, b) = (chain("t_a", 2), chain("t_b", 1));
    let (first, _) = make(None, &[("t_a", &a, 0)], &[1]).unwrap();
    let (_, spans) = make(Some(&first), &[("t_a", &a, 2), ("t_b", &b, 0)], &[1]).unwrap();
    assert_eq!(spans.iter().map(|span| span.tenant.as_str()).collect::<Vec<_>>(), ["t_b"]);
}

#[test]
fn a_later_key_signs_and_an_earlier_one_is_believed() {
    let a = chain("t_a", 2);
    let (first, _) = make(None, &[("t_a", &a[..1], 0)], &[1]).unwrap();
    let (second, _) = make(Some(&first), &[("t_a", &a, 1)], &[1, 2]).unwrap();
    assert!(keys(&[2]).open(1, &second.note).is_ok());
    assert!(keys(&[1]).open(1, &second.note).is_err());
    let lost = make(Some(&first), &[("t_a", &a, 1)], &[2]).unwrap_err();
    assert!(matches!(lost, CheckpointRefusal::Untrusted { number: 0, .. }), "{lost}");
}

#[test]
fn whatever_does_not_fit_is_not_signed() {
    let (a, b) = (chain("t_a", 4), chain("t_b", 4));
    let (first, _) = make(None, &[("t_a", &a[..2], 0)], &[1]).unwrap();
    let stored = |change: &dyn Fn(&mut StoredCheckpoint)| {
        let mut changed = first.clone();
        change(&mut changed);
        make(Some(&changed), &[("t_a", &a, 2)], &[1]).unwrap_err()
    };
    let changed = |at: usize, from: &str, to: &str| {
        let mut texts = a.clone();
        texts[at] = texts[at].replace(from, to);
        texts
    };
    let records = |texts: &[String]| make(Some(&first), &[("t_a", texts, 2)], &[1]).unwrap_err();
    let without = |at: usize| {
        let mut texts = a.clone();
        texts.remove(at);
        texts
    };
    let other_history = chain("t_a", 2);
    let table = [
        ("note changed", stored(&|row| row.note = row.note.replace("\n2\n", "\n3\n"))),
        ("note lost", stored(&|row| row.note.clear())),
        ("size changed", stored(&|row| row.size = 3)),
        ("root changed", stored(&|row| row.root = GENESIS.to_string())),
        ("tree changed", stored(&|row| row.frontier = vec![GENESIS.to_string()])),
        ("tree cut", stored(&|row| row.frontier.clear())),
        ("a span lost", make(Some(&first), &[("t_a", &a, 1)], &[1]).unwrap_err()),
        ("a tenant's records lost", make(Some(&first), &[("t_b", &b, 0)], &[1]).unwrap_err()),
        ("signed records cut", make(Some(&first), &[("t_a", &other_history[..1], 2)], &[1]).unwrap_err()),
        ("a record changed", records(&changed(2, "é", "e"))),
        ("a record unreadable", records(&changed(2, "{", "{ "))),
        ("a record deleted", records(&without(2))),
        ("a record of another tenant", records(&[&a[..2], &b[2..]].concat())),
        ("signed history rewritten", records(&[&a[..1], &changed(1, "é", "e")[1..2], &a[3..]].concat())),
    ];
    let text: String = table.iter().map(|(what, refusal)| format!("{what}: {refusal}\n")).collect();
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_signed_and_no_longer_there_is_counted() {
    let (a, b) = (chain("t_a", 4), chain("t_b", 2));
    let (newest, _) = make(None, &[("t_a", &a[..3], 0), ("t_b", &b, 0)], &[1]).unwrap();
    let all = [coverage("t_a", &a, 3), coverage("t_b", &b, 2)];
    assert_eq!((lost(Some(&newest), &all), fresh(&all), check_covered(Some(&newest), &all)), (0, 1, Ok(())));
    assert_eq!(lost(None, &[]), 0);
    let cut = [ChainCoverage { head: 1, ..all[0].clone() }, all[1].clone()];
    assert_eq!(lost(Some(&newest), &cut), 2);
    assert!(matches!(
        check_covered(Some(&newest), &cut),
        Err(CheckpointRefusal::Cut { head: 1, covered: 3, .. })
    ));
    let gone = &all[..1];
    assert_eq!(lost(Some(&newest), gone), 2);
    let expected = CheckpointRefusal::Coverage { covered: 3, signed: 5 };
    assert_eq!(check_covered(Some(&newest), gone), Err(expected));
}

#[test]
fn a_database_that_is_older_than_what_is_kept_is_found() {
    let a = chain("t_a", 1);
    let (stored, _) = make(None, &[("t_a", &a, 0)], &[1]).unwrap();
    let kept = KeptCheckpoint { number: 0, note: stored.note.clone() };
    assert_eq!(check_kept(None, None), Ok(()));
    assert_eq!(check_kept(Some(&kept), Some(&stored)), Ok(()));
    assert_eq!(check_kept(Some(&kept), None), Err(CheckpointRefusal::RolledBack { kept: 0 }));
    let other = KeptCheckpoint { note: String::new(), ..kept };
    assert_eq!(check_kept(Some(&other), Some(&stored)), Err(CheckpointRefusal::Forked { number: 0 }));
}

#[test]
fn a_signature_of_another_key_is_not_kept() {
    let a = chain("t_a", 1);
    let keys = keys(&[1]);
    let all = [coverage("t_a", &a, 0)];
    let mut next = NextCheckpoint::after(None, &all, &keys).unwrap();
    next.begin(&all[0]).unwrap();
    next.push(&a[0]).unwrap();
    let signature = sign(&[2; 32], next.text().as_bytes());
    assert!(next.signed(&signature, &keys, NOW).is_err());
    assert_eq!(
        LogKeys::new("a b", &[[1; 32]], verify).unwrap_err().to_string().split(':').next(),
        Some("trail.origin")
    );
    assert!(matches!(LogKeys::new("a", &[], verify), Err(CheckpointRefusal::NoKey)));
}
