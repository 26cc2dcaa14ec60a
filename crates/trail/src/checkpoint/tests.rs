//! The published checkpoint, the one form, and whose word counts.

use proptest::prelude::*;

use super::*;
use crate::sha256;
use crate::signing::{Signer, ring_verify};

/// The example of c2sp.org/tlog-checkpoint, whose key is not published.
const PUBLISHED: &str = "example.com/behind-the-sofa\n\
    20852163\n\
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
    \n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE\
    +xeMcTOAYQ8=\n";

fn sample() -> Checkpoint {
    let root = sha256(b"root");
    Checkpoint { origin: "log.example/trail".to_owned(), size: 7, root, extensions: Vec::new() }
}

#[test]
fn the_published_checkpoint_reads_and_prints() {
    let note: SignedNote = PUBLISHED.parse().unwrap();
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(
        checkpoint.root.to_string(),
        "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    );
    assert_eq!(checkpoint.to_string(), note.text());
    assert_eq!(note.to_string(), PUBLISHED);
}

#[test]
fn a_checkpoint_has_one_text() {
    let text = sample().to_string();
    assert_eq!(Checkpoint::parse(&text), Ok(sample()));
    let root = sample().root.to_base64();
    for (changed, expected) in [
        (text.trim_end().to_owned(), "a line feed"),
        (text.replace("log.", "l\tog."), "control characters"),
        (text.replace("7\n", "7\r\n"), "control characters"),
        (text.replace("log.example/trail", ""), "an origin"),
        (text.replace("log.", &"log.".repeat(64)), "an origin"),
        (text.replace("7\n", "07\n"), "a size"),
        (text.replace("7\n", "+7\n"), "a size"),
        (text.replace("7\n", "18446744073709551616\n"), "a size"),
        (text.replace("7\n", "\n"), "a size"),
        (text.replace(&root, &root[..43]), "the base64"),
        (text.replace(&root, &root.replace('=', "==")), "the base64"),
        (text.replace(&root, &format!("{root} ")), "the base64"),
        (text.replace(&root, "AAAA"), "the base64"),
        (format!("{text}\n"), "further lines"),
        (format!("{text}a\n\nb\n"), "further lines"),
        (text.clone() + &"more\n".repeat(17), "further lines"),
        ("\n".to_owned(), "an origin"),
        ("origin\n".to_owned(), "a size"),
        ("origin\n0\n".to_owned(), "the base64"),
    ] {
        let error = Checkpoint::parse(&changed).unwrap_err().to_string();
        assert!(error.contains(expected), "{changed:?}: {error}");
    }
    let extended = Checkpoint { size: u64::MAX, extensions: vec!["a".into(), "b c".into()], ..sample() };
    assert_eq!(Checkpoint::parse(&extended.to_string()), Ok(extended));
}

#[test]
fn only_the_logs_own_key_counts() {
    let (log, other) = (Signer::new("log.example/trail", 1), Signer::new("witness.example", 2));
    let keys = [log.key.clone(), other.key.clone()];
    let open = |note: &SignedNote| Checkpoint::open(note, &keys, ring_verify);
    let by_log = log.note(&sample());
    assert_eq!(open(&by_log), Ok(sample()));
    let text = sample().to_string();
    let by_other = SignedNote::new(text.clone(), &other.key, &other.sign(&text)).unwrap();
    assert_eq!(open(&by_other), Err(CheckpointError::Origin));
    assert_eq!(open(&by_other.and_signed(&log.key, &log.sign(&text))), Ok(sample()));
    assert_eq!(
        open(&Signer::new("log.example/trail", 3).note(&sample())),
        Err(CheckpointError::Note(NoteError::Unsigned))
    );
    let malformed =
        SignedNote::new("no checkpoint\n".into(), &log.key, &log.sign("no checkpoint\n")).unwrap();
    assert!(matches!(open(&malformed), Err(CheckpointError::Malformed(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_reads_prints_the_same(size in "[0-9+ ]{1,21}", at in any::<prop::sample::Index>(), byte in 1_u8..128) {
        let mut bytes = sample().to_string().replace("7\n", &format!("{size}\n")).into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let text = String::from_utf8(bytes).unwrap();
        if let Ok(read) = Checkpoint::parse(&text) {
            prop_assert_eq!(read.to_string(), text);
        }
    }
}
