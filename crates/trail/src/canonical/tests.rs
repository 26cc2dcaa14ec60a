//! RFC 8785 vectors, the pinned event, and properties of the canonical form.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{canonical_bytes, canonical_hash, check_canonical};
use crate::arbitrary;
use crate::strict::{Limits, parse};

fn canonical(value: &Value) -> String {
    String::from_utf8(canonical_bytes(value).unwrap()).unwrap()
}

/// RFC 8785 section 3.2.3: names sort by UTF-16 code units, so the emoji (d83d) stands before U+FB33.
#[test]
fn rfc_8785_key_order() {
    let input = json!({
        "\u{20ac}": "Euro Sign",
        "\r": "Carriage Return",
        "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\u{1f600}": "Emoji: Grinning Face",
        "\u{80}": "Control",
        "\u{f6}": "Latin Small Letter O With Diaeresis"
    });
    let expected = [
        r#"{"\r":"Carriage Return","1":"One",""#,
        "\u{80}",
        r#"":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","#,
        r#""😀":"Emoji: Grinning Face",""#,
        "\u{fb33}",
        r#"":"Hebrew Letter Dalet With Dagesh"}"#,
    ];
    assert_eq!(canonical(&input), expected.concat());
}

/// RFC 8785 section 3.2.2 and 3.2.4: the sample object and its bytes. The sample's `333333333.33333329` is given
/// as the double that it denotes; strict reading refuses that spelling.
#[test]
fn rfc_8785_sample_object() {
    let input = json!({
        "numbers": [333_333_333.333_333_3, 1E30, 4.50, 2e-3, 0.000_000_000_000_000_000_000_000_001],
        "string": "\u{20ac}$\u{f}\nA'\u{42}\u{22}\u{5c}\\\"/",
        "literals": [null, true, false]
    });
    let expected = concat!(
        r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
        r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
    );
    assert_eq!(canonical(&input), expected);
}

#[test]
fn strings_carry_the_shortest_escapes() {
    let all: String = (0..0x20_u8).map(char::from).collect();
    let expected = concat!(
        r#""\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f"#,
        r#"\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f""#
    );
    assert_eq!(canonical(&json!(all)), expected);
    assert_eq!(canonical(&json!("/\u{7f}\u{2028}<é😀")), "\"/\u{7f}\u{2028}<é😀\"");
}

#[test]
fn an_integer_beyond_a_double_has_no_canonical_form() {
    let error = canonical_bytes(&json!({ "at": [0, { "ns": 1_763_769_600_123_456_789_u64 }] })).unwrap_err();
    assert_eq!(error.pointer(), "/at/1/ns");
    assert_eq!(
        error.to_string(),
        "integer exceeds a 64-bit float, expected one within 2^53 or a string; at `/at/1/ns`"
    );
    assert_eq!(canonical_hash(&json!(u64::MAX)).unwrap_err().pointer(), "");
    assert_eq!(canonical(&json!(10_000_000_000_000_000_000_u64)), "10000000000000000000");
}

/// Pins the bytes and the hash of an event. If this changes, every stored chain fails to verify: look for a
/// dependency that switched on a feature of serde_json (`preserve_order`, `float_roundtrip`,
/// `arbitrary_precision`), do not accept the new snapshot.
#[test]
fn the_hash_of_an_event_is_pinned() {
    let event = parse(
        r#"{
            "tenant_id": "ten_01JD", "sequence": 42, "kind": "tool_invocation.completed",
            "previous_hash": "0000000000000000000000000000000000000000000000000000000000000000",
            "duration_ms": 12.5, "ratio": 2.2250738585072014e-308, "bytes": 9007199254740992, "score": 1.0,
            "zeta": { "b": [], "a": {}, "€": "\u20ac", "😀": null }, "actor": "agent \"7\"\n"
        }"#
        .as_bytes(),
        Limits::default(),
    )
    .unwrap();
    insta::assert_snapshot!(canonical(&event), @r#"{"actor":"agent \"7\"\n","bytes":9007199254740992,"duration_ms":12.5,"kind":"tool_invocation.completed","previous_hash":"0000000000000000000000000000000000000000000000000000000000000000","ratio":2.2250738585072014e-308,"score":1,"sequence":42,"tenant_id":"ten_01JD","zeta":{"a":{},"b":[],"€":"€","😀":null}}"#);
    insta::assert_snapshot!(canonical_hash(&event).unwrap(), @"2530255c17e4bfec8b33c16b6387deed69f11fcee85ea937c706e5a342fa65da");
}

#[test]
fn a_text_that_is_not_canonical_is_refused_at_its_place() {
    for (text, offset) in [
        ("", 0),
        (" 1", 0),
        ("1 ", 1),
        ("{}\n", 2),
        ("[1,]", 3),
        ("[1", 2),
        (r#"{"a": 1}"#, 5),
        (r#"{"b":1,"a":2}"#, 7),
        (r#"{"a":1,"a":2}"#, 7),
        (r#"{"":1,"":2}"#, 6),
        ("{\"\u{fb33}\":1,\"\u{1f600}\":2}", 9),
        (r#"{"\"":1,"\n":2}"#, 8),
        (r#"{"a"}"#, 4),
        (r#"{1:2}"#, 1),
        (r#""\/""#, 1),
        (r#""\u0041""#, 1),
        (r#""\u000A""#, 1),
        (r#""\u000a""#, 1),
        (r#""\u0008""#, 1),
        (r#""\u001F""#, 1),
        (r#""\ud83d\ude00""#, 1),
        ("\"\t\"", 1),
        ("\"a", 2),
        ("\"\\", 1),
        ("01", 0),
        ("-0", 0),
        ("-", 0),
        ("1.0", 0),
        ("1e2", 0),
        ("1.10", 0),
        ("1E+30", 0),
        ("[1.2.3]", 1),
        ("[12345678901234567]", 1),
        ("9007199254740993", 0),
        ("0000000000000000", 0),
        ("nul", 0),
        ("True", 0),
        ("nullx", 4),
    ] {
        let found = check_canonical(text.as_bytes()).unwrap_err();
        assert_eq!(found.offset(), offset, "{text}");
    }
    assert_eq!(check_canonical(b"\"a\xff\"").unwrap_err().offset(), 2);
    assert_eq!(check_canonical("\u{feff}1".as_bytes()).unwrap_err().offset(), 0);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(check_canonical(nested(64).as_bytes()).is_ok());
    assert_eq!(check_canonical(nested(65).as_bytes()).unwrap_err().offset(), 64);
    let many = |nodes: usize| format!("[{}1]", "1,".repeat(nodes - 2));
    assert!(check_canonical(many(200_000).as_bytes()).is_ok());
    assert!(check_canonical(many(200_001).as_bytes()).is_err());
    for text in ["9007199254740992", "-1e+30", "1e-7", "0.5", "0", "-1", "10000000000000000000", "[]", "{}"] {
        assert_eq!(check_canonical(text.as_bytes()), Ok(()), "{text}");
    }
}

/// `value` as text with the members of every object in another order.
fn rotated(value: &Value, by: usize) -> String {
    match value {
        Value::Array(elements) => {
            let elements: Vec<_> = elements.iter().map(|element| rotated(element, by)).collect();
            format!("[{}]", elements.join(" ,\n"))
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{} : {}", json!(name), rotated(value, by)))
                .collect();
            let middle = by % members.len().max(1);
            members.rotate_left(middle);
            members.reverse();
            format!("{{ {} }}", members.join(","))
        }
        scalar => scalar.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_canonical_form_is_a_fixpoint(value in arbitrary::value()) {
        let bytes = canonical_bytes(&value).unwrap();
        let read = parse(&bytes, Limits::default()).unwrap();
        prop_assert_eq!(canonical_bytes(&read).unwrap(), bytes);
    }

    /// The scanner and the writer agree about every text, whole or damaged.
    #[test]
    fn a_text_is_canonical_if_the_writer_would_write_it(
        value in arbitrary::value(), at in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let mut text = canonical_bytes(&value).unwrap();
        prop_assert_eq!(check_canonical(&text), Ok(()));
        let at = at.index(text.len());
        text[at] = byte;
        let written = parse(&text, Limits::default()).ok().map(|read| canonical_bytes(&read).unwrap());
        prop_assert_eq!(check_canonical(&text).is_ok(), written == Some(text));
    }

    #[test]
    fn json_like_text_is_canonical_if_the_writer_would_write_it(text in r#"[\[\]{},:"\\abu0-9.eE+ -]{0,24}"#) {
        let written = parse(text.as_bytes(), Limits::default()).ok().map(|read| canonical_bytes(&read).unwrap());
        prop_assert_eq!(check_canonical(text.as_bytes()).is_ok(), written == Some(text.into_bytes()));
    }

    #[test]
    fn reading_is_idempotent(value in arbitrary::value()) {
        let once = parse(&canonical_bytes(&value).unwrap(), Limits::default()).unwrap();
        let twice = parse(&canonical_bytes(&once).unwrap(), Limits::default()).unwrap();
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn the_order_of_members_never_changes_the_bytes(value in arbitrary::value(), by in 0_usize..6) {
        let read = parse(rotated(&value, by).as_bytes(), Limits::default()).unwrap();
        prop_assert_eq!(canonical(&read), canonical(&value));
    }

    #[test]
    fn names_are_strictly_ascending_in_code_units(members in arbitrary::object()) {
        let text = canonical(&Value::Object(members.clone()));
        let mut names: Vec<_> = members.keys().collect();
        names.sort_by_key(|name| name.encode_utf16().collect::<Vec<_>>());
        let expected: Vec<_> =
            names.iter().map(|name| format!("{}:{}", canonical(&json!(name)), canonical(&members[*name]))).collect();
        prop_assert_eq!(text, format!("{{{}}}", expected.join(",")));
    }
}
