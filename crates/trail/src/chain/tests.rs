//! Chains whole and damaged: each kind of break, every bit, every deletion and swap.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{
    Break, BreakKind, ChainVerifier, GENESIS, HASH, PREVIOUS_HASH, Part, SEQUENCE, StoredRecord, TENANT,
    Verified, record_hash, seal_record,
};
use crate::strict::{self, Limits};
use crate::{Digest, arbitrary, canonical_bytes};

const TENANT_ID: &str = "ten_a";

/// Chains `contents` from the genesis hash; a content's own chain members are overwritten.
fn chain(contents: Vec<Map<String, Value>>) -> Vec<Value> {
    let mut previous = GENESIS;
    let mut records = Vec::new();
    for (sequence, mut members) in (1_u64..).zip(contents) {
        members.remove(HASH);
        members.insert(TENANT.into(), json!(TENANT_ID));
        members.insert(SEQUENCE.into(), json!(sequence));
        members.insert(PREVIOUS_HASH.into(), json!(previous));
        let mut record = Value::Object(members);
        previous = record_hash(&record).unwrap();
        record[HASH] = json!(previous);
        records.push(record);
    }
    records
}

fn sample(records: u64) -> Vec<Value> {
    let content = |n| json!({ "kind": "tool_invocation.allowed", "n": n, "name": "grün", "cost": 0.25 });
    chain((0..records).map(|n| content(n).as_object().unwrap().clone()).collect())
}

fn verify(records: &[Value]) -> Result<Verified, Break> {
    let mut verifier = ChainVerifier::new(TENANT_ID);
    for record in records {
        verifier.push(record)?;
    }
    verifier.finish()
}

/// Verifies records as an auditor does: stored text, read strictly, against a head kept elsewhere.
fn holds(lines: &[Vec<u8>], head: Digest) -> bool {
    let records: Result<Vec<_>, _> =
        lines.iter().map(|line| strict::parse(line, Limits::default())).collect();
    records.is_ok_and(|records| verify(&records).is_ok_and(|verified| verified.head == head))
}

fn stored(records: &[Value]) -> (Vec<Vec<u8>>, Digest) {
    let lines = records.iter().map(|record| canonical_bytes(record).unwrap()).collect();
    (lines, verify(records).unwrap().head)
}

fn break_of(records: &[Value]) -> (u64, BreakKind) {
    let broken = verify(records).unwrap_err();
    (broken.sequence, broken.kind)
}

#[test]
fn an_unbroken_chain_verifies_from_any_start() {
    let records = sample(5);
    let head: Digest = records[4][HASH].as_str().unwrap().parse().unwrap();
    let whole = Verified { records: 5, first_sequence: 1, last_sequence: Some(5), head };
    assert_eq!(verify(&records), Ok(whole));
    assert_eq!(
        verify(&[]),
        Ok(Verified { records: 0, first_sequence: 1, last_sequence: None, head: GENESIS })
    );

    let second: Digest = records[1][HASH].as_str().unwrap().parse().unwrap();
    let mut verifier = ChainVerifier::resume(TENANT_ID, 3, second);
    records[2..].iter().for_each(|record| verifier.push(record).unwrap());
    assert_eq!(verifier.finish(), Ok(Verified { records: 3, first_sequence: 3, ..whole }));
}

#[test]
fn each_kind_of_break_is_told_apart() {
    let edited = |at: usize, member: &str, value: Value| {
        let mut records = sample(4);
        records[at][member] = value;
        break_of(&records)
    };
    assert_eq!(edited(2, "n", json!(99)), (3, BreakKind::Hash));
    assert_eq!(edited(2, "added", json!(null)), (3, BreakKind::Hash));
    assert_eq!(edited(2, HASH, json!(GENESIS)), (3, BreakKind::Hash));
    assert_eq!(edited(2, PREVIOUS_HASH, json!(GENESIS)), (3, BreakKind::Link));
    assert_eq!(edited(2, SEQUENCE, json!(4)), (3, BreakKind::Gap));
    assert_eq!(edited(2, TENANT, json!("ten_b")), (3, BreakKind::Tenant));
    assert_eq!(edited(0, HASH, json!("00")), (1, BreakKind::Shape));
    assert_eq!(edited(0, SEQUENCE, json!("1")), (1, BreakKind::Shape));
    assert_eq!(edited(0, "n", json!(u64::MAX)), (1, BreakKind::Shape));

    let mut records = sample(4);
    records.remove(1);
    assert_eq!(break_of(&records), (2, BreakKind::Gap));
    records[1] = json!([]);
    assert_eq!(break_of(&records), (2, BreakKind::Shape));

    let mut rewritten = sample(4);
    rewritten[1]["n"] = json!(99);
    rewritten[1].as_object_mut().unwrap().remove(HASH);
    rewritten[1][HASH] = json!(record_hash(&rewritten[1]).unwrap());
    assert_eq!(break_of(&rewritten), (3, BreakKind::Link), "a rewritten record breaks at its successor");
}

#[test]
fn a_break_stays_and_says_what_was_expected() {
    let records = sample(3);
    let mut verifier = ChainVerifier::new(TENANT_ID);
    let broken = verifier.push(&records[1]).unwrap_err();
    assert_eq!(broken.to_string(), "record 1: sequence has a gap; expected 1, found 2");
    assert_eq!(verifier.push(&records[0]), Err(broken.clone()));
    assert_eq!(verifier.finish(), Err(broken));

    let foreign = ChainVerifier::new("ten_b").push(&records[0]).unwrap_err();
    assert_eq!(
        foreign.to_string(),
        "record 1: record of another tenant; expected ten_b, found another tenant"
    );
    let shapeless = ChainVerifier::new(TENANT_ID).push(&json!({ "tenant_id": 7 })).unwrap_err();
    assert_eq!(
        shapeless.to_string(),
        "record 1: malformed record; expected a chained record, found member `tenant_id` is not a string"
    );
}

#[test]
fn a_record_is_hashed_only_when_it_is_whole() {
    let whole = json!({ "tenant_id": "t", "sequence": 1, "previous_hash": GENESIS });
    assert_eq!(record_hash(&whole), crate::canonical_hash(&whole).map_err(Into::into));
    let without = |member: &str| {
        let mut record = whole.clone();
        record.as_object_mut().unwrap().remove(member);
        record_hash(&record).unwrap_err().to_string()
    };
    assert_eq!(without(TENANT), "member `tenant_id` is not a string");
    assert_eq!(without(SEQUENCE), "member `sequence` is not a whole number within 2^53");
    assert_eq!(without(PREVIOUS_HASH), "member `previous_hash` is not 64 lower-case hexadecimal digits");
    let mut sealed = whole.clone();
    sealed[HASH] = json!(GENESIS);
    assert_eq!(
        record_hash(&sealed).unwrap_err().to_string(),
        "member `hash` is present before the record was hashed"
    );
    assert_eq!(record_hash(&json!(1)).unwrap_err().to_string(), "record is not an object");
}

#[test]
fn a_stored_record_is_read_from_its_canonical_form_alone() {
    let records = sample(2);
    let bytes = canonical_bytes(&records[1]).unwrap();
    let record = StoredRecord::read(&bytes).unwrap();
    assert_eq!((record.tenant(), record.sequence(), record.is_sealed()), (TENANT_ID, 2, true));
    assert_eq!(json!(record.hash()), records[1][HASH]);
    let read = |text: &str| StoredRecord::read(text.as_bytes()).map(drop).unwrap_err().to_string();
    let text = String::from_utf8(bytes).unwrap();
    assert!(read(&text.replace("\"cost\":0.25", "\"cost\":0.250")).starts_with("not in canonical form"));
    assert!(read(&format!("{text} ")).starts_with("not in canonical form"));
    assert_eq!(read("[1]"), "record is not an object");
    assert_eq!(read("{}"), "member `tenant_id` is not a string");
    assert_eq!(read(&text.replace(":2,", ":-2,")), "member `sequence` is not a whole number within 2^53");
    let beyond = read(&text.replace(":2,", ":9007199254740994,"));
    assert_eq!(beyond, "member `sequence` is not a whole number within 2^53");
    let malformed = "member `hash` is not 64 lower-case hexadecimal digits";
    assert_eq!(read(&text.replace("\"hash\":\"", "\"hash\":\"0")), malformed);
    assert_eq!(read(&text.replace("\"hash\":", "\"hasp\":")), malformed);
}

#[test]
fn every_bit_of_a_stored_chain_counts() {
    let (lines, head) = stored(&sample(3));
    assert!(holds(&lines, head));
    for line in 0..lines.len() {
        for byte in 0..lines[line].len() {
            for bit in 0..8 {
                let mut damaged = lines.clone();
                damaged[line][byte] ^= 1 << bit;
                assert!(!holds(&damaged, head), "record {line}, byte {byte}, bit {bit}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// One exception is no damage: a text that reads back as the same record (`1e+30` as `1E+30`).
    #[test]
    fn a_changed_byte_is_found(
        contents in prop::collection::vec(arbitrary::object(), 1..5),
        line in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
        mask in 1_u8..,
    ) {
        let records = chain(contents);
        let (mut lines, head) = stored(&records);
        prop_assert!(holds(&lines, head));
        let line = line.index(lines.len());
        let byte = byte.index(lines[line].len());
        lines[line][byte] ^= mask;
        let same = strict::parse(&lines[line], Limits::default())
            .is_ok_and(|read| canonical_bytes(&read).unwrap() == canonical_bytes(&records[line]).unwrap());
        prop_assert_eq!(holds(&lines, head), same);
    }

    /// Both ways to read a record come to the same verdict, wherever its hash member lies.
    #[test]
    fn a_stored_record_is_the_value_that_it_spells(
        contents in prop::collection::vec(arbitrary::object(), 1..4), damaged in any::<bool>(), mask in 1_u8..
    ) {
        let records = chain(contents);
        let mut verifiers = (ChainVerifier::new(TENANT_ID), ChainVerifier::new(TENANT_ID));
        for record in &records {
            let mut bytes = canonical_bytes(record).unwrap();
            let digit = bytes.len() / 2;
            if damaged {
                bytes[digit] ^= mask;
            }
            let Ok(stored) = StoredRecord::read(&bytes) else { break };
            let read = strict::parse(&bytes, Limits::default()).unwrap();
            prop_assert_eq!(verifiers.0.push_stored(&stored), verifiers.1.push(&read));
        }
        prop_assert_eq!(verifiers.0.finish(), verifiers.1.finish());
    }

    #[test]
    fn a_record_deleted_doubled_or_swapped_is_found(
        contents in prop::collection::vec(arbitrary::object(), 2..8),
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let (lines, head) = stored(&chain(contents));
        let (one, other) = (one.index(lines.len()), other.index(lines.len()));

        let mut deleted = lines.clone();
        deleted.remove(one);
        prop_assert!(!holds(&deleted, head));

        let mut doubled = lines.clone();
        doubled.insert(other, lines[one].clone());
        prop_assert!(!holds(&doubled, head));

        let mut swapped = lines.clone();
        swapped.swap(one, other);
        prop_assert_eq!(holds(&swapped, head), one == other);
    }
}

/// As whoever seals a record may have the value at hand.
fn part(value: &Value) -> Part<'_> {
    match value {
        Value::String(text) => Part::Text(text),
        Value::Object(members) => Part::Object(members),
        _ => value.as_u64().map_or(Part::Value(value), Part::Whole),
    }
}

proptest! {
    /// Sealing in one go is hashing, setting the member and writing the whole.
    #[test]
    fn sealing_is_what_hashing_and_writing_are(members in arbitrary::object(), low in any::<bool>()) {
        let mut members = members;
        // With and without members that sort before `hash`.
        members.retain(|name, _| low || name.as_str() > "hash");
        let mut record = chain(vec![members]).remove(0);
        let expected = canonical_bytes(&record).unwrap();
        let hash = record.as_object_mut().unwrap().remove(HASH).unwrap();
        let members = record.as_object().unwrap();
        let as_parts = members.iter().map(|(name, value)| (name.as_str(), part(value))).collect();
        let (sealed, bytes) = seal_record(as_parts).unwrap();
        prop_assert_eq!(record_hash(&record).unwrap(), sealed);
        prop_assert_eq!(json!(sealed), hash);
        prop_assert_eq!(bytes, expected);
    }
}
