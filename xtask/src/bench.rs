//! `cargo xtask bench`: builds what is measured as it is released, and has `portcullis-proof` measure it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use layer_audit::Exit;

/// Runs the audit this often; the last one is warm.
const AUDITS: usize = 3;

/// Builds, measures and writes BENCHMARKS.md. `words` go to `portcullis-proof bench`.
pub(crate) fn run(root: &Path, words: &[String]) -> ExitCode {
    let build = ["build", "--locked", "--release", "-p", "portcullis-server", "-p", "portcullis-proof"];
    let built = cargo(root).args(build).status();
    if !matches!(&built, Ok(status) if status.success()) {
        return broken("the release build failed");
    }
    let mut bench = cargo(root);
    bench
        .args(["run", "--locked", "--quiet", "--release", "-p", "portcullis-proof", "--", "bench", "--write"])
        .arg(root);
    match warm_audit(root) {
        Some(millis) => drop(bench.args(["--audit-millis", &millis.to_string()])),
        None => return broken("the audit is not clean, so its time means nothing"),
    }
    match bench.args(words).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => broken("the measurement failed"),
    }
}

fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}

/// Milliseconds of this program's own audit, once the files are in memory; none unless it is clean.
fn warm_audit(root: &Path) -> Option<u128> {
    let mut last = None;
    for _ in 0..AUDITS {
        let started = Instant::now();
        let output =
            Command::new(std::env::current_exe().ok()?).arg("audit").current_dir(root).output().ok()?;
        last = output.status.success().then(|| started.elapsed().as_millis());
    }
    last
}

fn broken(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "bench: {why}");
    ExitCode::from(Exit::Unusable as u8)
}
