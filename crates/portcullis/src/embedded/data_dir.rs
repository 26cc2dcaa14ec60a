//! The data directory: its mode, its lock, and what lies in it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use portcullis_vault::CheckpointKeys;

use super::error::{OpenError, OpenErrorKind};
use super::key_file::{self, FileKeySource};
use super::signing_key;

const DATABASE: &str = "portcullis.db";
const MASTER_KEY: &str = "master.key";
const SIGNING_KEY: &str = "signing.key";
const CHECKPOINTS: &str = "checkpoints";
const LOCK: &str = "lock";
/// For its owner alone: it holds every tenant's data.
const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// A data directory that this process, and no other, has open; or one that is looked at beside a process that has it.
/// Dropping it frees it.
#[derive(Debug)]
pub(super) struct DataDirectory {
    path: PathBuf,
    lock: Option<File>,
    serves: bool,
}

impl DataDirectory {
    /// Opens the directory, creates it if it is not there, and locks it.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        create(path)?;
        // The whole path, so that it stays right when the process changes its own directory.
        let path = fs::canonicalize(path)
            .map_err(|error| OpenError::directory(path, "its path cannot be resolved").caused_by(error))?;
        keep_others_out(&path)?;
        let lock = lock(&path)?;
        Ok(Self { path, lock: Some(lock), serves: true })
    }

    /// Opens a directory that is there, also while another process has it.
    pub(super) fn attach(path: &Path) -> Result<Self, OpenError> {
        let path = fs::canonicalize(path).map_err(|error| {
            OpenError::directory(path, "it is not there; name the data directory of a server that ran once")
                .caused_by(error)
        })?;
        match lock(&path) {
            Ok(lock) => Ok(Self { path, lock: Some(lock), serves: false }),
            Err(error) if error.kind() == OpenErrorKind::InUse => {
                Ok(Self { path, lock: None, serves: false })
            }
            Err(error) => Err(error),
        }
    }

    /// Refuses a directory in which no server ever ran.
    pub(super) fn require_database(&self) -> Result<(), OpenError> {
        if self.path.join(DATABASE).exists() {
            return Ok(());
        }
        Err(OpenError::directory(
            &self.path,
            "it holds no database; name the data directory of a server that ran once",
        ))
    }

    /// The keys that sign checkpoints; `None` for who only looks on, where there are none. They are made where there is no
    /// database yet: with new ones, nothing more would be signed on top of what an old one has signed. For a database that
    /// replicas share none are made, since each would sign with its own.
    pub(super) fn signing_key(
        &self,
        named: Option<&Path>,
        is_shared: bool,
    ) -> Result<Option<CheckpointKeys>, OpenError> {
        let file = signing_key_file(&self.path, named);
        if !file.exists() {
            if !self.serves {
                return Ok(None);
            }
            if is_shared {
                let problem = "it is not there, and none is made for a database that replicas share: copy it from another \
                               replica, or before the first start make one with `portcullis audit key --create`";
                return Err(OpenError::signing_key(&file, problem));
            }
            if self.path.join(DATABASE).exists() {
                return Err(OpenError::signing_key(&file, signing_key::LOST));
            }
            signing_key::create(&file)?;
        }
        signing_key::read(&file).map(Some)
    }

    /// Where checkpoints are kept.
    pub(super) fn checkpoints(&self, named: Option<&Path>) -> PathBuf {
        named.map_or_else(|| self.path.join(CHECKPOINTS), Path::to_path_buf)
    }

    /// The master keys. A key is created only where there is no database yet: with a new key, nothing of an old
    /// database could be opened, and every API key would be refused.
    pub(super) fn keys(&self, file: Option<&Path>) -> Result<FileKeySource, OpenError> {
        let file = self.key_file(file);
        let is_first_start = !self.path.join(DATABASE).exists();
        if is_first_start && !file.exists() {
            key_file::create(&file)?;
        }
        key_file::read(&file)
    }

    /// The master keys that all replicas on one database share. None is created here: another replica, with another
    /// directory, may have sealed with its own.
    pub(super) fn shared_keys(&self, file: Option<&Path>) -> Result<FileKeySource, OpenError> {
        let file = self.key_file(file);
        if !file.exists() {
            let problem = "it is not there, and none is made for a database that replicas share: copy it from another \
                           replica, or before the first start write the line `portcullis-key-v1 1 <32 random bytes in \
                           base64>`, mode 0600";
            return Err(OpenError::key_file(&file, problem));
        }
        key_file::read(&file)
    }

    /// The master key file.
    pub(super) fn key_file(&self, named: Option<&Path>) -> PathBuf {
        named.map_or_else(|| self.path.join(MASTER_KEY), Path::to_path_buf)
    }

    /// The database's URL, after its file has been made private: SQLite gives its other files the same mode. Keys come
    /// first, since a database that exists gets no new key. In URLs of SQLite `%`, `?` and `#` have a meaning.
    pub(super) fn database_url(&self) -> Result<String, OpenError> {
        let path = self.path.join(DATABASE);
        let text = path.to_str().ok_or_else(|| {
            OpenError::directory(&self.path, "expected a path that is UTF-8; name another directory")
        })?;
        let url = format!("sqlite://{}", text.replace('%', "%25").replace('?', "%3F").replace('#', "%23"));
        let opened = OpenOptions::new().create(true).append(true).mode(FILE_MODE).open(&path);
        opened.map(|_| url).map_err(|error| {
            OpenError::directory(&self.path, "its database cannot be created or written to").caused_by(error)
        })
    }
}

impl Drop for DataDirectory {
    /// Unlocks by word, not by closing alone: a child process that is being started elsewhere in this one holds a copy
    /// of the open file until it runs its program, and would keep the directory locked for that moment.
    fn drop(&mut self) {
        if let Some(lock) = &self.lock
            && let Err(error) = lock.unlock()
        {
            tracing::warn!(%error, "the lock of the data directory ends with this process only");
        }
    }
}

/// Makes the directory, for its owner alone, if it is not there.
pub(super) fn create(path: &Path) -> Result<(), OpenError> {
    DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path).map_err(|error| {
        OpenError::directory(path, "it cannot be created; check the path and who may write there")
            .caused_by(error)
    })
}

/// The file of the keys that sign checkpoints.
pub(super) fn signing_key_file(directory: &Path, named: Option<&Path>) -> PathBuf {
    named.map_or_else(|| directory.join(SIGNING_KEY), Path::to_path_buf)
}

/// An empty directory is made private; a directory in use that others may read is refused.
fn keep_others_out(path: &Path) -> Result<(), OpenError> {
    let unreadable = |error| OpenError::directory(path, "it cannot be read").caused_by(error);
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let is_empty = fs::read_dir(path).map_err(unreadable)?.next().is_none();
    let private = Permissions::from_mode(DIRECTORY_MODE);
    if is_empty && fs::set_permissions(path, private).is_ok() {
        return Ok(());
    }
    Err(OpenError::directory(
        path,
        format!("its mode is {mode:04o}, so others may read it; expected 0700: run `chmod 700` on it"),
    ))
}

fn lock(directory: &Path) -> Result<File, OpenError> {
    let failed = |error| OpenError::directory(directory, "its file `lock` cannot be used").caused_by(error);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(FILE_MODE)
        .open(directory.join(LOCK))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::in_use(directory, holder(&mut file))),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    // The process id is a hint for people; the lock is what counts.
    file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(failed)?;
    Ok(file)
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_directory_is_for_its_owner_alone() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        drop(DataDirectory::open(&path).unwrap());
        assert_eq!(mode(&path), 0o700);
    }

    #[test]
    fn a_copy_of_its_lock_in_a_starting_child_does_not_keep_it() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(parent.path()).unwrap();
        let copy = directory.lock.as_ref().unwrap().try_clone().unwrap();
        drop(directory);
        drop(DataDirectory::open(parent.path()).unwrap());
        drop(copy);
    }

    #[test]
    fn an_empty_directory_that_others_may_read_is_made_private() {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), Permissions::from_mode(0o755)).unwrap();
        drop(DataDirectory::open(parent.path()).unwrap());
        assert_eq!(mode(parent.path()), 0o700);
    }

    #[test]
    fn a_directory_in_use_that_others_may_read_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("something"), "").unwrap();
        fs::set_permissions(parent.path(), Permissions::from_mode(0o750)).unwrap();
        let error = DataDirectory::open(parent.path()).unwrap_err();
        assert_eq!(error.kind(), OpenErrorKind::DataDirectory);
        assert!(error.to_string().contains("0750") && error.to_string().contains("chmod 700"), "{error}");
    }

    #[test]
    fn a_file_in_its_place_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("file");
        fs::write(&path, "").unwrap();
        assert_eq!(DataDirectory::open(&path).unwrap_err().kind(), OpenErrorKind::DataDirectory);
    }

    #[test]
    fn one_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let first = DataDirectory::open(parent.path()).unwrap();
        let error = DataDirectory::open(parent.path()).unwrap_err();
        assert_eq!(error.kind(), OpenErrorKind::InUse);
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
        drop(first);
        DataDirectory::open(parent.path()).unwrap();
    }

    #[test]
    fn who_attaches_minds_no_lock_and_makes_no_key() {
        let parent = tempfile::tempdir().unwrap();
        assert!(DataDirectory::attach(&parent.path().join("absent")).is_err());
        let first = DataDirectory::open(parent.path()).unwrap();
        let second = DataDirectory::attach(parent.path()).unwrap();
        assert!(first.lock.is_some() && second.lock.is_none());
        assert!(second.signing_key(None, false).unwrap().is_none());
        let error = first.signing_key(None, true).unwrap_err();
        assert!(error.to_string().contains("copy it from another replica"), "{error}");
        assert!(first.signing_key(None, false).unwrap().is_some());
        assert!(second.signing_key(None, false).unwrap().is_some());
        drop((first, second));
        let third = DataDirectory::attach(parent.path()).unwrap();
        assert!(third.lock.is_some());
        fs::remove_file(parent.path().join(SIGNING_KEY)).unwrap();
        assert!(third.signing_key(None, true).unwrap().is_none());
    }

    #[test]
    fn a_signing_key_that_was_lost_is_not_made_anew() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(parent.path()).unwrap();
        assert!(directory.signing_key(None, false).unwrap().is_some());
        directory.database_url().unwrap();
        fs::remove_file(parent.path().join(SIGNING_KEY)).unwrap();
        let error = directory.signing_key(None, false).unwrap_err().to_string();
        assert!(
            error.contains("restore it from your backup") && error.contains("audit key --create"),
            "{error}"
        );
        assert!(!parent.path().join(SIGNING_KEY).exists());
    }

    #[test]
    fn no_key_is_made_for_a_database_that_is_there() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(parent.path()).unwrap();
        fs::write(parent.path().join(DATABASE), "").unwrap();
        let error = directory.keys(None).unwrap_err();
        assert_eq!(error.kind(), OpenErrorKind::KeyFile);
        assert!(!parent.path().join(MASTER_KEY).exists());
        assert!(error.to_string().contains("restore"), "{error}");
    }

    #[test]
    fn no_key_is_made_for_a_database_that_replicas_share() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(parent.path()).unwrap();
        let error = directory.shared_keys(None).unwrap_err();
        assert_eq!(error.kind(), OpenErrorKind::KeyFile);
        assert!(!parent.path().join(MASTER_KEY).exists());
        assert!(error.to_string().contains("copy it from another replica"), "{error}");
        directory.keys(None).unwrap();
        directory.shared_keys(None).unwrap();
    }

    #[test]
    fn a_path_with_signs_of_urls_stays_a_path() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(&parent.path().join("a?b#c%d")).unwrap();
        assert!(directory.database_url().unwrap().ends_with("/a%3Fb%23c%25d/portcullis.db"));
    }
}
