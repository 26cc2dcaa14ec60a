//! The official conformance suite of MCP, both legs, through the running binary.
//!
//! Server leg: the suite is the agent, in front of a small server that we wrote on another's SDK. Client leg: the suite
//! is the upstream, and a driver of ours plays an agent that calls what the gate offers of it. What fails and is known
//! stands in a file for each leg and revision; a failure that is not in it breaks the run, and so does one that is and
//! does not fail any more. A scenario that passes without a check counts as failed: it has shown nothing.

mod agent;
mod client_leg;
pub(crate) mod driver;
mod offer;
mod sample;
mod server_leg;
mod tokens;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::{Args, ValueEnum};
use color_eyre::eyre::{ContextCompat, Result, WrapErr, ensure};

/// The revisions that are spoken in it.
const REVISIONS: [&str; 2] = ["2026-07-28", "2025-11-25"];

/// Where the programs are. All are required: what is missing is a failure, not a skip.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The `portcullis` binary
    #[arg(long)]
    binary: PathBuf,
    /// Folder whose `node_modules` holds the suite, and a Node.js that runs it
    #[arg(long)]
    node: PathBuf,
    /// The server on the Rust SDK, `rmcp-conformance` as built from `e2e/rmcp` in this crate's folder
    #[arg(long)]
    rmcp: PathBuf,
    /// Folder of this crate's front and expectations
    #[arg(long, default_value = "crates/proof/conformance")]
    folder: PathBuf,
    /// One leg alone; both unless named
    #[arg(long, value_enum)]
    leg: Option<Leg>,
}

/// Which side of the gate the suite stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Leg {
    /// It is the agent
    Server,
    /// It is the upstream
    Client,
}

pub(crate) async fn run(options: Options) -> Result<()> {
    if options.leg != Some(Leg::Client) {
        server_leg::run(&options).await?;
    }
    if options.leg != Some(Leg::Server) {
        client_leg::run(&options)?;
    }
    Ok(())
}

/// What the suite said of one leg and revision.
#[derive(Debug)]
struct Verdict {
    /// Its total, in its own words.
    total: String,
    failed: BTreeSet<String>,
    passed: BTreeSet<String>,
    /// All that it said.
    said: String,
}

impl Verdict {
    /// Runs the suite with these words.
    ///
    /// The suite could compare by itself, but counts what is known as a failure of the requirements all the same.
    fn of(options: &Options, words: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        let modules = options.node.join("node_modules");
        let mut command = Command::new(modules.join(".bin/node"));
        command.arg(modules.join("@modelcontextprotocol/conformance/dist/index.js")).args(words);
        command.envs(environment.iter().copied());
        let output = command.stdin(Stdio::null()).output().wrap_err("the suite cannot be started")?;
        Self::read(&String::from_utf8_lossy(&output.stdout)).wrap_err_with(|| format!("{words:?}"))
    }

    fn read(said: &str) -> Result<Self> {
        let total = said.lines().find(|line| line.starts_with("Total:"));
        let total = total.with_context(|| format!("the suite did not run to its end: {said}"))?.to_owned();
        let (mut failed, mut passed) = (BTreeSet::new(), BTreeSet::new());
        for line in said.lines() {
            let judged = line.split_once(' ').and_then(|(mark, rest)| Some((mark, rest.split_once(": ")?)));
            match judged {
                Some(("✓", (name, counts))) if !counts.starts_with("0 passed") => {
                    passed.insert(name.to_owned())
                }
                Some(("✓" | "✗", (name, _))) => failed.insert(name.to_owned()),
                _ => false,
            };
        }
        Ok(Self { total, failed, passed, said: said.to_owned() })
    }

    /// Compares what failed with what is known to. The total, in the suite's words.
    fn expect(self, options: &Options, leg: &str, revision: &str) -> Result<String> {
        let file = options.folder.join(format!("expected-failures-{leg}-{revision}.txt"));
        let known = std::fs::read_to_string(&file).wrap_err_with(|| file.display().to_string())?;
        let known: BTreeSet<_> = known
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(str::to_owned)
            .collect();
        let (new, gone): (Vec<_>, Vec<_>) =
            (self.failed.difference(&known).collect(), known.difference(&self.failed).collect());
        ensure!(new.is_empty(), "{leg} {revision}: {new:?} failed, which must not: {}", self.said);
        ensure!(
            gone.is_empty(),
            "{leg} {revision}: {gone:?} failed no more: take them out of {}",
            file.display()
        );
        Ok(self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_without_a_check_has_failed() {
        let said = "✓ a: 2 passed, 0 failed\n✗ auth/b: 1 passed, 1 failed\n✓ c: 0 passed, 0 failed\n  ✗ auth/b (x)\n\
                    Total: 3 passed, 1 failed, 0 warnings\n";
        let verdict = Verdict::read(said).unwrap();
        assert_eq!(verdict.passed, BTreeSet::from(["a".to_owned()]));
        assert_eq!(verdict.failed, BTreeSet::from(["auth/b".to_owned(), "c".to_owned()]));
        assert_eq!(verdict.total, "Total: 3 passed, 1 failed, 0 warnings");
        assert!(Verdict::read("✓ a: 2 passed, 0 failed").is_err(), "an end is required");
    }
}
