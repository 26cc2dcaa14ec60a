//! Table and property tests of header values and of mirroring.

use proptest::prelude::*;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::*;

fn raw(value: &serde_json::Value) -> Box<RawValue> {
    to_raw_value(value).unwrap()
}

#[test]
fn standard_headers_by_era() {
    let modern = ProtocolVersion::V2026_07_28;
    let show = |version, method, name| {
        standard_headers(version, method, name)
            .iter()
            .map(|(k, v)| format!("{k}: {v}"))
            .collect::<Vec<_>>()
            .join("; ")
    };
    for (version, method, name, want) in [
        (modern, "server/discover", None, "mcp-protocol-version: 2026-07-28; mcp-method: server/discover"),
        (
            modern,
            "tools/call",
            Some("add"),
            "mcp-protocol-version: 2026-07-28; mcp-method: tools/call; mcp-name: add",
        ),
        (
            modern,
            "tools/call",
            Some("ü"),
            "mcp-protocol-version: 2026-07-28; mcp-method: tools/call; mcp-name: =?base64?w7w=?=",
        ),
        (modern, "tools/list", Some("add"), "mcp-protocol-version: 2026-07-28; mcp-method: tools/list"),
        (ProtocolVersion::V2025_11_25, "initialize", None, ""),
        (ProtocolVersion::V2025_06_18, "tools/call", Some("add"), "mcp-protocol-version: 2025-06-18"),
    ] {
        assert_eq!(show(version, method, name), want, "{version} {method}");
    }
}

#[test]
fn values_of_the_specification() {
    for (value, encoded) in [
        ("us-west1", "us-west1"),
        ("", ""),
        ("inner space", "inner space"),
        ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
        (" padded ", "=?base64?IHBhZGRlZCA=?="),
        ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
        ("tab\tx", "=?base64?dGFiCXg=?="),
        ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        ("=?BASE64?literal?=", "=?BASE64?literal?="),
    ] {
        assert_eq!(encode_value(value), encoded);
        assert_eq!(decode_value(encoded.as_bytes()).as_deref(), Ok(value));
    }
    for (bad, error) in [
        (&b"=?base64?!!?="[..], ValueError::Base64),
        (b"=?base64?w7w?=", ValueError::Base64),
        (b"=?base64?/w==?=", ValueError::Base64),
        (b"=?base64?=", ValueError::Base64),
        (b"a\x01", ValueError::Characters),
        (b"a\tb", ValueError::Characters),
        ("ü".as_bytes(), ValueError::Characters),
        (b"\xff", ValueError::Characters),
    ] {
        assert_eq!(decode_value(bad), Err(error));
    }
}

#[test]
fn session_ids_are_visible_ascii() {
    assert_eq!(SessionId::parse("a~!").unwrap().as_str(), "a~!");
    for bad in ["", "a b", "a\n", "ü", "\u{7f}", &"x".repeat(1025)] {
        assert!(SessionId::parse(bad).is_none(), "{bad:?}");
    }
    assert_eq!(format!("{:?}", SessionId::parse("secret")), "Some(SessionId(..))");
}

#[test]
fn declared_params_follow_properties_only() {
    let schema = raw(&json!({
        "type": "object",
        "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "limits": {"type": "object", "properties": {"rows": {"type": "integer", "x-mcp-header": "Rows"}}},
            "x-mcp-header": {"type": "boolean", "x-mcp-header": "Flag"},
            "note": {"type": "string", "default": {"x-mcp-header": 1}},
        },
        "examples": [{"x-mcp-header": "no schema"}],
    }));
    let found = declared_params(&schema).unwrap();
    let show: Vec<String> = found
        .iter()
        .map(|param| format!("{} {} {:?}", param.header, param.path.join("."), param.kind))
        .collect();
    assert_eq!(show, ["Rows limits.rows Integer", "Region region String", "Flag x-mcp-header Boolean"]);
    assert_eq!(declared_params(&raw(&json!({"type": "object"}))), Ok(vec![]));
}

#[test]
fn each_constraint_is_named() {
    use ViolationRule::*;
    let property = |schema| json!({"type": "object", "properties": {"a": schema}});
    let annotated = json!({"type": "string", "x-mcp-header": "H"});
    for (schema, pointer, rule) in [
        (property(json!({"type": "string", "x-mcp-header": ""})), "/properties/a", Empty),
        (property(json!({"type": "string", "x-mcp-header": 5})), "/properties/a", NotText),
        (property(json!({"type": "string", "x-mcp-header": "a b"})), "/properties/a", NotToken),
        (property(json!({"type": "string", "x-mcp-header": "a\r\nb"})), "/properties/a", NotToken),
        (property(json!({"type": "string", "x-mcp-header": "ü"})), "/properties/a", NotToken),
        (property(json!({"type": "number", "x-mcp-header": "H"})), "/properties/a", Type),
        (property(json!({"type": ["string", "null"], "x-mcp-header": "H"})), "/properties/a", Type),
        (property(json!({"type": "object", "x-mcp-header": "H"})), "/properties/a", Type),
        (property(json!({"x-mcp-header": "H"})), "/properties/a", Type),
        (json!({"type": "string", "x-mcp-header": "H"}), "", Unreachable),
        (property(json!({"type": "array", "items": annotated})), "/properties/a/items", Unreachable),
        (property(json!({"oneOf": [annotated]})), "/properties/a/oneOf/0", Unreachable),
        (json!({"allOf": [property(annotated.clone())]}), "/allOf/0/properties/a", Unreachable),
        (json!({"$defs": {"d/~": annotated}}), "/$defs/d~1~0", Unreachable),
        (json!({"if": property(annotated.clone())}), "/if/properties/a", Unreachable),
        (json!({"additionalProperties": annotated}), "/additionalProperties", Unreachable),
        (json!({"patternProperties": {".": annotated}}), "/patternProperties/.", Unreachable),
        (json!({"unknown": [[annotated]]}), "/unknown/0/0", Unreachable),
    ] {
        let found = declared_params(&raw(&schema)).unwrap_err();
        assert_eq!(found, [Violation { pointer: pointer.to_owned(), rule }], "{schema}");
    }
    let twice = json!({"properties": {
        "a": {"type": "string", "x-mcp-header": "Same"}, "b": {"type": "string", "x-mcp-header": "sAME"}}});
    assert_eq!(declared_params(&raw(&twice)).unwrap_err()[0].rule, NotUnique);
    let hidden =
        RawValue::from_string(r#"{"items":{"type":"string","x-mcp-heade\u0072":"H"}}"#.into()).unwrap();
    assert_eq!(declared_params(&hidden).unwrap_err()[0].rule, Unreachable, "an escaped key is the same key");
    assert_eq!(declared_params(&raw(&json!(["x-mcp-header"]))).unwrap_err()[0].rule, Schema);
}

fn declared() -> Vec<ParamHeader> {
    let param = |header: &str, path: &[&str], kind| ParamHeader {
        header: header.to_owned(),
        path: path.iter().map(|name| (*name).to_owned()).collect(),
        kind,
    };
    vec![
        param("Region", &["region"], ParamKind::String),
        param("Rows", &["limits", "rows"], ParamKind::Integer),
        param("Dry", &["dry"], ParamKind::Boolean),
    ]
}

#[test]
fn arguments_are_mirrored() {
    for (arguments, want) in [
        (
            json!({"region": "eu 1", "limits": {"rows": -7}, "dry": false}),
            "mcp-param-region: eu 1; mcp-param-rows: -7; mcp-param-dry: false",
        ),
        (json!({"region": null, "limits": {}}), ""),
        (
            json!({"region": "ü", "limits": {"rows": 42.0}}),
            "mcp-param-region: =?base64?w7w=?=; mcp-param-rows: 42",
        ),
        (json!({"limits": {"rows": 9_007_199_254_740_991_i64}}), "mcp-param-rows: 9007199254740991"),
    ] {
        let headers = param_headers(&declared(), &raw(&arguments)).unwrap();
        let show: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(show.join("; "), want, "{arguments}");
    }
    for (arguments, header) in [
        (json!({"region": 1}), "Region"),
        (json!({"limits": {"rows": 1.5}}), "Rows"),
        (json!({"limits": {"rows": "1"}}), "Rows"),
        (json!({"limits": {"rows": 9_007_199_254_740_992_i64}}), "Rows"),
        (json!({"dry": "true"}), "Dry"),
    ] {
        assert_eq!(param_headers(&declared(), &raw(&arguments)).unwrap_err().header, header, "{arguments}");
    }
}

#[test]
fn the_server_compares_header_and_body() {
    for (arguments, name, values, want) in [
        (json!({"region": "a"}), "Mcp-Param-Region", &["a"][..], Ok(())),
        (json!({"region": "ü"}), "MCP-PARAM-REGION", &["=?base64?w7w=?="], Ok(())),
        (json!({"limits": {"rows": 42}}), "mcp-param-rows", &["42.0"], Ok(())),
        (json!({}), "mcp-param-region", &[], Ok(())),
        (json!({"region": null}), "mcp-param-region", &[], Ok(())),
        (json!({"region": "a"}), "mcp-param-other", &["x"], Err("missing, though the body has the argument")),
        (json!({"region": "a"}), "mcp-param-region", &["b"], Err("differs from the body")),
        (json!({"region": "a"}), "mcp-param-region", &["A"], Err("differs from the body")),
        (json!({"region": "a"}), "mcp-param-region", &["a", "a"], Err("occurs more than once")),
        (json!({}), "mcp-param-region", &["a"], Err("the body has no such argument")),
        (json!({"region": "a"}), "mcp-param-region", &["=?base64?!?="], Err("malformed value")),
        (json!({"limits": {"rows": 42}}), "mcp-param-rows", &["43"], Err("differs from the body")),
        (json!({"limits": {"rows": 42}}), "mcp-param-rows", &["\"42\""], Err("differs from the body")),
    ] {
        let lines: HeaderLines<'_> = values.iter().map(|value| (name, value.as_bytes())).collect();
        let got =
            check_param_headers(&declared(), Some(&raw(&arguments)), &lines).map_err(|error| error.rule);
        assert_eq!(got, want, "{arguments} {name} {values:?}");
    }
}

proptest! {
    #[test]
    fn values_round_trip(value in any::<String>()) {
        let encoded = encode_value(&value);
        prop_assert!(encoded.bytes().all(|byte| matches!(byte, 0x20..=0x7E)));
        prop_assert_eq!(encoded.trim(), encoded.as_str());
        prop_assert_eq!(decode_value(encoded.as_bytes()), Ok(value));
    }

    #[test]
    fn values_near_the_sentinel_round_trip(value in r"(=\?base64\?)?[=?a-z ]{0,6}(\?=)?") {
        prop_assert_eq!(decode_value(encode_value(&value).as_bytes()), Ok(value));
    }

    #[test]
    fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = decode_value(&bytes);
    }

    #[test]
    fn what_a_client_mirrors_a_server_accepts(region in any::<String>(), rows in -9_007_199_254_740_991_i64..=9_007_199_254_740_991, dry: bool) {
        let arguments = raw(&json!({"region": region, "limits": {"rows": rows}, "dry": dry}));
        let headers = param_headers(&declared(), &arguments).unwrap();
        let lines = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        prop_assert_eq!(check_param_headers(&declared(), Some(&arguments), &lines), Ok(()));
    }
}
