//! Checkpoints in a directory: one file each, `<number>.checkpoint`, which holds the signed note and nothing else.
//!
//! A file appears whole or not at all, and is never written to again. An object store would need the same of its
//! `keep`: a conditional put that fails where a key exists, then a look at what is there.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use portcullis_schemas::logs::checkpoint::KeptCheckpoint;
use portcullis_schemas::logs::ports::CheckpointSink;
use portcullis_schemas::runtime::Entropy;
use portcullis_schemas::{PortError, PortErrorKind, codes};

use crate::system::SystemEntropy;

const SUFFIX: &str = ".checkpoint";
/// As long as a signed note may be (c2sp.org/signed-note leaves it to us).
const MAX_NOTE_BYTES: u64 = 128 * 1024;
/// Digits of a number in a file's name, so that names sort as numbers do.
const DIGITS: usize = 12;

/// Keeps checkpoints in a directory.
#[derive(Clone, Debug)]
pub struct CheckpointDirectory {
    directory: Arc<Directory>,
}

#[derive(Debug)]
struct Directory {
    path: PathBuf,
    /// The highest number that was seen; listing a large directory each second would cost too much.
    highest: Mutex<Option<u64>>,
}

impl CheckpointDirectory {
    /// In this directory, which is made, for its owner alone, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made or read.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        let highest = Mutex::new(highest_in(&path)?);
        Ok(Self { directory: Arc::new(Directory { path, highest }) })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&Directory) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, PortError> {
        let directory = Arc::clone(&self.directory);
        let failed = |why: &dyn std::fmt::Display| {
            let path = self.directory.path.display();
            PortError::unavailable(format!("the checkpoint directory {path} cannot be {what}: {why}"))
        };
        let done = tokio::task::spawn_blocking(move || work(&directory)).await;
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Failure::Taken)) => {
                let detail = "another checkpoint is kept under this number: a file of the directory was changed, or \
                              the directory belongs to another database";
                Err(PortError::new(PortErrorKind::Conflict, codes::STATE_CONFLICT, detail))
            }
            Ok(Err(Failure::Io(error))) => Err(failed(&error).with_source(error)),
            Err(_) => Err(failed(&"its task ended")),
        }
    }
}

#[async_trait]
impl CheckpointSink for CheckpointDirectory {
    async fn keep(&self, checkpoint: &KeptCheckpoint) -> Result<(), PortError> {
        let KeptCheckpoint { number, note } = checkpoint.clone();
        self.blocking("written to", move |directory| directory.keep(number, &note)).await
    }

    async fn newest(&self) -> Result<Option<KeptCheckpoint>, PortError> {
        self.blocking("read", |directory| {
            let Some(number) = *directory.highest() else { return Ok(None) };
            let note = read_note(&directory.file(number))?;
            Ok(Some(KeptCheckpoint { number, note }))
        })
        .await
    }
}

enum Failure {
    /// Another note is there.
    Taken,
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Directory {
    /// A whole file under another name first, made durable; then its name, made durable. Of two that link the same
    /// name one fails, so nothing is ever replaced.
    fn keep(&self, number: u64, note: &str) -> Result<(), Failure> {
        let file = self.file(number);
        if !file.exists() {
            let draft = self.path.join(format!(".{number:0DIGITS$}.{}", unique()?));
            let linked = write_durably(&draft, note).and_then(|()| fs::hard_link(&draft, &file));
            // Whatever became of it: one draft for each attempt would fill a disk that is full.
            let removed = fs::remove_file(&draft);
            match linked {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
                _ => removed?,
            }
        }
        // Also of a file that was there: whoever made it may have crashed before this.
        File::open(&self.path)?.sync_all()?;
        if read_note(&file)? != note {
            return Err(Failure::Taken);
        }
        let mut highest = self.highest();
        *highest = (*highest).max(Some(number));
        Ok(())
    }

    fn file(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number:0DIGITS$}{SUFFIX}"))
    }

    fn highest(&self) -> std::sync::MutexGuard<'_, Option<u64>> {
        self.highest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_durably(path: &Path, note: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    file.write_all(note.as_bytes())?;
    file.sync_all()
}

/// A name that no replica shares, wherever it runs: in containers all may be one and the same process id. A crash leaves a
/// draft behind, which nobody reads.
fn unique() -> io::Result<String> {
    let mut bytes = [0; 8];
    SystemEntropy::new().fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}

fn read_note(path: &Path) -> io::Result<String> {
    let mut note = String::new();
    File::open(path)?.take(MAX_NOTE_BYTES).read_to_string(&mut note)?;
    Ok(note)
}

/// The highest number of a file's name; other files are not looked at.
fn highest_in(path: &Path) -> io::Result<Option<u64>> {
    let mut highest = None;
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
        let is_number = |text: &&str| text.len() >= DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        highest = highest.max(digits.filter(is_number).and_then(|digits| digits.parse().ok()));
    }
    Ok(highest)
}

#[cfg(test)]
mod tests {
    use portcullis_testkit::conformance;

    use super::*;

    fn kept(number: u64, note: &str) -> KeptCheckpoint {
        KeptCheckpoint { number, note: note.to_owned() }
    }

    #[tokio::test]
    async fn it_is_a_checkpoint_sink() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/checkpoints");
        conformance::checkpoint_sink(&CheckpointDirectory::open(&path).unwrap()).await;
        // Opened anew it goes on where it was.
        let again = CheckpointDirectory::open(&path).unwrap();
        conformance::checkpoint_sink(&again).await;
        let mut names: Vec<_> =
            fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names.len(), 6, "no draft is left: {names:?}");
        assert_eq!(names[0], "000000000008.checkpoint");
    }

    #[test]
    fn no_two_drafts_have_one_name() {
        assert_ne!(unique().unwrap(), unique().unwrap());
    }

    #[tokio::test]
    async fn two_processes_in_one_directory_agree_or_refuse() {
        let home = tempfile::tempdir().unwrap();
        let (one, two) = (
            CheckpointDirectory::open(home.path()).unwrap(),
            CheckpointDirectory::open(home.path()).unwrap(),
        );
        one.keep(&kept(1, "note\n")).await.unwrap();
        two.keep(&kept(1, "note\n")).await.unwrap();
        let refused = two.keep(&kept(1, "other\n")).await.unwrap_err();
        assert_eq!(refused.kind(), PortErrorKind::Conflict);
        assert_eq!(two.newest().await.unwrap(), Some(kept(1, "note\n")));
    }

    #[tokio::test]
    async fn what_a_crash_left_half_written_is_not_taken_for_a_checkpoint() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(format!(".000000000003.{}", std::process::id())), "half").unwrap();
        fs::write(home.path().join("000000000009.checkpoint.old"), "mine").unwrap();
        let sink = CheckpointDirectory::open(home.path()).unwrap();
        assert_eq!(sink.newest().await.unwrap(), None);
        sink.keep(&kept(3, "whole\n")).await.unwrap();
        assert_eq!(sink.newest().await.unwrap(), Some(kept(3, "whole\n")));
    }

    #[tokio::test]
    async fn a_directory_that_is_gone_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let sink = CheckpointDirectory::open(home.path().join("gone")).unwrap();
        fs::remove_dir(home.path().join("gone")).unwrap();
        let error = sink.keep(&kept(1, "note\n")).await.unwrap_err();
        assert_eq!(error.kind(), PortErrorKind::Unavailable);
        let (path, detail) = (home.path().join("gone"), error.detail());
        assert!(detail.contains(path.to_str().unwrap()) && detail.contains("No such file"), "{detail}");
    }
}
