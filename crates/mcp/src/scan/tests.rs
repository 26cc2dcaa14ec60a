//! Table and property tests of the scan.

use proptest::prelude::*;

use super::*;

fn strict(text: &str) -> Result<(), ScanError> {
    scan(text.as_bytes(), &JsonLimits::STRICT)
}

#[test]
fn depth_is_counted_in_open_containers() {
    let limits = JsonLimits { max_depth: 3, ..JsonLimits::STRICT };
    assert_eq!(scan(b"[[[1]]]", &limits), Ok(()));
    assert_eq!(scan(b"[[[{}]]]", &limits), Err(ScanError::TooDeep { limit: 3 }));
    assert_eq!(scan(b"[[],[],[[]],{\"[[[[\":1}]", &limits), Ok(()), "brackets in strings do not count");
    let bomb = "[".repeat(10_000);
    assert_eq!(strict(&bomb), Err(ScanError::TooDeep { limit: 64 }));
}

#[test]
fn nodes_are_values_and_not_names() {
    let limits = JsonLimits { max_nodes: 4, ..JsonLimits::STRICT };
    assert_eq!(scan(br#"{"a":1,"b":"x","c":null}"#, &limits), Ok(()));
    assert_eq!(
        scan(br#"{"a":1,"b":"x","c":null,"d":[]}"#, &limits),
        Err(ScanError::TooManyNodes { limit: 4 })
    );
}

#[test]
fn duplicates_are_seen_at_every_level_and_through_escapes() {
    for (text, want) in [
        (r#"{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}"#, Ok(())),
        (r#"{"a":1,"A":2}"#, Ok(())),
        (r#"{"a":"a","b":"a"}"#, Ok(())),
        (r#"{"a":1,"a":2}"#, Err(ScanError::DuplicateKey { offset: 7 })),
        (r#"{"a":1,"\u0061":2}"#, Err(ScanError::DuplicateKey { offset: 7 })),
        (r#"[{"x":{"a":1,"b":2,"a":3}}]"#, Err(ScanError::DuplicateKey { offset: 19 })),
    ] {
        assert_eq!(strict(text), want, "{text}");
        assert_eq!(scan(text.as_bytes(), &JsonLimits::STRUCTURE), Ok(()), "{text}");
    }
}

#[test]
fn text_rules() {
    for (text, want) in [
        (r#""\ud83d\ude00""#, Ok(())),
        (r#""\\ud83d""#, Ok(())),
        (r#"["x","\ud83d"]"#, Err(ScanError::LoneSurrogate { offset: 5 })),
        (r#""\ude00""#, Err(ScanError::LoneSurrogate { offset: 0 })),
        (r#""\ud83d\u0041""#, Err(ScanError::LoneSurrogate { offset: 0 })),
    ] {
        assert_eq!(strict(text), want, "{text}");
    }
    assert_eq!(scan(b"\"a\xff\"", &JsonLimits::STRICT), Err(ScanError::NotUtf8 { offset: 2 }));
    assert_eq!(strict("\u{feff}{}"), Err(ScanError::ByteOrderMark));
    assert_eq!(strict("[\"a\0b\"]"), Err(ScanError::ControlCharacter { offset: 3 }));
    assert_eq!(
        strict("[\"a\",\n\t\"\u{feff}\"]"),
        Ok(()),
        "between values they are space, in a text it is one"
    );
}

/// What the gauge says of a text that arrives in pieces of this size.
fn gauged(text: &str, piece: usize, limits: JsonLimits) -> Result<(), GaugeError> {
    let mut gauge = Gauge::new(limits, 100);
    text.as_bytes().chunks(piece).try_for_each(|piece| gauge.push(piece))
}

#[test]
fn a_gauge_stops_a_bomb_in_its_course() {
    let mut gauge = Gauge::new(JsonLimits::STRICT, 100);
    let deep = "[".repeat(65);
    assert_eq!(gauge.push(deep.as_bytes()), Err(GaugeError::Scan(ScanError::TooDeep { limit: 64 })));
    let limits = JsonLimits { max_nodes: 4, ..JsonLimits::STRICT };
    let wide = r#"{"a":1,"b":"x","c":null,"d":[],"e":"#;
    assert_eq!(gauged(wide, 3, limits), Err(GaugeError::Scan(ScanError::TooManyNodes { limit: 4 })));
}

#[test]
fn a_gauge_sees_a_state_that_grows_too_large() {
    let long = "s".repeat(101);
    for (text, want) in [
        (
            format!(r#"{{"id":1,"result":{{"requestState":"{long}"#),
            Err(GaugeError::StateTooLarge { limit: 100 }),
        ),
        (format!(r#"{{"id":1,"result":{{"requestState":"{}""#, &long[1..]), Ok(())),
        (format!(r#"{{"id":1,"result":{{"x":"requestState","y":"{long}"}}}}"#), Ok(())),
        (format!(r#"{{"id":1,"result":{{"content":[{{"requestState":"{long}"}}]}}}}"#), Ok(())),
    ] {
        for piece in [1, 7, 1000] {
            assert_eq!(gauged(&text, piece, JsonLimits::STRICT), want, "{text}");
        }
    }
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = scan(&bytes, &JsonLimits::STRICT);
    }

    #[test]
    fn never_panics_on_json_like_text(text in r#"[\[\]{}",:\\u0-9dDa-f ]{0,120}"#) {
        let _ = scan(text.as_bytes(), &JsonLimits::STRICT);
    }

    /// serde_json reads an object with duplicates; whatever the scan passes has as many names as members.
    #[test]
    fn what_passes_has_distinct_names(names in proptest::collection::vec("[a-c]{1,2}", 0..6)) {
        let text = format!("{{{}}}", names.iter().map(|name| format!("\"{name}\":0")).collect::<Vec<_>>().join(","));
        let members = serde_json::from_str::<serde_json::Value>(&text).unwrap().as_object().unwrap().len();
        prop_assert_eq!(strict(&text).is_ok(), members == names.len());
    }

    /// However a text is cut, its gauge stops at what the scan would refuse, and at nothing else.
    #[test]
    fn a_gauge_agrees_with_the_scan(text in r#"[\[\]{}",:\\a1 ]{0,60}"#, piece in 1_usize..9) {
        let limits = JsonLimits { max_depth: 4, max_nodes: 6, duplicate_keys: DuplicateKeys::Allow };
        let scanned = scan(text.as_bytes(), &limits);
        let gauged = gauged(&text, piece, limits);
        if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
            prop_assert_eq!(gauged, scanned.map_err(GaugeError::Scan));
        }
    }
}
