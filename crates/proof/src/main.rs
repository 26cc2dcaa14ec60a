//! What attacks and measures Portcullis as a whole: corpora, end-to-end runs, benches.
//!
//! Never: a dependency of anything; nothing here is part of the product.
//! Start: `main`, which lists the commands.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use color_eyre::eyre::Result;
use mimalloc::MiMalloc;
use tokio::runtime::Runtime;

/// That of the product: this program is its gate, too, in suites and where one without sync is measured.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

mod bench;
mod child;
mod conformance;
mod corpus;
mod crash;
mod disk;
mod e2e;
mod edits;
mod failpoints;
mod hostile;
mod idempotency;
mod kill;
mod load;
mod patience;
mod permitted;
mod plant;
mod points;
mod power;
mod process;
mod prove;
mod redaction;
mod replicas;
mod storage;
mod tap;
mod upstream;
mod walls;
mod wired;
mod wiring;

#[derive(Debug, Parser)]
#[command(about = "Attacks and measures Portcullis as a whole", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a table of verdicts against the real rules; prints N/M and the ids that differ
    Corpus {
        /// Which rules
        rules: Rules,
        /// The table, tab-separated
        table: PathBuf,
    },
    /// Register, discover, approve and invoke real MCP servers through the running binary
    E2e(e2e::Options),
    /// Run the official conformance suite through the running binary
    Conformance(conformance::Options),
    /// The client that the conformance suite tries, as the suite starts it
    #[command(hide = true)]
    ConformanceDriver(conformance::driver::Options),
    /// Measure governed calls against direct calls, in one run
    Bench(bench::Options),
    /// The product's own command line, as suites start it in a process of its own
    #[command(hide = true, disable_help_flag = true)]
    Product {
        /// Its words
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Try what is promised on the running product, and find wirings that are broken on purpose
    Prove(prove::Options),
    /// The gate as a process that a suite starts, and kills
    #[command(hide = true)]
    Gate(child::Options),
    /// The gate as a process of its own, wired as a suite asks
    #[command(hide = true)]
    Wired(wired::Options),
    /// An upstream with a ledger as a process of its own, as suites start it
    #[command(hide = true)]
    Upstream(upstream::Options),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Rules {
    /// URLs against the egress rules
    Ssrf,
    /// Credential references against the vault's grammar and envelopes
    Credref,
}

/// What is a gate brings the runtime of one; all else runs on one that has every core.
fn main() -> Result<ExitCode> {
    let command = Arguments::parse().command;
    // The product installs reports of panics of its own.
    if !matches!(command, Command::Product { .. }) {
        color_eyre::install()?;
    }
    match command {
        Command::Product { words } => product(words),
        Command::Gate(options) => child::serve(options).map(|()| ExitCode::SUCCESS),
        Command::Wired(options) => wired::run(options).map(|()| ExitCode::SUCCESS),
        Command::Corpus { rules: Rules::Ssrf, table } => wait(corpus::run(&table, corpus::ssrf::judge)),
        Command::Corpus { rules: Rules::Credref, table } => wait(corpus::run(&table, corpus::credref::judge)),
        Command::Prove(options) => wait(prove::run(options)),
        Command::E2e(options) => wait_for(e2e::run(options)),
        Command::Conformance(options) => wait_for(conformance::run(options)),
        Command::ConformanceDriver(options) => wait_for(conformance::driver::run(options)),
        Command::Bench(options) => wait_for(bench::run(options)),
        Command::Upstream(options) => wait_for(upstream::run(options)),
    }
}

fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    Runtime::new()?.block_on(work)
}

fn wait_for(work: impl Future<Output = Result<()>>) -> Result<ExitCode> {
    wait(work).map(|()| ExitCode::SUCCESS)
}

fn product(words: Vec<String>) -> Result<ExitCode> {
    let words = std::iter::once("portcullis".to_owned()).chain(words);
    Ok(portcullis_server::cli::run(portcullis_server::cli::Cli::try_parse_from(words)?))
}
