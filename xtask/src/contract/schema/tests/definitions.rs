//! Definitions: told once, by their name, and a cycle of them ends.

use super::*;

#[test]
fn definitions_are_followed_and_told_once_by_their_name() {
    let document = |limit: u8, more: Value| {
        let tree = json!({"type": "object", "properties": {"n": {"$ref": "#/$defs/N"}, "more": more}});
        json!({
            "properties": {"a": {"$ref": "#/$defs/T"}, "b": {"anyOf": [{"$ref": "#/$defs/T"}, {"type": "null"}]}},
            "$defs": {"T": tree, "N": {"type": "string", "maxLength": limit}},
        })
    };
    let trees = json!({"type": "array", "items": {"$ref": "#/$defs/T"}});
    let (old, new) = (document(9, trees), document(8, json!({"type": "string"})));
    let expected = [
        "BREAKS request member `T.more` type was array, is string",
        "BREAKS request `N` maxLength was 9, is 8",
    ];
    assert_eq!(found(&old, &new, Side::Sent), expected);
}

#[test]
fn a_member_that_takes_another_definition_is_told_by_its_own_name() {
    let definitions = json!({"A": {"maxLength": 9}, "B": {"maxLength": 8}});
    let document = |member: Value| json!({"properties": {"a": member}, "$defs": definitions});
    let by_name = |name: &str| json!({"$ref": format!("#/$defs/{name}")});
    let or_null = |name: &str| json!({"anyOf": [by_name(name), {"type": "null"}]});
    let shorter = "BREAKS request member `a` maxLength was 9, is 8";
    assert_eq!(found(&document(by_name("A")), &document(by_name("B")), Side::Sent), [shorter]);
    assert_eq!(found(&document(or_null("A")), &document(or_null("B")), Side::Sent), [shorter]);
    let null = "BREAKS request member `a` is never null any more";
    assert_eq!(found(&document(or_null("A")), &document(by_name("A")), Side::Sent), [null]);
}

#[test]
fn an_output_is_told_by_its_title() {
    let document = |limit: u8| json!({"title": "Name", "properties": {"n": {"maxLength": limit}}});
    assert_eq!(
        found(&document(8), &document(9), Side::Read),
        ["REVIEW output member `Name.n` maxLength was 8, is 9"]
    );
    assert_eq!(
        found(&document(8), &document(9), Side::Sent),
        ["ok request member `n` maxLength was 8, is 9"]
    );
}

#[test]
fn cycles_end() {
    let json_value = |extra: Value| {
        json!({"$ref": "#/$defs/J", "$defs": {"J": {"anyOf": [
            {"type": "array", "items": {"$ref": "#/$defs/J"}},
            {"type": "object", "additionalProperties": {"$ref": "#/$defs/J"}},
            {"$ref": "#/$defs/J"},
            extra,
        ]}}})
    };
    let (old, new) = (json_value(json!({"type": "null"})), json_value(json!({"type": "boolean"})));
    let expected = ["BREAKS request `J` is never null any more", "ok request `J` form boolean added"];
    assert_eq!(found(&old, &new, Side::Sent), expected);

    // By another name the definition is another one, and nothing but the cycle itself says so.
    let renamed: Value = serde_json::from_str(&old.to_string().replace('J', "K")).expect("still JSON");
    let expected = ["ok request worded or arranged anew, to the same effect"];
    assert_eq!(found(&old, &renamed, Side::Sent), expected);

    let round =
        json!({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}});
    assert_eq!(found(&round, &round, Side::Sent), Vec::<String>::new());
}

/// Each definition names the next one twice: who follows every way never comes to an end.
#[test]
fn a_definition_is_followed_once() {
    let ladder = |limit: u8| {
        let step = |at: u8| {
            let next = json!({"$ref": format!("#/$defs/{}", at + 1)});
            (at.to_string(), json!({"properties": {"a": next, "b": next}}))
        };
        let mut definitions: serde_json::Map<String, Value> = (0..64).map(step).collect();
        definitions.insert("64".to_owned(), json!({"maxLength": limit}));
        json!({"$ref": "#/$defs/0", "$defs": definitions})
    };
    assert_eq!(found(&ladder(9), &ladder(8), Side::Sent), ["BREAKS request `64` maxLength was 9, is 8"]);
}
