//! The `portcullis` binary. See [`portcullis_server::cli`] for what it does and for its exit codes.

use std::process::ExitCode;

use clap::Parser;
use portcullis_server::cli::{self, Cli};

fn main() -> ExitCode {
    cli::run(Cli::parse())
}
