//! Whether the master keys at hand are those that were used on the database: a process with others would let nobody in and
//! open no secret, and would yet be ready.

use std::path::Path;

use portcullis_drivers::database::{Database, SqlKeyFingerprints};
use portcullis_schemas::integrations::credentials::ports::KeySource;
use portcullis_vault::fingerprint::{self, Fingerprints, ForeignKeys};

use super::error::OpenError;

/// Lets the database know the keys that are used from now on, if it knows all that were used before to be these.
///
/// # Errors
/// When a key differs from the one that was used, or is missing; when the database does not answer.
pub(super) async fn require(database: &Database, keys: &dyn KeySource, file: &Path) -> Result<(), OpenError> {
    let compare = |known: &Fingerprints| {
        fingerprint::compare(keys, known).map_err(|foreign| OpenError::key_file(file, problem(foreign)))
    };
    let stored = SqlKeyFingerprints::new(database.clone());
    let known = stored.known().await.map_err(OpenError::known_keys)?;
    compare(&known)?;
    // One of an earlier version knows none, and any of these may have sealed in it.
    let ours = if known.is_empty() { fingerprint::held(keys) } else { fingerprint::used(keys) };
    let ours = ours.map_err(OpenError::keys)?;
    if ours.keys().all(|id| known.contains_key(id)) {
        return Ok(());
    }
    stored.add(&ours, compare).await.map_err(OpenError::known_keys)?
}

fn problem(foreign: ForeignKeys) -> String {
    match foreign {
        ForeignKeys::Differs(id) => format!(
            "its key {id} is not the one that was used on this database: no API key would be known, no secret opened; copy \
             the file from another replica, or restore it from your backup"
        ),
        ForeignKeys::Missing(id) => format!(
            "key {id} was used on this database and is missing: what it has sealed could not be opened; copy the file from \
             another replica, or restore it from your backup"
        ),
    }
}
