//! What a disk was told: the entries that `shim.c` writes, in order.

use color_eyre::eyre::{Result, bail};

/// One change, or one sync that succeeded. Files are numbered: a name that is created anew is another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A file that was there before got this number.
    Bind {
        file: u32,
        name: String,
    },
    /// A file was created.
    Create {
        file: u32,
        name: String,
    },
    Write {
        file: u32,
        offset: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: u32,
        length: usize,
    },
    Sync {
        file: u32,
    },
    /// The names in a folder were synced.
    SyncFolder {
        file: u32,
    },
    Unlink {
        name: String,
    },
    Rename {
        file: u32,
        from: String,
        to: String,
    },
    /// A file got a further name.
    Link {
        file: u32,
        name: String,
    },
}

/// Kind, file, offset and length, as the C structure without gaps has them.
const HEAD: usize = 1 + 4 + 8 + 4;

/// Reads a journal. A last entry that is incomplete was not begun: the program was killed while it wrote it.
pub(crate) fn read(mut journal: &[u8]) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while let Some((head, rest)) = journal.split_at_checked(HEAD) {
        let file = u32::from_ne_bytes(array(&head[1..5]));
        let offset = usize::try_from(u64::from_ne_bytes(array(&head[5..13])))?;
        let length = usize::try_from(u32::from_ne_bytes(array(&head[13..17])))?;
        let Some((bytes, rest)) = rest.split_at_checked(length) else { break };
        entries.push(entry(head[0], file, offset, bytes)?);
        journal = rest;
    }
    Ok(entries)
}

fn entry(kind: u8, file: u32, offset: usize, bytes: &[u8]) -> Result<Entry> {
    let name = || String::from_utf8_lossy(bytes).into_owned();
    Ok(match kind {
        b'B' => Entry::Bind { file, name: name() },
        b'C' => Entry::Create { file, name: name() },
        b'W' => Entry::Write { file, offset, bytes: bytes.to_vec() },
        b'T' => Entry::Truncate { file, length: offset },
        b'S' => Entry::Sync { file },
        b'D' => Entry::SyncFolder { file },
        b'L' => Entry::Link { file, name: name() },
        b'U' => Entry::Unlink { name: name() },
        b'R' => {
            let names = name();
            let Some((from, to)) = names.split_once('\n') else { bail!("a renaming of one name: {names}") };
            Entry::Rename { file, from: from.to_owned(), to: to.to_owned() }
        }
        other => bail!("an entry of the kind {other}"),
    })
}

/// The bytes as an array of their length, which the caller's range has fixed.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    std::array::from_fn(|at| bytes.get(at).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn raw(kind: u8, file: u32, offset: u64, bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).unwrap();
        [&[kind][..], &file.to_ne_bytes(), &offset.to_ne_bytes(), &length.to_ne_bytes(), bytes].concat()
    }

    #[test]
    fn entries_are_read_up_to_one_that_is_cut_off() {
        let whole = [raw(b'C', 1, 0, b"a"), raw(b'W', 1, 4, b"xyz"), raw(b'R', 1, 0, b"a\nb")].concat();
        let expected = [
            Entry::Create { file: 1, name: "a".into() },
            Entry::Write { file: 1, offset: 4, bytes: b"xyz".to_vec() },
            Entry::Rename { file: 1, from: "a".into(), to: "b".into() },
        ];
        assert_eq!(read(&whole).unwrap(), expected);
        assert_eq!(read(&whole[..whole.len() - 1]).unwrap(), expected[..2]);
        assert!(read(&raw(b'?', 1, 0, b"")).is_err());
    }
}
