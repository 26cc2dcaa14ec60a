//! `cargo xtask bench`: builds what is measured as it is released, and has `portcullis-proof` measure it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use layer_audit::Exit;

/// What `cargo xtask bench --help` prints. The options are those of `portcullis-proof bench`; asking for them builds
/// nothing.
pub(crate) const HELP: &str = "\
cargo xtask bench [OPTIONS]
    Builds a release, measures governed calls beside direct calls of the same upstream, and writes BENCHMARKS.md.

  --seconds N         Seconds of each measurement
  --rounds N          Rounds; each measures every side once, one after the other
  --concurrency N,N   Callers at a time
  --disk FOLDER       Where the data directories are made; take a real disk, not memory
  --binary FILE       The binary that is measured [default: `portcullis` beside this program]
  --against FILE,FILE Other builds of it, measured beside it: what a change costs or gains
  --postgres URL      A PostgreSQL server, with a role that may create databases; left out unless named. Needs `psql`
  --peers             Measure other gateways too: installs them under `target/peers` on the first run
";

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

#[cfg(test)]
mod tests {
    use super::*;

    /// Set by this task itself, and so nobody's to give.
    const OWN: [&str; 2] = ["audit-millis", "write"];

    #[test]
    fn the_help_tells_the_options_of_the_measurement() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/proof/src/bench.rs");
        let source = std::fs::read_to_string(source).expect("the options are declared there");
        let options = source.split_once("struct Options {").expect("declared").1;
        let options = options.split_once("\n}").expect("closed").0;
        let mut said = 0;
        let mut about = "";
        for line in options.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("/// ") {
                about = text;
            } else if let Some((name, _)) = line.split_once(": ").filter(|_| !line.starts_with('#')) {
                let name = name.replace('_', "-");
                let told = HELP.lines().any(|line| {
                    line.trim_start().starts_with(&format!("--{name} "))
                        && line.ends_with(&format!(" {about}"))
                });
                assert_eq!(told, !OWN.contains(&name.as_str()), "--{name}: {about}");
                said += usize::from(told);
            }
        }
        assert_eq!(said, HELP.lines().filter(|line| line.trim_start().starts_with("--")).count());
    }
}
