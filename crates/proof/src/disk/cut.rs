//! What a power cut leaves of a folder.
//!
//! # The model
//!
//! A change of a file reaches the disk for certain with the next sync of that file. Until then it may be there, or
//! not, or in part, and in any order ([`Loss`]). A new name, a link, a renaming and an unlinking reach it with the next sync of
//! the folder; until then a prefix of them may be there, in their order, as a journaling file system keeps it. Bytes
//! beside a write that is torn are not damaged. What a program has mapped is lost (SQLite maps its `-shm` only, and
//! rebuilds it).
//!
//! What it does not cover: a disk that says that it has synced and has not; bits that rot; a sync that fails and drops
//! what it should have written; folders, which are there as soon as they are made.

use std::collections::{BTreeMap, HashMap};

use super::journal::Entry;
use crate::prove::dice::Dice;

/// Files of a folder by their names.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What becomes of changes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// All are lost.
    Everything,
    /// Some of the first are kept; the one after them is torn at a byte, or at a sector.
    TornTail,
    /// Every sector of every write is kept or lost for itself, so later ones may be there without earlier ones.
    Sectors,
}

const SECTOR: usize = 512;

/// A folder, as it is for the program and as it is on the disk.
#[derive(Debug)]
pub(crate) struct Folder {
    files: Vec<File>,
    numbers: HashMap<u32, usize>,
    folders: HashMap<u32, String>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    pending_names: Vec<NameChange>,
    last: Last,
    changes: usize,
}

/// What the last entry did. A change is written down before it is done, so the last one may not have been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Nothing,
    /// This file, from this byte on.
    Bytes(usize, usize),
    Names,
}

#[derive(Debug, Default)]
struct File {
    live: Vec<u8>,
    synced: Vec<u8>,
    pending: Vec<Pending>,
}

#[derive(Debug)]
struct Pending {
    /// Its place among the changes of all files.
    at: usize,
    change: Change,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

#[derive(Clone, Debug)]
struct NameChange {
    folder: String,
    removed: Option<String>,
    added: Option<(String, usize)>,
}

impl Folder {
    /// A folder whose files were on the disk, and what was done to it since.
    pub(crate) fn replay(base: &Files, entries: &[Entry]) -> Self {
        let files = base.values().map(|bytes| File {
            live: bytes.clone(),
            synced: bytes.clone(),
            pending: Vec::new(),
        });
        let names: BTreeMap<String, usize> = base.keys().cloned().zip(0..).collect();
        let mut folder = Self {
            files: files.collect(),
            numbers: HashMap::new(),
            folders: HashMap::new(),
            synced_names: names.clone(),
            names,
            pending_names: Vec::new(),
            last: Last::Nothing,
            changes: 0,
        };
        for entry in entries {
            folder.last = Last::Nothing;
            folder.apply(entry);
        }
        folder
    }

    /// Whether these are the files as the program saw them: the proof that the journal missed nothing. The last change
    /// may not have been done; a file that was just created may not be written down yet, and is empty then.
    pub(crate) fn differs_from(&self, seen: &Files) -> Option<String> {
        let unknown = |name: &&String| !self.names.contains_key(*name) && !seen[*name].is_empty();
        let gone = |name: &&String| !seen.contains_key(*name);
        let strange = seen.keys().find(unknown).or_else(|| self.names.keys().find(gone));
        if let Some(name) = strange.filter(|_| self.last != Last::Names) {
            return Some(format!("`{name}` is there, or is not, against the journal"));
        }
        self.names.iter().find_map(|(name, file)| {
            let (expected, found) = (&self.files[*file].live, seen.get(name)?);
            let compared = match self.last {
                Last::Bytes(last, from) if last == *file => from,
                _ => usize::MAX,
            };
            let (expected, found) =
                (&expected[..compared.min(expected.len())], &found[..compared.min(found.len())]);
            (expected != found).then(|| {
                let at = expected.iter().zip(found).position(|(expected, found)| expected != found);
                let (expected, found, last) = (expected.len(), found.len(), self.last);
                format!("`{name}` differs at {at:?}: {expected} bytes in the journal, {found} there; last: {last:?}")
            })
        })
    }

    /// How many changes of files whose names begin like this were not synced.
    pub(crate) fn unsynced(&self, names: &str) -> usize {
        let files = self.names.range(names.to_owned()..).take_while(|(name, _)| name.starts_with(names));
        files.map(|(_, file)| self.files[*file].pending.len()).sum()
    }

    /// What is on the disk after the cut.
    pub(crate) fn after_cut(&self, loss: Loss, random: &mut Dice) -> Files {
        let mut pending: Vec<usize> =
            self.files.iter().flat_map(|file| file.pending.iter().map(|pending| pending.at)).collect();
        pending.sort_unstable();
        let torn = pending.get(random.index(pending.len() + 1)).copied().unwrap_or(usize::MAX);
        let kept_names =
            if loss == Loss::Everything { 0 } else { random.index(self.pending_names.len() + 1) };
        let mut names = self.synced_names.clone();
        for change in &self.pending_names[..kept_names] {
            change.apply(&mut names);
        }
        let mut left = Files::new();
        for (name, file) in names {
            let file = &self.files[file];
            let mut bytes = file.synced.clone();
            for pending in &file.pending {
                match loss {
                    Loss::Everything => {}
                    Loss::TornTail if pending.at < torn => pending.change.apply(&mut bytes),
                    Loss::TornTail if pending.at == torn => pending.change.tear(&mut bytes, random),
                    Loss::TornTail => {}
                    Loss::Sectors => pending.change.scatter(&mut bytes, random),
                }
            }
            left.insert(name, bytes);
        }
        left
    }

    fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Bind { file, name } => match self.names.get(name) {
                Some(known) => drop(self.numbers.insert(*file, *known)),
                None => drop(self.folders.insert(*file, name.clone())),
            },
            Entry::Create { file, name } => {
                self.files.push(File::default());
                let created = self.files.len() - 1;
                self.numbers.insert(*file, created);
                self.rename(None, Some((name.clone(), created)));
            }
            Entry::Write { file, offset, bytes } => {
                self.change(*file, *offset, Change::Write { offset: *offset, bytes: bytes.clone() });
            }
            Entry::Truncate { file, length } => {
                self.change(*file, *length, Change::Truncate { length: *length });
            }
            Entry::Sync { file } => {
                if let Some(file) = self.numbers.get(file) {
                    let file = &mut self.files[*file];
                    file.synced.clone_from(&file.live);
                    file.pending.clear();
                }
            }
            Entry::SyncFolder { file } => {
                if let Some(folder) = self.folders.get(file) {
                    let synced = &mut self.synced_names;
                    self.pending_names.retain(|change| {
                        if change.folder == *folder {
                            change.apply(synced);
                        }
                        change.folder != *folder
                    });
                }
            }
            Entry::Unlink { name } => self.rename(Some(name.clone()), None),
            Entry::Link { file, name } => {
                let added = self.numbers.get(file).map(|file| (name.clone(), *file));
                self.rename(None, added);
            }
            Entry::Rename { file, from, to } => {
                let added = self.numbers.get(file).map(|file| (to.clone(), *file));
                self.rename(Some(from.clone()), added);
            }
        }
    }

    fn change(&mut self, number: u32, from: usize, change: Change) {
        let Some(file) = self.numbers.get(&number).copied() else { return };
        // A change behind the end brings what lies between too.
        self.last = Last::Bytes(file, from.min(self.files[file].live.len()));
        change.apply(&mut self.files[file].live);
        self.files[file].pending.push(Pending { at: self.changes, change });
        self.changes += 1;
    }

    fn rename(&mut self, removed: Option<String>, added: Option<(String, usize)>) {
        let name = added.as_ref().map(|(name, _)| name).or(removed.as_ref());
        let folder = name.and_then(|name| name.rsplit_once('/')).map_or(".", |(folder, _)| folder).to_owned();
        let change = NameChange { folder, removed, added };
        change.apply(&mut self.names);
        self.pending_names.push(change);
        self.last = Last::Names;
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        if let Some(name) = &self.removed {
            names.remove(name);
        }
        if let Some((name, file)) = &self.added {
            names.insert(name.clone(), *file);
        }
    }
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => write(file, *offset, bytes),
            Self::Truncate { length } => file.resize(*length, 0),
        }
    }

    /// The first bytes of it, or the first sectors.
    fn tear(&self, file: &mut Vec<u8>, random: &mut Dice) {
        if let Self::Write { offset, bytes } = self {
            let end = random.index(bytes.len());
            let sector = ((offset + end) / SECTOR * SECTOR).saturating_sub(*offset);
            let kept = if random.coin() { end } else { sector };
            write(file, *offset, &bytes[..kept]);
        }
    }

    /// Some of its sectors.
    fn scatter(&self, file: &mut Vec<u8>, random: &mut Dice) {
        match self {
            Self::Truncate { length } if random.coin() => file.resize(*length, 0),
            Self::Truncate { .. } => {}
            Self::Write { offset, bytes } => {
                let mut at = 0;
                while at < bytes.len() {
                    let end = ((offset + at) / SECTOR * SECTOR + SECTOR - offset).min(bytes.len());
                    if random.coin() {
                        write(file, offset + at, &bytes[at..end]);
                    }
                    at = end;
                }
            }
        }
    }
}

fn write(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    if file.len() < offset + bytes.len() {
        file.resize(offset + bytes.len(), 0);
    }
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests;
