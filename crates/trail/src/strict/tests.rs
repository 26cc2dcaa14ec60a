//! Strict reading against tables, against serde_json, and against junk.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Limits, StrictErrorKind as Kind, check, parse};
use crate::{arbitrary, canonical_bytes};

fn read(text: &str) -> Result<Value, super::StrictError> {
    parse(text.as_bytes(), Limits::default())
}

#[test]
fn ordinary_json_is_read() {
    let text =
        " {\"a\":[1,-2.5,true,false,null,\"\\u20ac\\ud83d\\ude02\\\"\\\\\\/\\b\\f\\n\\r\\t\"],\"\":{}}\r\n\t";
    assert_eq!(
        read(text).unwrap(),
        json!({ "a": [1, -2.5, true, false, null, "€😂\"\\/\u{8}\u{c}\n\r\t"], "": {} })
    );
    assert_eq!(check(text.as_bytes(), Limits::default()), Ok(()));
}

#[test]
fn each_rule_names_its_place() {
    let cases: &[(&[u8], Kind, &str, usize)] = &[
        (b"{\"a\":1,\"a\":2}", Kind::DuplicateMember, "/a", 7),
        (b"{\"a\":1,\"\\u0061\":1}", Kind::DuplicateMember, "/a", 7),
        (b"{\"o\":[0,{\"x/y\":null,\"x/y\":null}]}", Kind::DuplicateMember, "/o/1/x~1y", 20),
        (b"\xef\xbb\xbf{}", Kind::ByteOrderMark, "", 0),
        (b"\xff\xfe{\0}\0", Kind::Encoding, "", 0),
        (b"[\"\xc3\x28\"]", Kind::Encoding, "", 2),
        (b"[\"\xed\xa0\x80\"]", Kind::Encoding, "", 2),
        (b"[\"\\ud800\"]", Kind::Surrogate, "/0", 2),
        (b"[\"\\udc00\"]", Kind::Surrogate, "/0", 2),
        (b"[\"\\ud800\\ud800\"]", Kind::Surrogate, "/0", 2),
        (b"[\"\\ud800x\"]", Kind::Surrogate, "/0", 2),
        (b"{\"\\ud800\":1}", Kind::Surrogate, "", 2),
        (b"[\"a\nb\"]", Kind::ControlCharacter, "/0", 3),
        (b"[\"a\0b\"]", Kind::ControlCharacter, "/0", 3),
        (b"{} {}", Kind::Trailing, "", 3),
        (b"1 1", Kind::Trailing, "", 2),
        (b"0123", Kind::Trailing, "", 1),
        (b"", Kind::Syntax("a value"), "", 0),
        (b"[1,]", Kind::Syntax("a value"), "/1", 3),
        (b"[NaN]", Kind::Syntax("a value"), "/0", 1),
        (b"[nul]", Kind::Syntax("a value"), "/0", 1),
        (b"[+1]", Kind::Syntax("a value"), "/0", 1),
        (b"[1.]", Kind::Syntax("a digit"), "/0", 3),
        (b"[-]", Kind::Syntax("a digit"), "/0", 2),
        (b"[1e]", Kind::Syntax("a digit"), "/0", 3),
        (b"[1 2]", Kind::Syntax("`,` or `]` after an element"), "", 3),
        (b"{\"a\":1,}", Kind::Syntax("a member name in double quotes"), "", 7),
        (b"{'a':1}", Kind::Syntax("a member name in double quotes"), "", 1),
        (b"{\"a\" 1}", Kind::Syntax("`:` after a member name"), "/a", 5),
        (b"{\"a\":1", Kind::Syntax("`,` or `}` after a member"), "", 6),
        (b"\"abc", Kind::Syntax("`\"` at the end of a string"), "", 4),
        (b"\"\\x41\"", Kind::Syntax("one of \" \\ / b f n r t u after `\\`"), "", 1),
        (b"\"\\", Kind::Syntax("one of \" \\ / b f n r t u after `\\`"), "", 1),
        (b"\"\\u12\"", Kind::Syntax("four hexadecimal digits after `\\u`"), "", 1),
        (b"/* */ 1", Kind::Syntax("a value"), "", 0),
    ];
    for (bytes, kind, pointer, offset) in cases {
        let error = parse(bytes, Limits::default()).unwrap_err();
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!((error.kind(), error.pointer(), error.offset()), (*kind, *pointer, *offset), "{shown}");
        assert_eq!(check(bytes, Limits::default()), Err(error), "{shown}");
    }
}

#[test]
fn a_number_keeps_its_value_or_is_refused() {
    for (text, expected) in [
        ("0", json!(0)),
        ("-0", json!(0)),
        ("-0.0", json!(0)),
        ("0e999999999999999999999", json!(0)),
        ("1.0", json!(1)),
        ("1e2", json!(100)),
        ("1.10", json!(1.1)),
        ("12.5E+1", json!(125)),
        ("0.1", json!(0.1)),
        ("9007199254740992", json!(9_007_199_254_740_992_u64)),
        ("-9007199254740994", json!(-9_007_199_254_740_994_i64)),
        ("1e19", json!(10_000_000_000_000_000_000_u64)),
        ("295147905179352830000", json!(295_147_905_179_352_830_000.0)),
        ("1.7976931348623157e308", json!(f64::MAX)),
        ("5e-324", json!(5e-324)),
    ] {
        assert_eq!(read(text), Ok(expected), "{text}");
    }
    for text in [
        "9007199254740993",
        "-9007199254740993",
        "12345678901234567890",
        "99999999999999999999",
        "295147905179352825856", // the double's exact value, but JCS writes ...830000
        "1e400",
        "-1e400",
        "1e99999999999999999999",
        "1e-400",
        "1.7976931348623159e308",
        "0.10000000000000001",
        "0.1000000000000000055511151231257827",
        "333333333.33333329",
        "1.00000000000000000001",
    ] {
        let error = read(&format!("{{\"n\":[{text}]}}")).unwrap_err();
        assert_eq!((error.kind(), error.pointer(), error.offset()), (Kind::Number, "/n/0", 6), "{text}");
    }
}

#[test]
fn depth_and_nodes_are_bounded_where_the_defaults_say() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&nested(64)).is_ok());
    assert_eq!(read(&nested(65)).unwrap_err().kind(), Kind::Depth(64));
    assert_eq!(read(&"[".repeat(10_000)).unwrap_err().offset(), 64);
    assert_eq!(read(&"{\"a\":".repeat(10_000)).unwrap_err().kind(), Kind::Depth(64));
    let deepest = Limits { max_depth: u32::MAX, ..Limits::default() };
    assert_eq!(parse("[".repeat(100_000).as_bytes(), deepest).unwrap_err().kind(), Kind::Depth(256));

    let flat = |values: usize| format!("[{}0]", "0,".repeat(values - 2));
    assert!(read(&flat(200_000)).is_ok());
    assert_eq!(read(&flat(200_001)).unwrap_err().kind(), Kind::Nodes(200_000));
    let two = Limits { max_nodes: 2, ..Limits::default() };
    assert!(parse(b"{\"a\":1}", two).is_ok());
    assert_eq!(parse(b"{\"a\":1,\"b\":2}", two).unwrap_err().pointer(), "/b");
    let no_container = Limits { max_depth: 0, ..Limits::default() };
    assert!(parse(b"1", no_container).is_ok());
    assert_eq!(parse(b"[]", no_container).unwrap_err().kind(), Kind::Depth(0));
}

#[test]
fn messages_name_rule_and_place_but_no_value() {
    let shown = |text: &str| read(text).unwrap_err().to_string();
    insta::assert_snapshot!(
        shown("{\"key\":\"s3cret\",\"key\":\"s3cret\"}"),
        @"duplicate member, expected each name once in an object; at `/key`, byte 16"
    );
    insta::assert_snapshot!(
        shown("{\"card\":41111111111111111111}"),
        @"number does not round-trip, expected one that a 64-bit float keeps, or a string; at `/card`, byte 8"
    );
    insta::assert_snapshot!(shown("s3cret"), @"malformed json, expected a value; at the top level, byte 0");
    insta::assert_snapshot!(
        shown(&"[".repeat(65)),
        @"too deep, expected at most 64 levels of arrays and objects; at `/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0`, byte 64"
    );
}

/// What serde_json takes and this reader refuses is exactly what this reader exists for.
fn agrees_with_serde_json(bytes: &[u8]) -> Result<(), TestCaseError> {
    let lenient = serde_json::from_slice::<Value>(bytes).is_ok();
    match parse(bytes, Limits::default()) {
        Ok(value) => {
            prop_assert!(lenient, "accepted what serde_json refuses");
            prop_assert!(canonical_bytes(&value).is_ok());
        }
        Err(error) if lenient => {
            prop_assert!(matches!(error.kind(), Kind::DuplicateMember | Kind::Number), "{}", error);
        }
        Err(error) => prop_assert!(error.offset() <= bytes.len()),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        agrees_with_serde_json(&bytes)?;
    }

    #[test]
    fn arbitrary_json_like_text_never_panics(text in "[\\[\\]{}\",:\\\\/bfnrtu0-9a-fA-F.eE+\\- ]{0,80}") {
        agrees_with_serde_json(text.as_bytes())?;
    }

    #[test]
    fn damaged_json_never_panics(
        value in arbitrary::value(),
        at in any::<prop::sample::Index>(),
        junk in prop::collection::vec(any::<u8>(), 0..4),
        cut in 0_usize..4,
    ) {
        let mut bytes = canonical_bytes(&value).unwrap();
        let from = at.index(bytes.len());
        let to = (from + cut).min(bytes.len());
        bytes.splice(from..to, junk);
        agrees_with_serde_json(&bytes)?;
    }

    #[test]
    fn a_doubled_member_is_found_at_any_depth(
        members in arbitrary::object(), depth in 0_usize..60, name in arbitrary::text(),
    ) {
        let name = Value::String(name);
        let inner = Value::Object(members);
        let object = format!("{{{name}:1,{name}:{inner}}}");
        let text = format!("{}{object}{}", "[".repeat(depth), "]".repeat(depth));
        prop_assert_eq!(read(&text).unwrap_err().kind(), Kind::DuplicateMember);
    }
}
