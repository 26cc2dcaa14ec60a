//! The master key file: one line a key, `portcullis-key-v1 <id> <32 bytes in base64>`. The last line is the key that
//! seals now; earlier ones open what they have sealed. Empty lines and lines that start with `#` are skipped.
//!
//! Nothing of a key leaves this module but through [`KeySource`]: errors name lines by number, and buffers are wiped.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_drivers::system::SystemEntropy;
use portcullis_schemas::integrations::credentials::ports::KeySource;
use portcullis_schemas::runtime::Entropy;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use zeroize::Zeroizing;

use super::error::OpenError;

const FORMAT: &str = "portcullis-key-v1";
const KEY_BYTES: usize = 32;
/// Room for 255 keys and some comments.
const MAX_FILE_BYTES: usize = 64 * 1024;
const FIRST_KEY: u8 = 1;

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
    let failed = |error: std::io::Error| {
        let problem = "it cannot be created; check that its folder exists and who may write there";
        OpenError::key_file(path, problem).caused_by(error)
    };
    let text = fresh_key(&SystemEntropy::new())
        .map_err(|error| OpenError::key_file(path, "the system gives no randomness").caused_by(error))?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    // The name must be as durable as the content: a database whose key is gone is lost.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Reads the keys. The file must be a regular one that belongs to this process's user and to nobody else.
pub(super) fn read(path: &Path) -> Result<FileKeySource, OpenError> {
    let mut file = File::open(path).map_err(|error| {
        let problem = "it cannot be opened; restore it from your backup: without it the database's secrets are lost, \
                       and no new key is made for a database that exists";
        OpenError::key_file(path, problem).caused_by(error)
    })?;
    // Of the open file, not of the path, which could change between two looks.
    let facts =
        file.metadata().map_err(|error| OpenError::key_file(path, "it cannot be read").caused_by(error))?;
    let own_user = rustix::process::geteuid().as_raw();
    check_guard(facts.is_file(), facts.mode(), facts.uid(), own_user)
        .map_err(|problem| OpenError::key_file(path, problem))?;
    let text = read_bounded(&mut file).map_err(|problem| OpenError::key_file(path, problem))?;
    parse(&text).map_err(|problem| OpenError::key_file(path, problem))
}

fn check_guard(is_file: bool, mode: u32, owner: u32, own_user: u32) -> Result<(), String> {
    if !is_file {
        return Err("expected a regular file".to_owned());
    }
    if owner != own_user {
        return Err(format!(
            "it belongs to user {owner}; expected user {own_user}, as whom this process runs"
        ));
    }
    let mode = mode & 0o7777;
    if mode & !0o600 != 0 {
        return Err(format!(
            "its mode is {mode:04o}, so others may use it; expected 0600: run `chmod 600` on it"
        ));
    }
    Ok(())
}

fn read_bounded(file: &mut File) -> Result<Zeroizing<String>, String> {
    // Allocated once and in full, so that no growth leaves a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES + 1));
    let limit = MAX_FILE_BYTES as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(|_| "it cannot be read".to_owned())?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err("expected at most 64 KiB".to_owned());
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "expected UTF-8".to_owned())?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn parse(text: &str) -> Result<FileKeySource, String> {
    let mut keys = BTreeMap::new();
    let mut current = None;
    for (at, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (id, key) = parse_line(line).ok_or_else(|| {
            format!(
                "line {}: expected `{FORMAT} <id from 1 to 255> <32 bytes in base64>`; restore the file from your backup",
                at + 1
            )
        })?;
        if keys.insert(id, key).is_some() {
            return Err(format!("line {}: key {id} stands there twice; expected each id once", at + 1));
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
    // One byte more than a key: the decoder asks for room for whole groups of three.
    let mut decoded = Zeroizing::new([0; KEY_BYTES + 1]);
    let length = STANDARD.decode_slice(text, &mut *decoded).ok()?;
    if length != KEY_BYTES {
        return None;
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    key.copy_from_slice(&decoded[..KEY_BYTES]);
    Some((id_number, key))
}

fn fresh_key(entropy: &dyn Entropy) -> Result<Zeroizing<String>, PortError> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    entropy.fill(&mut *key)?;
    let mut encoded = Zeroizing::new([0; KEY_BYTES.div_ceil(3) * 4]);
    // The buffer has the exact size, so encoding cannot fail; were it to, the file would be refused when read.
    let length = STANDARD.encode_slice(key.as_slice(), &mut *encoded).unwrap_or(0);
    let encoded = std::str::from_utf8(&encoded[..length]).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(512));
    text.push_str("# The master key of Portcullis. Back it up apart from the database; never share it.\n");
    text.push_str(FORMAT);
    text.push_str(" 1 ");
    text.push_str(encoded);
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests;
