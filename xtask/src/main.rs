//! Tasks of this repository: `cargo xtask audit`, `explain`, `ci`.
//!
//! Never: a rule (those live in layer-audit) or a dependency that the product's crates would share features with.
//! Start: [`Task::parse`], then `audit.rs`.

mod audit;
mod task;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use layer_audit::Exit;
use task::Task;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let said = match Task::parse(&arguments) {
        Ok(Task::Audit(options)) => audit::run(&root(), &options),
        Ok(Task::Explain(id)) => audit::explain(&id),
        Ok(Task::Help) => audit::Said::clean(task::HELP.to_owned()),
        Ok(Task::Ci) => return ci(&root()),
        Err(message) => audit::Said::unusable(&format!("{message}\n\n{}", task::HELP)),
    };
    // A closed pipe (`| head`) is the reader's choice, and no reason to change the exit code.
    let _ = match said.exit {
        Exit::Unusable => std::io::stderr().write_all(said.text.as_bytes()),
        Exit::Clean | Exit::Violations | Exit::Stale => std::io::stdout().write_all(said.text.as_bytes()),
    };
    ExitCode::from(said.exit as u8)
}

/// The workspace root: the parent of this package.
fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    package.parent().map_or(package.clone(), Path::to_path_buf)
}

/// Runs the whole gate as CI does, and hands its exit code on.
fn ci(root: &Path) -> ExitCode {
    match Command::new(root.join(".ci").join("run")).current_dir(root).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), ".ci/run: {error}");
            ExitCode::from(Exit::Unusable as u8)
        }
    }
}
