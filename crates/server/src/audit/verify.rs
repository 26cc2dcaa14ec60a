//! `portcullis audit verify`: streams an export through the verifier.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use color_eyre::eyre::{self, WrapErr, ensure};
use portcullis_trail::checkpoint::Checkpoint;
use portcullis_trail::export::{ExportVerifier, Finding, Report, Trust};
use portcullis_trail::note::{MAX_NOTE, SignedNote};

use super::lines::Lines;
use super::{DOES_NOT_HOLD, VerifyFlags, ed25519};

pub(super) fn verify(flags: &VerifyFlags) -> eyre::Result<ExitCode> {
    let checkpoints =
        flags.checkpoints.iter().map(|file| known_checkpoint(file, flags)).collect::<Result<_, _>>()?;
    let (keys, heads) = (flags.keys.clone(), flags.heads.clone());
    let mut verifier = ExportVerifier::new(Trust { keys, verify: ed25519, checkpoints, heads });
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut lines = Lines::of(&flags.file)?;
    let mut newest_note = None;
    let unreadable = || format!("{} cannot be read", flags.file.display());
    while let Some(line) = lines.next_line().wrap_err_with(unreadable)? {
        tell(&verifier.push(line), &mut out)?;
        newest_note = note_in(line).or(newest_note);
    }
    let (findings, report) = verifier.finish();
    tell(&findings, &mut out)?;
    out.write_all(summary(&report).as_bytes()).and_then(|()| out.flush()).wrap_err(NO_OUTPUT)?;
    if report.findings > 0 {
        return Ok(ExitCode::from(DOES_NOT_HOLD));
    }
    if let (Some(file), Some(note)) = (&flags.keep, newest_note) {
        fs::write(file, note).wrap_err_with(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

const NO_OUTPUT: &str = "standard output cannot be written to";

fn tell(findings: &[Finding], out: &mut impl Write) -> eyre::Result<()> {
    findings.iter().try_for_each(|finding| writeln!(out, "{finding}")).wrap_err(NO_OUTPUT)
}

fn summary(report: &Report) -> String {
    let verdict = match report.findings {
        0 => "whole".to_owned(),
        1 => "NOT WHOLE: 1 finding".to_owned(),
        more => format!("NOT WHOLE: {more} findings"),
    };
    let (records, tenants, hidden) = (report.records, report.tenants, report.hidden);
    let mut text =
        format!("{verdict}; {records} records of {tenants} tenants, {hidden} hidden records of others\n");
    text.push_str(&format!("checkpoints: {} proven, {} not compared", report.checkpoints, report.unproven));
    if let Some(newest) = &report.newest {
        text.push_str(&format!(
            "; the newest proven one covers {} records, root {}",
            newest.size, newest.root
        ));
    }
    text.push('\n');
    text
}

/// The note of a checkpoint's line. After a clean verification the last one is the newest, and proven.
fn note_in(line: &[u8]) -> Option<String> {
    if !line.starts_with(b"{\"checkpoint\":") {
        return None;
    }
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    value["checkpoint"].as_str().map(ToOwned::to_owned)
}

fn known_checkpoint(file: &Path, flags: &VerifyFlags) -> eyre::Result<Checkpoint> {
    let name = file.display();
    let length = fs::metadata(file).wrap_err_with(|| format!("{name} cannot be read"))?.len();
    ensure!(length <= MAX_NOTE as u64, "{name} is no checkpoint: expected a signed note of at most 128 KiB");
    let text = fs::read_to_string(file).wrap_err_with(|| format!("{name} cannot be read"))?;
    let note: SignedNote = text.parse().wrap_err_with(|| format!("{name} is no checkpoint"))?;
    Checkpoint::open(&note, &flags.keys, ed25519).wrap_err_with(|| format!("{name} cannot be trusted"))
}
