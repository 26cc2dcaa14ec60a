//! Choices between forms: how they are matched, and what constants and open schemas take.

use super::*;

#[test]
fn forms_are_told_apart_by_their_tag_and_matched_by_what_differs_least() {
    let form =
        |kind: &str, id: Value| json!({"type": "object", "properties": {"kind": {"const": kind}, "id": id}});
    let choice = |forms: Value| json!({"oneOf": forms});
    let old = choice(json!([form("key", json!({})), form("tool", json!({}))]));
    let new = choice(json!([form("tool", json!({"type": "string"})), form("server", json!({}))]));
    let expected = |side: [&str; 3]| side.map(str::to_owned).to_vec();
    assert_eq!(
        found(&old, &new, Side::Sent),
        expected([
            "BREAKS request member `id` type was any, is string",
            "BREAKS request form with `kind` \"key\" removed",
            "ok request form with `kind` \"server\" added",
        ])
    );
    assert!(
        found(&old, &new, Side::Read).contains(&"REVIEW output form with `kind` \"server\" added".to_owned())
    );

    let all = |limits: [u8; 2]| json!({"allOf": [{"maxLength": limits[0]}, {"pattern": "^a", "maxLength": limits[1]}]});
    let turned = json!({"allOf": [{"pattern": "^a", "maxLength": 4}, {"maxLength": 9}]});
    assert_eq!(found(&all([9, 5]), &turned, Side::Sent), ["BREAKS request maxLength was 5, is 4"]);
}

#[test]
fn a_choice_beside_other_keywords_is_followed() {
    let beside = |forms: Value| json!({"type": "object", "properties": {"a": {}}, "oneOf": forms});
    let (one, two) =
        (json!([{"required": ["a"]}]), json!([{"required": ["a"]}, {"required": ["b"], "minProperties": 3}]));
    let without = json!({"type": "object", "properties": {"a": {}}});
    assert_eq!(found(&beside(one.clone()), &beside(two), Side::Read), ["BREAKS output form any added"]);
    assert_eq!(
        found(&without, &beside(one.clone()), Side::Sent),
        ["BREAKS request has to match one form of `oneOf`"]
    );
    assert_eq!(found(&beside(one), &without, Side::Read), ["REVIEW output has to match no form of `oneOf`"]);
    let reference =
        |limit: u8| json!({"$ref": "#/$defs/A", "minLength": 1, "$defs": {"A": {"maxLength": limit}}});
    assert_eq!(found(&reference(9), &reference(8), Side::Sent), ["BREAKS request maxLength was 9, is 8"]);
}

#[test]
fn an_open_schema_takes_the_constants_of_its_type() {
    let (listed, open) = (json!({"enum": ["a", "b"]}), json!({"type": "string"}));
    assert_eq!(found(&listed, &open, Side::Read), ["BREAKS output form string added"]);
    assert_eq!(found(&open, &listed, Side::Sent), ["BREAKS request form string removed"]);
    let limited = json!({"type": "string", "maxLength": 1});
    assert_eq!(
        found(&json!({"const": "a"}), &limited, Side::Sent),
        [
            "REVIEW request value \"a\" is left to a schema with limits of its own",
            "ok request form string added"
        ]
    );
}

#[test]
fn forms_of_other_types_are_not_the_same_form() {
    let choice = |other: &str| json!({"anyOf": [{"type": "string"}, {"type": other}]});
    let expected = ["BREAKS request form array removed", "ok request form boolean added"];
    assert_eq!(found(&choice("array"), &choice("boolean"), Side::Sent), expected);
}
