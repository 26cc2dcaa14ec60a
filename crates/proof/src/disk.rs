//! A disk that fails, hangs, or loses power, below a gate that knows nothing of it.
//!
//! SQLite reaches the disk through the C library. A small library of ours (`disk/shim.c`, built here with the C
//! compiler that building Portcullis needs anyway) is loaded before it with `LD_PRELOAD`, and stands between the two
//! for one folder: the gate's data directory. The gate is the real binary, unchanged.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr, ensure};

pub(crate) mod cut;
pub(crate) mod journal;

/// How the disk behaves. The numbers are those of `disk/shim.c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Fault {
    /// It works.
    None = 0,
    /// ENOSPC, after half of what was to be written.
    NoSpace = 1,
    /// Writes and truncations fail with EIO.
    Write = 2,
    /// Syncs fail with EIO.
    Sync = 3,
    /// Reads fail with EIO.
    Read = 4,
    /// Writes and truncations do not return.
    WriteHangs = 5,
    /// Syncs do not return.
    SyncHangs = 6,
    /// Nothing returns.
    AllHangs = 7,
}

/// The built library, and the page through which a running disk is told how to behave.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// Builds the library.
    pub(crate) fn build() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("disk-").tempdir()?;
        let source = folder.path().join("shim.c");
        fs::write(&source, include_str!("disk/shim.c"))?;
        let mut compiler = Command::new("cc");
        compiler.args(["-O2", "-shared", "-fPIC", "-o"]).arg(folder.path().join("disk.so")).arg(&source);
        let built = compiler.arg("-ldl").output().wrap_err("cannot run the C compiler `cc`")?;
        ensure!(
            built.status.success(),
            "the disk does not build: {}",
            String::from_utf8_lossy(&built.stderr)
        );
        let disk = Self { folder };
        fs::write(disk.page(), [0; 5])?;
        Ok(disk)
    }

    /// What a program must find in its environment to stand on this disk with `root`, which must be an absolute path
    /// without links.
    pub(crate) fn environment(&self, root: &Path) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("LD_PRELOAD", self.folder.path().join("disk.so")),
            ("PROOF_DISK_ROOT", root.to_owned()),
            ("PROOF_DISK_PAGE", self.page()),
        ]
    }

    /// As [`environment`](Self::environment), with a journal, which begins anew: nobody may have taken that of a
    /// program that never came up. Syncs take this long, and reach no real disk.
    pub(crate) fn journaled(&self, root: &Path, sync: Duration) -> Result<Vec<(&'static str, PathBuf)>> {
        if self.journal().exists() {
            fs::remove_file(self.journal())?;
        }
        let mut environment = self.environment(root);
        environment.push(("PROOF_DISK_JOURNAL", self.journal()));
        environment.push(("PROOF_DISK_SYNC_MICROS", sync.as_micros().to_string().into()));
        Ok(environment)
    }

    /// Changes how the disk behaves, at once.
    pub(crate) fn behave(&self, fault: Fault) -> Result<()> {
        self.write(0, &[fault as u8])
    }

    /// Cuts the power after so many further entries of the journal: the program is killed. With 0, not at all.
    pub(crate) fn cut_after(&self, entries: i32) -> Result<()> {
        self.write(1, &entries.to_ne_bytes())
    }

    /// What the journal of the last program holds.
    pub(crate) fn read_journal(&self) -> Result<Vec<u8>> {
        fs::read(self.journal()).wrap_err("the program left no journal: was the disk loaded?")
    }

    /// In place: the running program has the page mapped.
    fn write(&self, place: u64, bytes: &[u8]) -> Result<()> {
        OpenOptions::new().write(true).open(self.page())?.write_all_at(bytes, place)?;
        Ok(())
    }

    fn page(&self) -> PathBuf {
        self.folder.path().join("page")
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }
}
