//! Virtual environments for the peers, made on the first run and kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use color_eyre::eyre::{ContextCompat, Result, WrapErr, bail};

/// What pip installs.
pub(super) struct Package {
    pub(super) name: &'static str,
    /// The interpreters that it is made for; the first that runs is taken.
    pub(super) pythons: &'static [&'static str],
}

/// The `bin` of a virtual environment with this package.
pub(super) fn installed(folder: &Path, package: &Package) -> Result<PathBuf> {
    let environment = folder.join(package.name.replace("==", "-"));
    let bin = environment.join("bin");
    if !bin.join("installed").exists() {
        let python = package.pythons.iter().find(|python| runs(python));
        let python = python.with_context(|| format!("it needs {}", package.pythons.join(" or ")))?;
        run("python -m venv", Command::new(python).args(["-m", "venv"]).arg(&environment))?;
        run("pip install", Command::new(bin.join("pip")).args(["install", "--quiet", package.name]))?;
        fs::write(bin.join("installed"), package.name)?;
    }
    Ok(bin)
}

/// Whether there is a program of this name that does something: a version manager may have one that only refuses.
fn runs(python: &str) -> bool {
    Command::new(python).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Runs a program to its end, and returns what it prints. `what` stands for it in errors.
pub(super) fn run(what: &str, command: &mut Command) -> Result<String> {
    let output = command.output().wrap_err_with(|| format!("{what} cannot be started"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{what}: {}", said.lines().last().unwrap_or_default());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
