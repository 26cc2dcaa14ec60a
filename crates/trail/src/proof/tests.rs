//! Every record of a sample has its proof, out of every export; nothing else is one.

use proptest::prelude::*;

use super::*;
use crate::chain::{SEQUENCE, TENANT};
use crate::export::sample::{Log, SIZES, TENANTS, signer};
use crate::signing::{Signer, ring_verify};

fn prove(lines: &[Vec<u8>], tenant: &str, sequence: u64) -> Result<RecordProof, ProveError> {
    let mut prover = RecordProver::new(tenant, sequence);
    for line in lines {
        prover.push(line)?;
    }
    prover.finish()
}

fn first_proof() -> RecordProof {
    let log = Log::sample();
    prove(&log.lines(&[], &log, &signer()), "t_a", 1).unwrap()
}

#[test]
fn every_record_has_a_proof_out_of_every_export_that_shows_it() {
    let log = Log::sample();
    let keys = [signer().key];
    for tenants in [&[][..], &["t_a"], &["t_b"], &["t_b", "t_c"]] {
        let lines = log.lines(tenants, &log, &signer());
        for kept in [lines.len(), lines.len() - 5] {
            let ends = if kept == lines.len() { SIZES[3] } else { SIZES[2] };
            for (index, record) in log.records[..SIZES[2]].iter().enumerate() {
                let (tenant, sequence) =
                    (record[TENANT].as_str().unwrap(), record[SEQUENCE].as_u64().unwrap());
                let proof = prove(&lines[..kept], tenant, sequence);
                if !tenants.is_empty() && !tenants.contains(&tenant) {
                    assert_eq!(proof, Err(ProveError::NotFound));
                    continue;
                }
                let proof = proof.unwrap();
                let proven = proof.verify(&keys, ring_verify).unwrap();
                assert_eq!(
                    (proven.tenant.as_str(), proven.sequence, proven.index),
                    (tenant, sequence, index as u64)
                );
                assert_eq!(proven.checkpoint, log.checkpoint(ends));
                assert_eq!(proof.to_string().parse(), Ok(proof));
            }
        }
    }
}

#[test]
fn the_text_is_a_contract() {
    insta::assert_snapshot!(first_proof().to_string());
}

#[test]
fn no_proof_without_record_checkpoint_or_order() {
    let log = Log::sample();
    let lines = log.lines(&[], &log, &signer());
    assert_eq!(prove(&lines, "t_a", 99), Err(ProveError::NotFound));
    assert_eq!(prove(&lines[..10], "t_a", 1), Err(ProveError::Uncovered));
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    assert_eq!(prove(&swapped, "t_a", 1), Err(ProveError::Order { index: 2 }));
    let mut damaged = lines;
    damaged[3].pop();
    assert!(matches!(prove(&damaged, "t_a", 1), Err(ProveError::Line(_))));
}

#[test]
fn a_proof_holds_for_its_record_log_and_key_alone() {
    let proof = first_proof();
    let verdict = |proof: &RecordProof| proof.verify(&[signer().key], ring_verify).map(drop);
    assert_eq!(verdict(&proof), Ok(()));
    let changed = RecordProof { record: proof.record.replace("high", "low"), ..proof.clone() };
    assert_eq!(verdict(&changed), Err(RecordProofError::Changed));
    let elsewhere = RecordProof { index: 1, ..proof.clone() };
    assert_eq!(verdict(&elsewhere), Err(RecordProofError::Inclusion(ProofError::Root { tree: "signed" })));
    let outside = RecordProof { index: 45, ..proof.clone() };
    assert_eq!(
        verdict(&outside),
        Err(RecordProofError::Inclusion(ProofError::Outside { index: 45, size: 45 }))
    );
    let short = RecordProof { hashes: proof.hashes[1..].to_vec(), ..proof.clone() };
    assert!(matches!(verdict(&short), Err(RecordProofError::Inclusion(ProofError::Length { .. }))));
    let other = Signer::new("log.example/trail", 2);
    assert!(matches!(proof.verify(&[other.key], ring_verify), Err(RecordProofError::Checkpoint(_))));
    let of_another_log = RecordProof { record: TENANTS[0].to_owned(), ..proof };
    assert!(matches!(verdict(&of_another_log), Err(RecordProofError::Record(_))));
}

#[test]
fn a_proof_has_one_text() {
    let text = first_proof().to_string();
    for (from, to, expected) in [
        ("@v1", "@v2", "on line 1"),
        ("extra ", "extra", "on line 2"),
        ("extra e", "extra =", "on line 2"),
        ("index 0", "index 00", "on line 3"),
        ("index 0\n", "index 0\nAAAA\n", "after line 3"),
        ("\n\n", "\n", "after line 3"),
    ] {
        let error = text.replacen(from, to, 1).parse::<RecordProof>().unwrap_err();
        assert!(error.to_string().contains(expected), "{from} {to}: {error}");
    }
    let error = "c2sp.org/tlog-proof@v1\n".parse::<RecordProof>().unwrap_err();
    assert_eq!(error.to_string(), "malformed proof, expected an empty line before the checkpoint");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_proof_is_not_believed(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut bytes = first_proof().to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let read = String::from_utf8(bytes).ok().and_then(|text| text.parse::<RecordProof>().ok());
        prop_assert!(read.is_none_or(|proof| proof.verify(&[signer().key], ring_verify).is_err()));
    }
}
