//! What attacks and measures Portcullis as a whole: corpora, end-to-end runs, benches.
//!
//! Never: a dependency of anything; nothing here is part of the product.
//! Start: `main`, which lists the commands.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use color_eyre::eyre::{Result, eyre};

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
    Gate(child::Plan),
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

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let command = Arguments::parse().command;
    // The product installs reports of panics of its own.
    if !matches!(command, Command::Product { .. }) {
        color_eyre::install()?;
    }
    match command {
        Command::Product { words } => product(words),
        Command::Corpus { rules: Rules::Ssrf, table } => corpus::run(&table, corpus::ssrf::judge).await,
        Command::Corpus { rules: Rules::Credref, table } => corpus::run(&table, corpus::credref::judge).await,
        Command::E2e(options) => e2e::run(options).await.map(|()| ExitCode::SUCCESS),
        Command::Conformance(options) => conformance::run(options).await.map(|()| ExitCode::SUCCESS),
        Command::Bench(options) => bench::run(options).await.map(|()| ExitCode::SUCCESS),
        Command::Prove(options) => prove::run(options).await,
        Command::Gate(plan) => child::serve(plan).await.map(|()| ExitCode::SUCCESS),
        Command::Wired(options) => wired::run(options).await.map(|()| ExitCode::SUCCESS),
        Command::Upstream(options) => upstream::run(options).await.map(|()| ExitCode::SUCCESS),
    }
}

/// On a thread of its own, since it brings a runtime of its own.
fn product(words: Vec<String>) -> Result<ExitCode> {
    let words = std::iter::once("portcullis".to_owned()).chain(words);
    let cli = portcullis_server::cli::Cli::try_parse_from(words)?;
    let done = std::thread::spawn(move || portcullis_server::cli::run(cli)).join();
    done.map_err(|_| eyre!("the product panicked"))
}
