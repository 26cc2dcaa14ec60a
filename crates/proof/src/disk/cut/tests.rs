//! Tests of the model: what may be left, and what must be.

use super::*;

fn base() -> Files {
    Files::from([("db".to_owned(), b"old.".to_vec())])
}

fn write_entry(file: u32, offset: usize, bytes: &[u8]) -> Entry {
    Entry::Write { file, offset, bytes: bytes.to_vec() }
}

fn opened() -> Vec<Entry> {
    vec![Entry::Bind { file: 1, name: "db".into() }, Entry::Bind { file: 9, name: ".".into() }]
}

/// What is left with each loss, over many seeds.
fn outcomes(entries: &[Entry], loss: Loss) -> Vec<Files> {
    let folder = Folder::replay(&base(), entries);
    let mut left: Vec<Files> =
        (0..500).map(|seed| folder.after_cut(loss, &mut Dice::new(seed, "cut"))).collect();
    left.sort_unstable();
    left.dedup();
    left
}

#[test]
fn what_was_synced_stays_and_what_was_not_may_go() {
    let mut entries = opened();
    entries.extend([write_entry(1, 0, b"NEW"), Entry::Sync { file: 1 }, write_entry(1, 4, b"tail")]);
    let db = |bytes: &[u8]| Files::from([("db".to_owned(), bytes.to_vec())]);
    assert_eq!(outcomes(&entries, Loss::Everything), [db(b"NEW.")]);
    let torn = ["NEW.", "NEW.t", "NEW.ta", "NEW.tai", "NEW.tail"].map(|text| db(text.as_bytes()));
    assert_eq!(outcomes(&entries, Loss::TornTail), torn);
    assert_eq!(outcomes(&entries, Loss::Sectors), [db(b"NEW."), db(b"NEW.tail")]);
}

#[test]
fn sectors_are_kept_one_by_one() {
    let mut entries = opened();
    entries.push(write_entry(1, 500, &[7; 24]));
    let left = outcomes(&entries, Loss::Sectors);
    let lengths: Vec<usize> = left.iter().map(|files| files["db"].len()).collect();
    // Neither sector, both, the second one alone (a hole before it), the first one alone.
    assert_eq!(left.len(), 4, "{lengths:?}");
    assert!(left.iter().any(|files| files["db"].len() == 524 && files["db"][500..512] == [0; 12]));
}

#[test]
fn a_name_is_there_for_certain_once_its_folder_was_synced() {
    let mut entries = opened();
    entries.extend([
        Entry::Create { file: 2, name: "wal".into() },
        write_entry(2, 0, b"x"),
        Entry::Sync { file: 2 },
    ]);
    let names = |left: &[Files]| left.iter().map(|files| files.contains_key("wal")).collect::<Vec<_>>();
    assert_eq!(names(&outcomes(&entries, Loss::Everything)), [false]);
    assert_eq!(names(&outcomes(&entries, Loss::TornTail)), [false, true]);
    entries.push(Entry::SyncFolder { file: 9 });
    assert_eq!(names(&outcomes(&entries, Loss::Everything)), [true]);
    entries.push(Entry::Rename { file: 2, from: "wal".into(), to: "db".into() });
    let renamed = outcomes(&entries, Loss::TornTail);
    assert_eq!(names(&renamed), [true, false]);
    assert_eq!(
        (renamed[0]["db"].as_slice(), renamed[1]["db"].as_slice()),
        (b"old.".as_slice(), b"x".as_slice())
    );
}

#[test]
fn a_link_is_the_same_file_under_another_name() {
    let mut entries = opened();
    entries.extend([
        Entry::Create { file: 2, name: "draft".into() },
        write_entry(2, 0, b"x"),
        Entry::Sync { file: 2 },
        Entry::Link { file: 2, name: "whole".into() },
        Entry::Unlink { name: "draft".into() },
        Entry::SyncFolder { file: 9 },
    ]);
    let left = outcomes(&entries, Loss::Everything);
    assert_eq!(left.len(), 1);
    assert_eq!(
        (left[0].get("whole").map(Vec::as_slice), left[0].get("draft")),
        (Some(b"x".as_slice()), None)
    );
}

#[test]
fn a_change_that_the_journal_missed_shows() {
    let mut entries = opened();
    entries.extend([write_entry(1, 0, b"new"), write_entry(1, 3, b"!")]);
    let folder = Folder::replay(&base(), &entries);
    let seen = |bytes: &[u8]| Files::from([("db".to_owned(), bytes.to_vec())]);
    assert_eq!(folder.differs_from(&seen(b"new!")), None);
    // The last change was written down, and not done.
    assert_eq!(folder.differs_from(&seen(b"new.")), None);
    assert!(folder.differs_from(&seen(b"nex!")).is_some());
    assert!(folder.differs_from(&Files::new()).is_some());
    assert_eq!((folder.unsynced("db"), folder.unsynced("x")), (2, 0));
}

#[test]
fn a_last_change_behind_the_end_may_not_be_done_either() {
    let seen = Files::from([("db".to_owned(), b"new".to_vec())]);
    for last in [write_entry(1, 8, b"!"), Entry::Truncate { file: 1, length: 8 }] {
        let entries =
            [opened(), vec![Entry::Truncate { file: 1, length: 0 }, write_entry(1, 0, b"new"), last]]
                .concat();
        assert_eq!(Folder::replay(&base(), &entries).differs_from(&seen), None);
    }
}
