//! The product's own command line: what an operator exports with, and an auditor verifies with.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Output, Stdio};

use color_eyre::eyre::{Result, WrapErr, bail, ensure};
use portcullis_trail::note::VerifierKey;
use tokio::process::Command;

/// This program, which holds the product's.
const THIS_PROGRAM: &str = "/proc/self/exe";
/// The exit code for what does not hold.
const DOES_NOT_HOLD: i32 = 3;

/// `portcullis audit export`: the file's lines.
pub(super) async fn export(data_dir: &Path, file: &Path) -> Result<Vec<u8>> {
    let words =
        ["export".as_ref(), "--data-dir".as_ref(), data_dir.as_os_str(), "--out".as_ref(), file.as_os_str()];
    succeeded(audit(&words).await?)?;
    std::fs::read(file).wrap_err("the export cannot be read")
}

/// `portcullis audit key`: the last one signs.
pub(super) async fn keys(data_dir: &Path) -> Result<Vec<VerifierKey>> {
    let told = succeeded(audit(&["key".as_ref(), "--data-dir".as_ref(), data_dir.as_os_str()]).await?)?;
    told.lines().map(|line| line.parse().wrap_err("a key")).collect()
}

/// `portcullis audit verify`, with this key and a file of a kept checkpoint: whether it calls these lines whole.
pub(super) async fn verify(lines: &[Vec<u8>], file: &Path, key: &VerifierKey, kept: &Path) -> Result<bool> {
    std::fs::write(file, lines.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect::<Vec<u8>>())?;
    let key = key.to_string();
    let words = ["verify".as_ref(), file.as_os_str(), "--key".as_ref(), key.as_ref()];
    let output = audit(&[&words[..], &["--checkpoint".as_ref(), kept.as_os_str()]].concat()).await?;
    match output.status.code() {
        Some(0) => Ok(true),
        Some(DOES_NOT_HOLD) => Ok(false),
        other => bail!("verify ended with {other:?}: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

async fn audit(words: &[&OsStr]) -> Result<Output> {
    let mut command = Command::new(THIS_PROGRAM);
    command.args(["product", "audit"]).args(words).stdin(Stdio::null());
    command.output().await.wrap_err("this program cannot be started again")
}

fn succeeded(output: Output) -> Result<String> {
    ensure!(output.status.success(), "audit failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
