//! The key file: what is written can be read, and everything that is not private or not well formed is refused.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use portcullis_schemas::runtime::Entropy;
use portcullis_testkit::conformance;
use portcullis_testkit::entropy::{CountingEntropy, FailingEntropy};

use super::*;

const KEY_A: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const KEY_B: &str = "//////////////////////////////////////////8=";

fn fresh(entropy: &dyn Entropy) -> Result<Zeroizing<String>, PortError> {
    private_file::fresh_key(entropy, COMMENT, &format!("{FORMAT} {FIRST_KEY}"))
}

fn problem(text: &str) -> String {
    parse(text).unwrap_err()
}

#[tokio::test]
async fn a_created_file_is_private_and_readable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let keys = read(&path).unwrap();
    assert_eq!(keys.current_key_id(), 1);
    conformance::key_source(&keys).await;
}

#[test]
fn an_existing_file_is_never_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    create(&path).unwrap();
    let before = fs::read(&path).unwrap();
    create(&path).unwrap_err();
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_mode_wider_than_0600_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    create(&path).unwrap();
    for mode in [0o640, 0o604, 0o660, 0o700, 0o610, 0o4600] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600") && error.contains(&format!("{mode:04o}")), "{mode:o}: {error}");
    }
    for mode in [0o600, 0o400] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        read(&path).unwrap();
    }
}

#[test]
fn a_directory_in_its_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(read(folder.path()).unwrap_err().to_string().contains("regular file"));
}

#[test]
fn the_last_line_seals_and_earlier_ones_still_open() {
    let text = format!("# keys\n\nportcullis-key-v1 1 {KEY_A}\nportcullis-key-v1 7 {KEY_B}\n");
    let keys = parse(&text).unwrap();
    assert_eq!(keys.current_key_id(), 7);
    assert_eq!(*keys.key(1).unwrap(), std::array::from_fn(|at| u8::try_from(at).unwrap()));
    assert_eq!(keys.key(2).unwrap_err().code(), codes::KEY_UNAVAILABLE);
    assert_eq!(format!("{keys:?}"), "FileKeySource { current: 7, .. }");
}

#[test]
fn malformed_files_are_refused_without_a_word_of_theirs() {
    let lines = [
        format!("portcullis-key-v2 1 {KEY_A}"),
        format!("portcullis-key-v1 0 {KEY_A}"),
        format!("portcullis-key-v1 256 {KEY_A}"),
        format!("portcullis-key-v1 01 {KEY_A}"),
        format!("portcullis-key-v1 +1 {KEY_A}"),
        format!("portcullis-key-v1 1 {KEY_A} "),
        format!("portcullis-key-v1  1 {KEY_A}"),
        format!(" portcullis-key-v1 1 {KEY_A}"),
        format!("portcullis-key-v1 1 {}", &KEY_A[..40]),
        format!("portcullis-key-v1 1 {KEY_A}AAAA"),
        format!("portcullis-key-v1 1 {}", KEY_A.trim_end_matches('=')),
        "portcullis-key-v1 1".to_owned(),
        "portcullis-key-v1 1 AAAA".to_owned(),
        KEY_A.to_owned(),
    ];
    for line in lines {
        let said = problem(&format!("# comment\n{line}\n"));
        assert!(said.starts_with("line 2: expected `portcullis-key-v1 <id"), "{line}: {said}");
        assert!(!said.contains("AAEC"), "{said}");
    }
}

#[test]
fn a_file_must_hold_key_1_and_each_key_once() {
    assert!(problem("").contains("no key"));
    assert!(problem("# nothing\n").contains("no key"));
    assert!(problem(&format!("portcullis-key-v1 2 {KEY_A}\n")).contains("key 1 is missing"));
    assert!(
        problem(&format!("portcullis-key-v1 1 {KEY_A}\nportcullis-key-v1 1 {KEY_B}\n"))
            .contains("line 2: key 1")
    );
}

#[test]
fn a_file_that_is_too_large_or_not_text_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    create(&path).unwrap();
    fs::write(&path, vec![b'#'; 64 * 1024 + 1]).unwrap();
    assert!(read(&path).unwrap_err().to_string().contains("64 KiB"));
    fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(read(&path).unwrap_err().to_string().contains("UTF-8"));
}

#[test]
fn a_fresh_key_is_what_the_entropy_gave() {
    let keys = parse(&fresh(&CountingEntropy::new()).unwrap()).unwrap();
    let other = parse(&fresh(&CountingEntropy::new()).unwrap()).unwrap();
    assert_eq!(*keys.key(1).unwrap(), *other.key(1).unwrap());
    assert_ne!(*keys.key(1).unwrap(), [0; KEY_BYTES]);
    assert!(fresh(&FailingEntropy).is_err());
}
