//! The edge: reads the texts, has them formatted, writes a plan whole or not at all, renews contracts.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::draft::{Change, Contract};
use super::law::LAW;
use super::tree::Tree;

/// Reads what scaffolds look at.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn read(root: &Path) -> Result<Tree, String> {
    let mut files = BTreeMap::new();
    for path in [LAW, "Cargo.lock"] {
        let text = fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))?;
        files.insert(path.to_owned(), text);
    }
    for folder in ["crates", "migrations"] {
        walk(root, folder, &mut files).map_err(|error| format!("{folder}: {error}"))?;
    }
    Ok(Tree::new(files))
}

/// The changes, as rustfmt would have them: a new name may be too long for the line that it was put in.
///
/// # Errors
/// When rustfmt is not there, or does not understand a text.
pub(crate) fn formatted(
    root: &Path,
    changes: BTreeMap<String, Change>,
) -> Result<BTreeMap<String, Change>, String> {
    let mut all = BTreeMap::new();
    for (path, change) in changes {
        let change = match change {
            Change::Write { text } => Change::Write { text: format_text(root, &path, text)? },
            Change::Insert { text, added } => Change::Insert { text: format_text(root, &path, text)?, added },
        };
        all.insert(path, change);
    }
    Ok(all)
}

/// Writes all changes. When one cannot be written, those before it are taken back.
///
/// # Errors
/// Names the file that could not be written; then nothing has changed.
pub(crate) fn write(root: &Path, tree: &Tree, changes: &BTreeMap<String, Change>) -> Result<(), String> {
    let mut done = Vec::new();
    for (path, change) in changes {
        if let Err(error) = write_one(&root.join(path), change) {
            take_back(root, tree, &done);
            return Err(format!("{path}: {error}; nothing was changed"));
        }
        done.push(path.as_str());
    }
    Ok(())
}

/// Runs the tests that own contracts so that they write them anew.
///
/// # Errors
/// The command that failed; the files of the plan are written all the same.
pub(crate) fn renew(root: &Path, contracts: &[Contract]) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for contract in contracts {
        let mut command = Command::new(&cargo);
        // Of this task only: a build that it starts is another package's.
        command.env_remove("CARGO_MANIFEST_DIR").env("INSTA_UPDATE", "always").current_dir(root);
        let output = command.args(contract.test.split(' ')).output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout);
        // A test that was renamed would be filtered out, and pass by not running.
        let ran = said.lines().any(|line| line.starts_with("test ") && line.ends_with(" ok"));
        if !output.status.success() || !ran {
            let why = if ran { "fails" } else { "runs no test" };
            let more = String::from_utf8_lossy(&output.stderr);
            return Err(format!("cargo {} {why}\n{said}{more}", contract.test));
        }
    }
    Ok(())
}

fn walk(root: &Path, folder: &str, files: &mut BTreeMap<String, String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            walk(root, &path, files)?;
        } else if path.ends_with(".rs") || path.ends_with("/Cargo.toml") {
            files.insert(path, fs::read_to_string(entry.path())?);
        }
    }
    Ok(())
}

fn format_text(root: &Path, path: &str, text: String) -> Result<String, String> {
    if !path.ends_with(".rs") {
        return Ok(text);
    }
    let problem = |error: io::Error| format!("rustfmt, which puts {path} in form, cannot be run: {error}");
    let program = std::env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into());
    let mut command = Command::new(program);
    command.args(["--edition", "2024", "--config-path"]).arg(root).current_dir(root);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(problem)?;
    // A text is far smaller than what rustfmt reads before it writes, so this cannot wait for itself.
    child.stdin.take().map_or(Ok(()), |mut input| input.write_all(text.as_bytes())).map_err(problem)?;
    let output = child.wait_with_output().map_err(problem)?;
    if !output.status.success() {
        return Err(format!("{path} would not be Rust: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{path}: rustfmt has answered with what is no text"))
}

/// Whole or not at all: an old text is replaced by a rename, a new file that cannot be filled is removed.
fn write_one(path: &Path, change: &Change) -> io::Result<()> {
    match change {
        Change::Write { text } => {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
            file.write_all(text.as_bytes()).inspect_err(|_| drop(fs::remove_file(path)))
        }
        Change::Insert { text, .. } => {
            let beside = path.with_extension("scaffold");
            fs::write(&beside, text)?;
            fs::rename(&beside, path)
        }
    }
}

/// As far as it goes: what fails here has failed before.
fn take_back(root: &Path, tree: &Tree, done: &[&str]) {
    for path in done {
        let _ = match tree.text(path) {
            Some(text) => fs::write(root.join(path), text),
            None => fs::remove_file(root.join(path)),
        };
    }
}
