//! The `portcullis` binary. See [`portcullis_server::cli`] for what it does and for its exit codes.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use portcullis_server::cli::{self, Cli};

/// A call makes many small texts on one thread that another one lets go, which costs the system's allocator a tenth of
/// the call. It asks for no huge pages, with which an idle server would hold twice the memory.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::run(Cli::parse())
}
