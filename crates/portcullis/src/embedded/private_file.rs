//! Files that hold keys: private to their owner, small, and wiped from memory once they are read.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_schemas::PortError;
use portcullis_schemas::runtime::Entropy;
use zeroize::Zeroizing;

/// The bytes of a key.
pub(super) const KEY_BYTES: usize = 32;
/// Room for hundreds of keys and some comments.
const MAX_FILE_BYTES: usize = 64 * 1024;

/// Creates the file, mode 0600, and makes it durable. An existing file is never written to.
pub(super) fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // The name must be as durable as the content: a database whose key is gone is lost.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The text of an open file, which must be a regular one that belongs to this process's user and to nobody else. What is
/// wrong is said without a byte of it.
pub(super) fn read(file: &mut File) -> Result<Zeroizing<String>, String> {
    // Of the open file, not of the path, which could change between two looks.
    let facts = file.metadata().map_err(|_| "it cannot be read".to_owned())?;
    let own_user = rustix::process::geteuid().as_raw();
    check_guard(facts.is_file(), facts.mode(), facts.uid(), own_user)?;
    read_bounded(file)
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

/// The lines that say something, with their numbers; empty ones and comments do not.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// The 32 bytes of which this is the base64 text.
pub(super) fn key_bytes(text: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    // One byte more than a key: the decoder asks for room for whole groups of three.
    let mut decoded = Zeroizing::new([0; KEY_BYTES + 1]);
    let length = STANDARD.decode_slice(text, &mut *decoded).ok()?;
    if length != KEY_BYTES {
        return None;
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    key.copy_from_slice(&decoded[..KEY_BYTES]);
    Some(key)
}

/// A file's text with one fresh key: `comment`, then `before` and the key in base64.
pub(super) fn fresh_key(
    entropy: &dyn Entropy,
    comment: &str,
    before: &str,
) -> Result<Zeroizing<String>, PortError> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    entropy.fill(&mut *key)?;
    let mut encoded = Zeroizing::new([0; KEY_BYTES.div_ceil(3) * 4]);
    // The buffer has the exact size, so encoding cannot fail; were it to, the file would be refused when read.
    let length = STANDARD.encode_slice(key.as_slice(), &mut *encoded).unwrap_or(0);
    let encoded = std::str::from_utf8(&encoded[..length]).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(512));
    for part in ["# ", comment, "\n", before, " ", encoded, "\n"] {
        text.push_str(part);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_and_kind_are_judged() {
        assert_eq!(check_guard(true, 0o100_600, 1000, 1000), Ok(()));
        assert!(
            check_guard(true, 0o100_600, 0, 1000)
                .unwrap_err()
                .contains("belongs to user 0; expected user 1000")
        );
        assert!(check_guard(false, 0o600, 1000, 1000).unwrap_err().contains("regular file"));
    }
}
