//! `portcullis audit verify`: streams an export through the verifier.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use color_eyre::eyre::{self, WrapErr, bail, ensure};
use portcullis_trail::checkpoint::Checkpoint;
use portcullis_trail::export::{ExportVerifier, Finding, FindingKind, Report, TenantEnd, Trust, Verdict};
use portcullis_trail::note::{MAX_NOTE, SignedNote};

use super::lines::Lines;
use super::{DOES_NOT_HOLD, VerifyFlags, ed25519};

pub(super) fn verify(flags: &VerifyFlags) -> eyre::Result<ExitCode> {
    let mut verifier = verifier(flags)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut lines = Lines::of(&flags.file)?;
    let mut newest_note = None;
    let mut is_another = false;
    let unreadable = || format!("{} cannot be read", flags.file.display());
    while let Some(line) = lines.next_line().wrap_err_with(unreadable)? {
        let findings = verifier.push(line);
        tell(&findings, &mut out)?;
        is_another |= findings.iter().any(|finding| finding.kind == FindingKind::Scope);
        newest_note = note_in(line).or(newest_note);
    }
    let (findings, report) = verifier.finish();
    tell(&findings, &mut out)?;
    let advice = if is_another { ADVICE } else { "" };
    write!(out, "{}{advice}", summary(&report)).and_then(|()| out.flush()).wrap_err(NO_OUTPUT)?;
    if report.verdict == Verdict::Broken {
        return Ok(ExitCode::from(DOES_NOT_HOLD));
    }
    if let (Some(file), Some(note)) = (&flags.keep, newest_note) {
        fs::write(file, note).wrap_err_with(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

const NO_OUTPUT: &str = "standard output cannot be written to";
const ADVICE: &str = "this is another export than you asked for: without --tenant a full one is expected, with --tenant one of exactly \
                      these tenants; get that one, and do not take names from the file\n";

/// What is expected comes from the command line alone.
fn verifier(flags: &VerifyFlags) -> eyre::Result<ExportVerifier> {
    let checkpoints =
        flags.checkpoints.iter().map(|file| known_checkpoint(file, flags)).collect::<Result<_, _>>()?;
    let (keys, heads) = (flags.keys.clone(), flags.heads.clone());
    let tenants: BTreeSet<String> = flags.tenants.iter().cloned().collect();
    let strange = heads.iter().find(|head| !tenants.is_empty() && !tenants.contains(&head.tenant));
    if let Some(head) = strange {
        bail!(
            "--head is of tenant {}, which no --tenant names; name it too, or leave the head out",
            head.tenant
        );
    }
    let trust = Trust { keys, verify: ed25519, checkpoints, heads };
    Ok(match tenants.is_empty() {
        true => ExportVerifier::new(trust),
        false => ExportVerifier::of_tenants(trust, tenants),
    })
}

fn tell(findings: &[Finding], out: &mut impl Write) -> eyre::Result<()> {
    findings.iter().try_for_each(|finding| writeln!(out, "{finding}")).wrap_err(NO_OUTPUT)
}

fn summary(report: &Report) -> String {
    let verdict = match (report.verdict, report.findings) {
        (Verdict::Whole, _) => "whole".to_owned(),
        (Verdict::WholeToHeads, _) => "whole up to the heads that were given".to_owned(),
        (Verdict::AsFarAsShown, _) => "true as far as shown".to_owned(),
        (Verdict::Broken, 1) => "NOT WHOLE: 1 finding".to_owned(),
        (Verdict::Broken, more) => format!("NOT WHOLE: {more} findings"),
    };
    let (records, tenants, hidden) = (report.records, report.tenants, report.hidden);
    let mut text = format!("{verdict}; {records} records of {tenants} tenants, {hidden} records hidden\n");
    text.push_str(&format!("checkpoints: {} proven, {} not compared", report.checkpoints, report.unproven));
    if let Some(newest) = &report.newest {
        text.push_str(&format!(
            "; the newest proven one covers {} records, root {}",
            newest.size, newest.root
        ));
    }
    text.push('\n');
    report.ends.iter().for_each(|end| text.push_str(&told(end)));
    text
}

/// A line for a tenant: where it ends, and whether that could be all.
fn told(TenantEnd { head, is_known }: &TenantEnd) -> String {
    let proven = match is_known {
        true => "given, so nothing of this tenant up to it is hidden",
        false => "NOT PROVEN that no newer record of this tenant is hidden: that takes its newest --head",
    };
    format!("head {head}; {proven}\n")
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
