//! Schemas at their bounds.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// `$defs` of which each applies the one before it twice.
fn doubling(levels: usize) -> Value {
    let mut defs = json!({ "d0": { "type": "string" } });
    for level in 1..=levels {
        let before = json!({ "$ref": format!("#/$defs/d{}", level - 1) });
        defs[format!("d{level}")] = json!({ "allOf": [before, before] });
    }
    json!({ "type": "object", "$defs": defs, "properties": { "a": { "$ref": format!("#/$defs/d{levels}") } } })
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!({}), |inner, _| json!({ "not": inner }))
}

fn wide(properties: usize) -> Value {
    let named: Map<String, Value> =
        (0..properties).map(|n| (format!("p{n}"), json!({ "type": "string" }))).collect();
    json!({ "type": "object", "properties": named })
}

#[test]
fn real_schemas_pass() {
    let tree = json!({
        "type": "object",
        "properties": { "root": { "$ref": "#/$defs/node" } },
        "$defs": { "node": {
            "type": "object",
            "properties": {
                "left": { "$ref": "#/$defs/node" },
                "right": { "$ref": "#/$defs/node" },
                "children": { "type": "array", "items": { "$ref": "#/$defs/node" } },
            },
            "additionalProperties": { "$ref": "#/$defs/node" },
        } },
    });
    let anchored = json!({ "$id": "https://x.example/root", "$defs": { "a": { "$anchor": "here" } }, "allOf": [{ "$ref": "#here" }] });
    let named_like_keywords =
        json!({ "properties": { "$ref": { "type": "string" }, "$id": { "type": "string" }, "id": {} } });
    for schema in [
        tree,
        anchored,
        named_like_keywords,
        wide(MAX_SUBSCHEMAS - 1),
        nested(MAX_DEPTH),
        doubling(10),
        json!(true),
    ] {
        assert_eq!(judge(&schema), Ok(()), "{schema:.200}");
    }
}

#[test]
fn each_bound_refuses() {
    let at_one_place_twice = json!({
        "properties": { "a": { "$ref": "#" } },
        "allOf": [{ "properties": { "a": { "$ref": "#" } } }],
    });
    let table = [
        (wide(MAX_SUBSCHEMAS), "more than 500 subschemas"),
        (nested(MAX_DEPTH + 1), "nested more than 32"),
        (doubling(26), "could meet more than 10000"),
        (at_one_place_twice, "could meet more than 10000"),
        (json!({ "allOf": [{ "$ref": "#" }] }), "without going deeper"),
        (json!({ "$ref": "#/nowhere" }), "nothing at its target"),
        (json!({ "$ref": "file:///etc/passwd" }), "within the schema"),
        (json!({ "not": { "$dynamicRef": "https://x.example/a#b" } }), "within the schema"),
        (json!({ "$ref": 1 }), "within the schema"),
        (json!({ "properties": { "a": { "$id": "https://x.example/a" } } }), "expected none below the root"),
        (json!({ "items": [{ "pattern": "a".repeat(MAX_PATTERN + 1) }] }), "longer than 1024"),
        (json!({ "patternProperties": { "a".repeat(MAX_PATTERN + 1): {} } }), "longer than 1024"),
        (json!({ "elsewhere": vec![json!({ "pattern": "a" }); MAX_PATTERNS + 1] }), "more than 64 regular"),
    ];
    for (schema, expected) in table {
        let refusal = judge(&schema).unwrap_err().into_words();
        assert!(refusal.contains(expected), "{refusal} for {schema:.100}");
    }
}

pub(crate) fn any_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({})),
        Just(json!({ "$ref": "#" })),
        Just(json!({ "$ref": "#/properties/a" })),
        Just(json!(false)),
        Just(json!(7)),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let keyword = prop_oneof![
            Just("allOf"),
            Just("anyOf"),
            Just("items"),
            Just("properties"),
            Just("patternProperties"),
            Just("additionalProperties"),
            Just("contains"),
            Just("not"),
            Just("dependencies"),
            Just("$defs"),
        ];
        (proptest::collection::vec((keyword, inner), 0..4), any::<bool>()).prop_map(|(members, as_list)| {
            let value = |schema: Value| if as_list { json!([schema]) } else { json!({ "a": schema }) };
            Value::Object(
                members.into_iter().map(|(name, schema)| (name.to_owned(), value(schema))).collect(),
            )
        })
    })
}

proptest! {
    /// Judging ends, whatever refers to whatever.
    #[test]
    fn every_shape_gets_a_verdict(schema in any_schema()) {
        let _ = judge(&schema);
    }
}
