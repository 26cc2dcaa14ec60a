//! The master key file: one line a key, `portcullis-key-v1 <id> <32 bytes in base64>`. The last line is the key that
//! seals now; earlier ones open what they have sealed. Empty lines and lines that start with `#` are skipped.
//!
//! Nothing of a key leaves this module but through [`KeySource`]: errors name lines by number, and buffers are wiped.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::path::Path;

use portcullis_drivers::system::SystemEntropy;
use portcullis_schemas::integrations::credentials::ports::KeySource;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use zeroize::Zeroizing;

use super::error::OpenError;
use super::private_file::{self, KEY_BYTES};

const FORMAT: &str = "portcullis-key-v1";
const FIRST_KEY: u8 = 1;
const COMMENT: &str = "The master key of Portcullis. Back it up apart from the database; never share it.";

/// Master keys from a file, held in memory for as long as the process runs and wiped when dropped.
pub(super) struct FileKeySource {
    keys: BTreeMap<u8, Zeroizing<[u8; KEY_BYTES]>>,
    current: u8,
}

impl KeySource for FileKeySource {
    fn current_key_id(&self) -> u8 {
        self.current
    }

    fn key(&self, id: u8) -> Result<Zeroizing<[u8; KEY_BYTES]>, PortError> {
        self.keys.get(&id).cloned().ok_or_else(|| {
            let detail = format!("the master key file holds no key {id}");
            PortError::new(PortErrorKind::Unavailable, codes::KEY_UNAVAILABLE, detail)
        })
    }
}

impl fmt::Debug for FileKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKeySource").field("current", &self.current).finish_non_exhaustive()
    }
}

/// Creates the file with one fresh key, mode 0600. An existing file is never written to.
pub(super) fn create(path: &Path) -> Result<(), OpenError> {
    let text = private_file::fresh_key(&SystemEntropy::new(), COMMENT, &format!("{FORMAT} {FIRST_KEY}"))
        .map_err(|error| OpenError::key_file(path, "the system gives no randomness").caused_by(error))?;
    private_file::create(path, &text).map_err(|error| {
        let problem = "it cannot be created; check that its folder exists and who may write there";
        OpenError::key_file(path, problem).caused_by(error)
    })
}

/// Reads the keys. The file must be a regular one that belongs to this process's user and to nobody else.
pub(super) fn read(path: &Path) -> Result<FileKeySource, OpenError> {
    let mut file = File::open(path).map_err(|error| {
        let problem = "it cannot be opened; restore it from your backup: without it the database's secrets are lost, \
                       and no new key is made for a database that exists";
        OpenError::key_file(path, problem).caused_by(error)
    })?;
    let text = private_file::read(&mut file).map_err(|problem| OpenError::key_file(path, problem))?;
    parse(&text).map_err(|problem| OpenError::key_file(path, problem))
}

fn parse(text: &str) -> Result<FileKeySource, String> {
    let mut keys = BTreeMap::new();
    let mut current = None;
    for (number, line) in private_file::lines(text) {
        let (id, key) = parse_line(line).ok_or_else(|| {
            format!(
                "line {number}: expected `{FORMAT} <id from 1 to 255> <32 bytes in base64>`; restore the file from your backup"
            )
        })?;
        if keys.insert(id, key).is_some() {
            return Err(format!("line {number}: key {id} stands there twice; expected each id once"));
        }
        current = Some(id);
    }
    let current =
        current.ok_or("it holds no key; remove it if there is no database yet, else restore your backup")?;
    if !keys.contains_key(&FIRST_KEY) {
        return Err(
            "key 1 is missing; keep it even when a later key seals: keyed hashes derive from it".to_owned()
        );
    }
    Ok(FileKeySource { keys, current })
}

fn parse_line(line: &str) -> Option<(u8, Zeroizing<[u8; KEY_BYTES]>)> {
    let mut parts = line.split(' ');
    let (format, id, text) = (parts.next()?, parts.next()?, parts.next()?);
    let id_number: u8 = id.parse().ok()?;
    if format != FORMAT || parts.next().is_some() || id_number == 0 || id_number.to_string() != id {
        return None;
    }
    Some((id_number, private_file::key_bytes(text)?))
}

#[cfg(test)]
mod tests;
