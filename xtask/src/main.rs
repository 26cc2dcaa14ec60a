//! Tasks of this repository: `cargo xtask audit`, `new`, `contract diff`, `bench`, `prove`, `ci`.
//!
//! Never: a rule (those live in layer-audit) or a dependency that the product's crates would share features with.
//! Start: [`Task::parse`], then `audit.rs`.

mod audit;
mod bench;
mod contract;
mod prove;
mod scaffold;
mod task;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use audit::Said;
use layer_audit::Exit;
use task::Task;

fn main() -> ExitCode {
    let words: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let said = match Task::parse(&words) {
        Ok(Task::Audit(words)) => return audit::run(&root(), &words).tell(),
        Ok(Task::Prove(words)) => return prove::run(&root(), &words),
        Ok(Task::Ci) => return ci(&root()),
        Ok(Task::Bench(words)) => return bench::run(&root(), &words),
        Ok(Task::New(words)) => scaffold::run(&root(), &words.iter().map(String::as_str).collect::<Vec<_>>()),
        Ok(Task::ContractDiff { rev, json }) => contract::diff(&root(), &rev, json),
        Ok(Task::ProveHelp) => Said::clean(prove::HELP.to_owned()),
        Ok(Task::BenchHelp) => Said::clean(bench::HELP.to_owned()),
        Ok(Task::Help) => Said::clean(task::HELP.to_owned()),
        Err(message) => Said::unusable(&format!("{message}\n\n{}", task::HELP)),
    };
    said.tell()
}

/// The workspace root: the parent of this package.
fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    package.parent().map_or(package.clone(), Path::to_path_buf)
}

/// Runs the whole gate as CI does.
fn ci(root: &Path) -> ExitCode {
    hand_over(root, Command::new(root.join(".ci").join("run")))
}

/// Runs a command from the workspace root, and hands its exit code on.
fn hand_over(root: &Path, mut command: Command) -> ExitCode {
    match command.current_dir(root).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{}: {error}", command.get_program().to_string_lossy());
            ExitCode::from(Exit::Unusable as u8)
        }
    }
}
