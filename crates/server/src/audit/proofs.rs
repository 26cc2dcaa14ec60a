//! `portcullis audit prove` and `verify-proof`: one record, without the rest of the log.

use std::fs::File;
use std::io::Read;
use std::process::ExitCode;

use color_eyre::eyre::{self, WrapErr};
use portcullis_trail::proof::{RecordProof, RecordProver};

use super::lines::Lines;
use super::{DOES_NOT_HOLD, ProveFlags, VerifyProofFlags, ed25519};
use crate::cli::say;

/// Longer than any proof.
const MOST_BYTES: u64 = 4 << 20;

pub(super) fn prove(flags: &ProveFlags) -> eyre::Result<()> {
    let mut prover = RecordProver::new(&flags.tenant, flags.sequence);
    let mut lines = Lines::of(&flags.file)?;
    let unreadable = || format!("{} cannot be read", flags.file.display());
    let mut number = 0_u64;
    while let Some(line) = lines.next_line().wrap_err_with(unreadable)? {
        number += 1;
        prover.push(line).wrap_err_with(|| format!("{}: line {number}", flags.file.display()))?;
    }
    let proof = prover.finish().wrap_err_with(|| format!("{} gives no proof", flags.file.display()))?;
    say(&proof.to_string())
}

pub(super) fn verify(flags: &VerifyProofFlags) -> eyre::Result<ExitCode> {
    let unreadable = || format!("{} cannot be read", flags.file.display());
    let mut text = String::new();
    let file = File::open(&flags.file).wrap_err_with(unreadable)?;
    file.take(MOST_BYTES).read_to_string(&mut text).wrap_err_with(unreadable)?;
    let verified = text.parse::<RecordProof>().and_then(|proof| {
        let proven = proof.verify(&flags.keys, ed25519)?;
        Ok((proof, proven))
    });
    match verified {
        Ok((proof, proven)) => {
            say(&format!(
                "proven: record {} of tenant {} is in the log at index {}, under a checkpoint of {} records\n{}\n",
                proven.sequence,
                proven.tenant,
                proven.index,
                proven.checkpoint.size,
                proof.record()
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            say(&format!("NOT PROVEN: {error}\n"))?;
            Ok(ExitCode::from(DOES_NOT_HOLD))
        }
    }
}
