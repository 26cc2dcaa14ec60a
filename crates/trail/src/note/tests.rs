//! The published notes of golang.org/x/mod/sumdb/note and c2sp.org, and every way in which a note is not one.

use proptest::prelude::*;

use super::*;
use crate::signing::{Signer, ring_verify};

/// The example of golang.org/x/mod/sumdb/note.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\
    \n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn peter() -> [VerifierKey; 1] {
    [PETER.parse().unwrap()]
}

#[test]
fn the_published_note_is_signed_by_the_published_key() {
    let note: SignedNote = NOTE.parse().unwrap();
    let keys = peter();
    assert_eq!(note.verify(&keys, ring_verify), Ok(vec![&keys[0]]));
    assert_eq!(note.to_string(), NOTE);
    assert_eq!(keys[0].to_string(), PETER);
    assert_eq!(note.text().lines().count(), 2);
}

/// The example of c2sp.org/signed-note: its text holds an empty line; its key is not published.
#[test]
fn the_last_empty_line_ends_the_text() {
    let text = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n";
    let note = format!(
        "{text}\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMc\
         Xxj99ihAQwaqP3ZekRwNtIc=\n"
    );
    let read: SignedNote = note.parse().unwrap();
    assert_eq!((read.text(), read.to_string()), (text, note.clone()));
    assert_eq!(read.verify(&peter(), ring_verify), Err(NoteError::Unsigned));
}

#[test]
fn a_changed_text_or_signature_is_false_and_a_changed_name_unknown() {
    let verify = |note: String| note.parse::<SignedNote>().unwrap().verify(&peter(), ring_verify).err();
    assert_eq!(verify(NOTE.replace("is the answer", "is an answer")), Some(NoteError::False));
    assert_eq!(verify(NOTE.replace("ZJkuBS", "ZJkuBT")), Some(NoteError::False));
    assert_eq!(verify(NOTE.replace("nAM=\n", "\n")), Some(NoteError::False), "a short signature");
    assert_eq!(verify(NOTE.replace("— Peter", "— Petra")), Some(NoteError::Unsigned));
    assert_eq!(verify(NOTE.replace("x08go", "y08go")), Some(NoteError::Unsigned));
}

#[test]
fn further_signatures_are_ignored_unless_their_key_is_trusted() {
    let (ours, other) = (Signer::new("log.example/trail", 1), Signer::new("log.example/trail", 2));
    let text = "hello\n".to_owned();
    let note = SignedNote::new(text.clone(), &other.key, &other.sign(&text)).unwrap();
    let both = note.clone().and_signed(&ours.key, &ours.sign(&text)).and_signed(&ours.key, &ours.sign(&text));
    let keys = [ours.key.clone(), other.key.clone()];
    assert_eq!(both.verify(&keys, ring_verify), Ok(vec![&keys[1], &keys[0]]), "each once, in their order");
    assert_eq!(both.verify(&keys[..1], ring_verify), Ok(vec![&keys[0]]));
    assert_eq!(note.verify(&keys[..1], ring_verify), Err(NoteError::Unsigned));
    let false_one = note.and_signed(&ours.key, &other.sign(&text));
    assert_eq!(
        false_one.verify(&keys, ring_verify),
        Err(NoteError::False),
        "one true signature is not enough"
    );
    assert_eq!(both.to_string().parse(), Ok(both));
}

#[test]
fn what_is_not_a_note_is_refused() {
    let signature = NOTE.split("\n\n").last().unwrap().to_owned();
    let signed = |text: &str| format!("{text}\n{signature}").parse::<SignedNote>();
    assert!(signed("a\n").is_ok());
    assert!(signed("\n").is_ok(), "an empty line is a text");
    for text in ["a\r\n", "a\tb\n", "\u{0}\n", "\u{1f}\n"] {
        assert_eq!(signed(text), Err(NoteError::Text), "{text:?}");
    }
    assert_eq!(signed(&"a".repeat(MAX_NOTE)), Err(NoteError::Text));
    for lines in [
        String::new(),
        "\n".to_owned(),
        signature.trim_end().to_owned(),
        signature.replace("— ", "- "),
        signature.replace("— ", "—"),
        signature.replace("— P", "—  P"),
        signature.replace("Peter", "Pe+er"),
        signature.replace("Peter", "Pe\u{a0}er"),
        signature.replace("AM=", "AN="),
        signature.replace("AM=", "AM"),
        signature.replace("x08", "x-8"),
        signature.replace("AM=", "AM= "),
        "— P x08goA==\n".replace("goA==", "gow=="),
        format!("{signature}trailing\n"),
        signature.repeat(MAX_SIGNATURES + 1),
    ] {
        let read = format!("a\n\n{lines}").parse::<SignedNote>();
        assert_eq!(read, Err(NoteError::Signatures), "{lines:?}");
    }
    assert_eq!("no signature\n".parse::<SignedNote>(), Err(NoteError::Signatures));
    let signer = Signer::new("log.example/trail", 1);
    let unended = SignedNote::new("a".to_owned(), &signer.key, &[0; 64]);
    assert_eq!(unended, Err(NoteError::Text));
}

#[test]
fn a_verifier_key_has_one_text() {
    for (text, error) in [
        ("PeterNeumann", KeyError::Form),
        ("PeterNeumann+c74f20a3", KeyError::Form),
        ("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Id),
        ("PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Id),
        ("+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Name),
        ("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Name),
        ("PeterNeumann+c74f20a3+AhpcA", KeyError::Key),
        ("PeterNeumann+c74f20a3+AhpcAQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Key),
        ("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n", KeyError::Key),
    ] {
        assert_eq!(text.parse::<VerifierKey>(), Err(error), "{text}");
    }
    for name in ["", "a b", "a+b", "a\nb", "a\u{3000}b", "a\u{7f}", &"a".repeat(256)] {
        assert_eq!(VerifierKey::new(name, [0; 32]), Err(KeyError::Name), "{name:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_reads_prints_the_same(note in "[a-z\n— +=/]{0,60}") {
        if let Ok(read) = note.parse::<SignedNote>() {
            prop_assert_eq!(read.to_string(), note);
        }
    }

    #[test]
    fn a_damaged_note_is_not_believed(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut bytes = NOTE.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let read = String::from_utf8(bytes).ok().and_then(|note| note.parse::<SignedNote>().ok());
        prop_assert!(read.is_none_or(|note| note.verify(&peter(), ring_verify).is_err()));
    }
}
