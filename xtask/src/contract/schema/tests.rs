//! Every change of a schema, and what it does to those who send it and to those who read it.

mod choices;
mod definitions;

use serde_json::json;

use super::*;

const BREAKS: &str = "BREAKS";
const REVIEW: &str = "REVIEW";
const OK: &str = "ok";

/// `LABEL place what`, a line each.
fn found(old: &Value, new: &Value, side: Side) -> Vec<String> {
    let line = |found: Difference| format!("{} {}", found.verdict.label(), found.what);
    compare(old, new, side).into_iter().map(line).collect()
}

/// Asserts that the member `m` changed by one line on each side, with these verdicts.
fn judge(old: Value, new: Value, sent: &str, read: &str, what: &str) {
    let object = |schema: &Value| json!({"type": "object", "properties": {"m": schema}});
    for (side, word, label) in [(Side::Sent, "request", sent), (Side::Read, "output", read)] {
        let expected = format!("{label} {word} member `m` {what}");
        assert_eq!(found(&object(&old), &object(&new), side), [expected], "{old} -> {new}");
    }
}

/// The change there, and the change back.
fn narrows(old: Value, new: Value, what: &str, back: &str, readers: &str) {
    judge(old.clone(), new.clone(), BREAKS, OK, what);
    judge(new, old, OK, readers, back);
}

#[test]
fn a_tighter_schema_breaks_senders_and_a_looser_one_readers() {
    let text = json!({"type": "string"});
    narrows(
        json!({"type": "string", "maxLength": 9}),
        json!({"type": "string", "maxLength": 8}),
        "maxLength was 9, is 8",
        "maxLength was 8, is 9",
        REVIEW,
    );
    narrows(
        text.clone(),
        json!({"type": "string", "pattern": "^a"}),
        r#"pattern was absent, is "^a""#,
        r#"pattern was "^a", is absent"#,
        REVIEW,
    );
    narrows(
        text.clone(),
        json!({"type": "string", "format": "uri"}),
        r#"format was absent, is "uri""#,
        r#"format was "uri", is absent"#,
        BREAKS,
    );
    narrows(
        json!({"type": "number"}),
        json!({"type": "integer"}),
        "type was number, is integer",
        "type was integer, is number",
        BREAKS,
    );
    narrows(json!({}), text.clone(), "type was any, is string", "type was string, is any", BREAKS);
    narrows(
        json!({"type": ["string", "null"]}),
        text.clone(),
        "is never null any more",
        "may be null now",
        BREAKS,
    );
    narrows(
        json!({"enum": ["a", "b"]}),
        json!({"const": "a"}),
        r#"value "b" removed"#,
        r#"value "b" added"#,
        REVIEW,
    );
    narrows(
        json!({"type": "object"}),
        json!({"type": "object", "additionalProperties": false}),
        "can have no members but its own now",
        "can have members of any name now",
        REVIEW,
    );
    narrows(
        json!({"oneOf": [{"type": "string"}, {"type": "array"}]}),
        text,
        "form array removed",
        "form array added",
        BREAKS,
    );
}

#[test]
fn what_is_neither_tighter_nor_looser_breaks_both_or_is_looked_at() {
    let was = |keyword: &str, old: &str, new: &str| format!("{keyword} was {old}, is {new}");
    judge(
        json!({"type": "string"}),
        json!({"type": "integer"}),
        BREAKS,
        BREAKS,
        &was("type", "string", "integer"),
    );
    judge(
        json!({"pattern": "^a"}),
        json!({"pattern": "^b"}),
        BREAKS,
        REVIEW,
        &was("pattern", "\"^a\"", "\"^b\""),
    );
    judge(json!({"format": "a"}), json!({"format": "b"}), BREAKS, BREAKS, &was("format", "\"a\"", "\"b\""));
    let (old, new) = (json!({"x-y": {"a/b": 1}}), json!({"x-y": {"a/b": 2}}));
    judge(old, new, REVIEW, REVIEW, "`/properties/m/x-y` was {..}, is {..}");
    judge(
        json!({"maxLength": "x"}),
        json!({}),
        REVIEW,
        REVIEW,
        "`/properties/m/maxLength` was \"x\", is absent",
    );
    judge(
        json!({"multipleOf": 2}),
        json!({"multipleOf": 4}),
        REVIEW,
        REVIEW,
        "`/properties/m/multipleOf` was 2, is 4",
    );
    judge(
        json!({"$ref": "http://a"}),
        json!({"$ref": "http://b"}),
        REVIEW,
        REVIEW,
        "`/properties/m/$ref` was \"http://a\", is \"http://b\"",
    );
    judge(
        json!({"enum": ["a"], "minLength": 1}),
        json!({"enum": ["b"], "minLength": 1}),
        REVIEW,
        REVIEW,
        "`/properties/m/enum` was [..], is [..]",
    );
}

#[test]
fn a_choice_that_becomes_stricter_where_forms_overlap_is_looked_at() {
    let overlap = json!([{"type": "string"}, {"maxLength": 2}]);
    judge(json!({"anyOf": overlap}), json!({"oneOf": overlap}), REVIEW, REVIEW, "`anyOf` is `oneOf` now");
}

#[test]
fn unknown_keywords_count_on_null_as_well() {
    let null = |note: u8| json!({"type": "null", "x-y": note});
    judge(null(1), null(2), REVIEW, REVIEW, "`/properties/m/x-y` was 1, is 2");
}

#[test]
fn members_of_open_names_have_a_schema_too() {
    let map = |limit: u8| json!({"properties": {"m": {"additionalProperties": {"maxLength": limit}}}});
    assert_eq!(found(&map(9), &map(8), Side::Sent), ["BREAKS request member `m.*` maxLength was 9, is 8"]);
}

#[test]
fn all_of_demands_more_with_each_schema() {
    let all = |schemas: Value| json!({"allOf": schemas});
    let two = json!([{"minLength": 1}, {"pattern": "a"}]);
    let three = json!([{"pattern": "a"}, {"format": "b"}, {"minLength": 1}]);
    let more = "has to match one more schema of `allOf`";
    let less = "has to match one schema less of `allOf`";
    narrows(all(two), all(three), more, less, REVIEW);
}

#[test]
fn members_come_and_go() {
    let object = |members: Value, required: Value, others: Value| json!({"properties": members, "required": required, "additionalProperties": others});
    let one = |required: Value| object(json!({"a": {}}), required, json!(false));
    let two = |required: Value, others: Value| object(json!({"a": {}, "b": {}}), required, others);
    let open = object(json!({"a": {}}), json!([]), json!(true));
    let cases = [
        (
            one(json!([])),
            two(json!([]), json!(false)),
            "ok request member `b` added",
            "REVIEW output member `b` added",
        ),
        (
            one(json!([])),
            two(json!(["b"]), json!(false)),
            "BREAKS request member `b` added, and required",
            "REVIEW output member `b` added",
        ),
        (
            open.clone(),
            two(json!([]), json!(true)),
            "REVIEW request member `b` added",
            "ok output member `b` added",
        ),
        (
            two(json!([]), json!(false)),
            one(json!([])),
            "BREAKS request member `b` removed",
            "BREAKS output member `b` removed",
        ),
        (
            two(json!([]), json!(true)),
            open,
            "REVIEW request member `b` removed",
            "BREAKS output member `b` removed",
        ),
        (
            one(json!([])),
            one(json!(["a"])),
            "BREAKS request member `a` is required now",
            "ok output member `a` is always there now",
        ),
        (
            one(json!(["a"])),
            one(json!([])),
            "ok request member `a` is optional now",
            "BREAKS output member `a` can be absent now",
        ),
    ];
    for (old, new, sent, read) in cases {
        assert_eq!(found(&old, &new, Side::Sent), [sent], "{old} -> {new}");
        assert_eq!(found(&old, &new, Side::Read), [read], "{old} -> {new}");
    }
}

#[test]
fn what_is_written_in_another_way_to_the_same_effect_is_one_compatible_line() {
    let same = [
        (json!({"title": "a"}), json!({"title": "b"})),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            json!({"oneOf": [{"type": "string"}, {"type": "null"}]}),
        ),
        (
            json!({"enum": ["a", "b"]}),
            json!({"oneOf": [{"const": "b"}, {"const": "a", "description": "A."}]}),
        ),
        (json!({"type": ["string", "null"]}), json!({"anyOf": [{"type": "string"}, {"type": "null"}]})),
        (json!({"$ref": "#/$defs/A", "$defs": {"A": {"minLength": 2}}}), json!({"minLength": 2})),
        (
            json!({"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"properties": {"x": {}}}}}),
            json!({"properties": {"a": {"$ref": "#/$defs/B"}}, "$defs": {"B": {"properties": {"x": {}}}}}),
        ),
        (json!({"allOf": [{"minLength": 2}]}), json!({"minLength": 2})),
        (json!({"minLength": 0}), json!({})),
        (json!({"type": "object", "additionalProperties": true}), json!({"type": "object"})),
        (json!({"items": {}}), json!({"items": true})),
        (json!({"required": ["a", "b"]}), json!({"required": ["b", "a"]})),
        (json!({"$defs": {"unused": {"type": "string"}}}), json!({})),
    ];
    for (old, new) in same {
        let expected = ["ok request worded or arranged anew, to the same effect"];
        assert_eq!(found(&old, &new, Side::Sent), expected, "{old} -> {new}");
        assert_eq!(found(&new, &old, Side::Sent), expected, "{new} -> {old}");
        assert_eq!(found(&old, &old, Side::Sent), Vec::<String>::new());
    }
}

#[test]
fn a_default_is_what_senders_leave_out() {
    let member = json!({"$ref": "#/$defs/L"});
    let limit = |default: u8| json!({"properties": {"limit": member}, "$defs": {"L": {"default": default}}});
    assert_eq!(
        found(&limit(50), &limit(20), Side::Sent),
        ["REVIEW request member `limit` default was 50, is 20"]
    );
    assert_eq!(
        found(&limit(50), &limit(20), Side::Read),
        ["ok output worded or arranged anew, to the same effect"]
    );
}
