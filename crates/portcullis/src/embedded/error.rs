//! Why a data directory could not be opened.

use std::error::Error;
use std::fmt;
use std::path::Path;

use portcullis_drivers::database::OpenError as DatabaseError;
use portcullis_schemas::PortError;

type Source = Box<dyn Error + Send + Sync>;

const OLDER: &str = "database: its schema is of an earlier version, or it has none and is not the one that was meant; who only \
                     looks at it leaves it as it is: use the version that serves on it, or bring it up to date first, by \
                     `portcullis database migrate` or, in a data directory, by starting this version there";

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OpenErrorKind {
    /// The directory cannot be used: its path, its mode, or it cannot be created.
    DataDirectory,
    /// Another process has it open.
    InUse,
    /// The master key file: missing, malformed, open to others, or not with the keys that were used on the database.
    KeyFile,
    /// The file of the keys that sign checkpoints: missing, malformed, or open to others.
    SigningKey,
    /// The directory of the checkpoints cannot be used.
    Checkpoints,
    /// The database cannot be opened or brought up to date.
    Database,
    /// A waived origin or a certificate authority.
    Egress,
}

/// A data directory that could not be opened. `Display` says what is wrong, where, and what to do; it never holds a
/// byte of a key.
#[derive(Debug)]
pub struct OpenError {
    kind: OpenErrorKind,
    message: String,
    source: Option<Source>,
}

impl OpenError {
    /// The kind.
    pub fn kind(&self) -> OpenErrorKind {
        self.kind
    }

    pub(super) fn directory(path: &Path, problem: impl fmt::Display) -> Self {
        Self::new(OpenErrorKind::DataDirectory, format!("data directory {}: {problem}", path.display()))
    }

    pub(super) fn in_use(path: &Path, holder: Option<u32>) -> Self {
        let holder = holder.map_or_else(String::new, |pid| format!(" (process {pid})"));
        let message = format!(
            "data directory {}: another process has it open{holder}; stop that one, or name another directory",
            path.display()
        );
        Self::new(OpenErrorKind::InUse, message)
    }

    pub(super) fn key_file(path: &Path, problem: impl fmt::Display) -> Self {
        Self::new(OpenErrorKind::KeyFile, format!("master key file {}: {problem}", path.display()))
    }

    pub(super) fn signing_key(path: &Path, problem: impl fmt::Display) -> Self {
        Self::new(OpenErrorKind::SigningKey, format!("signing key file {}: {problem}", path.display()))
    }

    pub(super) fn checkpoints(path: &Path, source: impl Into<Source>) -> Self {
        let message = format!(
            "checkpoint directory {}: it cannot be made or read; check the path and who may write there",
            path.display()
        );
        Self::new(OpenErrorKind::Checkpoints, message).caused_by(source)
    }

    pub(super) fn database(source: DatabaseError) -> Self {
        let message = match &source {
            // Only who attaches is told so, and what is to be stopped or not the driver cannot know.
            DatabaseError::Older => OLDER.to_owned(),
            other => other.to_string(),
        };
        Self { kind: OpenErrorKind::Database, message, source: Some(source.into()) }
    }

    pub(super) fn keys(source: impl Into<Source>) -> Self {
        let message = "master key file: it holds no usable key 1, from which keyed hashes derive".to_owned();
        Self { kind: OpenErrorKind::KeyFile, message, source: Some(source.into()) }
    }

    pub(super) fn known_keys(source: PortError) -> Self {
        let message = format!(
            "database: the fingerprints of its master keys cannot be read or added: {source}; see that it answers, and start \
             again"
        );
        Self::new(OpenErrorKind::Database, message).caused_by(source)
    }

    pub(super) fn egress(source: impl Into<Source>) -> Self {
        let source = source.into();
        Self { kind: OpenErrorKind::Egress, message: source.to_string(), source: Some(source) }
    }

    #[must_use]
    pub(super) fn caused_by(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    fn new(kind: OpenErrorKind, message: String) -> Self {
        Self { kind, message, source: None }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_deref()?;
        // These two speak with their source's words, which a report must not print twice.
        let is_said = matches!(self.kind, OpenErrorKind::Database | OpenErrorKind::Egress);
        if is_said { source.source() } else { Some(source) }
    }
}
