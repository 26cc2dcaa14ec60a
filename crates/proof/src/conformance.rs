//! The official conformance suite of MCP, both legs, through the running binary.
//!
//! Server leg: the suite is the agent, in front of a small server that we wrote on another's SDK. Client leg: the suite
//! is the upstream, and a driver of ours plays an agent that calls what the gate offers of it. What fails and is known
//! stands in a file for each leg and revision, check by check; a failure that is not in it breaks the run, and so does
//! one that is and does not fail any more. A scenario that passes without a check counts as failed: it has shown nothing.

mod agent;
mod client_leg;
pub(crate) mod driver;
mod offer;
mod sample;
mod server_leg;
mod tokens;
mod verdict;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use color_eyre::eyre::Result;

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
