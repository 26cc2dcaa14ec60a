//! Where a peer lives: a folder that goes with it, and an environment that holds nothing of ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use color_eyre::eyre::{Result, WrapErr};
use portcullis_drivers::system::SystemEntropy;
use portcullis_schemas::runtime::Entropy;
use tempfile::TempDir;

use crate::plant::Program;

/// The folder; removed when dropped.
pub(super) struct Home {
    folder: TempDir,
}

impl Home {
    /// A new one. Only we may read it.
    pub(super) fn within(folder: &Path) -> Result<Self> {
        Ok(Self { folder: tempfile::Builder::new().prefix("home-").tempdir_in(folder)? })
    }

    /// Writes a file.
    pub(super) fn file(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    /// To run a program in it. Settings and keys of whoever measures do not reach it, and no peer's files another peer.
    pub(super) fn command(&self, program: &Path) -> Command {
        let folder = self.folder.path();
        let mut command = Command::new(program);
        command.env_clear().env("HOME", folder).env("TMPDIR", folder).env("PYTHONDONTWRITEBYTECODE", "1");
        command.current_dir(folder);
        command
    }
}

/// Starts a peer. What is said when it fails has no paths of this machine.
pub(super) async fn listening(command: Command, port: u16) -> Result<Program> {
    Program::listening(command, port).await.wrap_err("it does not start")
}

/// Nobody has had it before, and nobody has it after the run.
pub(super) fn secret() -> Result<String> {
    let mut bytes = [0; 24];
    SystemEntropy::new().fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
