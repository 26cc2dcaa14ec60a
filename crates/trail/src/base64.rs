//! Base64 (RFC 4648 section 4), as the formats of C2SP write hashes, keys and signatures.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The base64 text of `bytes`, padded.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = bits >> (18 - 6 * place) & 0x3f;
            text.push(if place > group.len() { '=' } else { char::from(ALPHABET[digit as usize]) });
        }
    }
    text
}

/// The bytes of which this is the base64 text; `None` for every other spelling, be it a missing pad or a bit that the
/// pad leaves over.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in text.trim_end_matches('=').as_bytes().chunks(4) {
        let digits = group.iter().try_fold(0, |bits, digit| Some(bits << 6 | value(*digit)?))?;
        let [_, decoded @ ..] = (digits << (6 * (4 - group.len()))).to_be_bytes();
        bytes.extend_from_slice(&decoded[..group.len() - 1]);
    }
    (encode(&bytes) == text).then_some(bytes)
}

fn value(digit: u8) -> Option<u32> {
    Some(match digit {
        b'A'..=b'Z' => u32::from(digit - b'A'),
        b'a'..=b'z' => u32::from(digit - b'a') + 26,
        b'0'..=b'9' => u32::from(digit - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 4648 section 10.
    #[test]
    fn the_published_vectors() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(encode(&[0xfb, 0xff, 0xfe]), "+//+");
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for text in [
            "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "=", "====", "Zg==Zg==", "Zm 9", "Zm9v\n",
            "-_-_", "é==",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn bytes_and_text_belong_together(bytes in any::<Vec<u8>>(), text in "[A-Za-z0-9+/=]{0,12}") {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
            prop_assert!(decode(&text).is_none_or(|bytes| encode(&bytes) == text));
        }
    }
}
