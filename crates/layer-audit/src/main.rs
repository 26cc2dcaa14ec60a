//! `cargo layer-audit`: the command line of the library.
//!
//! Never: anything but handing the words over. Start: [`layer_audit::cli::run`].

use std::process::ExitCode;

use layer_audit::cli::{Setting, run};

fn main() -> ExitCode {
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let mut words: Vec<String> = words.collect();
    // Cargo hands the subcommand's own name on as the first word.
    if words.first().is_some_and(|first| first == "layer-audit") {
        words.remove(0);
    }
    run(&words, &Setting::from_environment()).tell()
}
