//! Every rule of a definition, each broken once, and what real servers send.

use serde_json::json;

use super::*;
use crate::integrations::mcp::samples::{raw, tool_json, tool_json_with};

fn rule_of(name: &str, definition: &RawJson) -> String {
    judge(ItemKind::Tool, name, definition)
        .map_or_else(|problem| problem.rule.to_owned(), |_| "admitted".to_owned())
}

#[test]
fn each_rule_refuses() {
    let schema = |schema: Value| json!({ "inputSchema": schema });
    let table = [
        (json!({}), "admitted"),
        (json!({ "description": "two\nlines\tand a tab" }), "admitted"),
        (json!({ "annotations": null, "description": null, "title": "T" }), "admitted"),
        (json!({ "name": "other" }), "name"),
        (json!({ "description": "a\u{202e}b" }), "hidden_characters"),
        (json!({ "description": "two\r\nlines" }), "hidden_characters"),
        (json!({ "description": "a\u{e000}b" }), "hidden_characters"),
        (json!({ "description": "a <!-- b -->" }), "hidden_characters"),
        (json!({ "title": "a\u{1b}[31m" }), "hidden_characters"),
        (json!({ "x\nkey": 1 }), "hidden_characters"),
        (json!({ "_meta": { "deep": [{ "k": "\u{e0041}" }] } }), "hidden_characters"),
        (json!({ "annotations": { "title": "\u{200b}" } }), "hidden_characters"),
        (json!({ "outputSchema": { "enum": ["\u{fe0f}"] } }), "hidden_characters"),
        (
            schema(json!({ "type": "object", "properties": { "a": { "default": "\u{feff}" } } })),
            "hidden_characters",
        ),
        (json!({ "annotations": { "destructiveHint": "yes" } }), "annotations"),
        (json!({ "annotations": [] }), "annotations"),
        (schema(json!(null)), "schema"),
        (schema(json!({})), "schema"),
        (schema(json!({ "type": ["object"] })), "schema"),
        (
            schema(json!({ "type": "object", "properties": { "a": { "$ref": "https://x.example/s" } } })),
            "schema",
        ),
        (schema(json!({ "type": "object", "properties": { "a": { "pattern": "(?=a)b" } } })), "schema"),
        (schema(json!({ "type": "object", "properties": { "a": { "type": "text" } } })), "schema"),
        (schema(json!({ "type": "object", "$schema": "https://x.example/dialect" })), "schema"),
        (
            schema(json!({ "type": "object", "$schema": "http://json-schema.org/draft-07/schema#" })),
            "admitted",
        ),
        (
            schema(
                json!({ "type": "object", "properties": { "a": { "type": "number", "x-mcp-header": "A" } } }),
            ),
            "header",
        ),
        (json!({ "description": "x".repeat(MAX_BYTES) }), "too_large"),
    ];
    for (members, expected) in table {
        let definition = raw(&tool_json_with("get_weather", members.clone()));
        assert_eq!(rule_of("get_weather", &definition), expected, "{members:.100}");
    }
}

#[test]
fn names_are_plain() {
    let longest = "n".repeat(MAX_NAME);
    for good in ["a", "get_weather", "A.b-c_9", longest.as_str()] {
        assert_eq!(rule_of(good, &raw(&tool_json(good))), "admitted", "{good}");
    }
    let too_long = "n".repeat(MAX_NAME + 1);
    for bad in ["", "a b", "gеt", "github__delete", "a\u{200b}", "a/b", "a:b", too_long.as_str()] {
        assert_eq!(rule_of(bad, &raw(&tool_json(bad))), "name", "{bad}");
    }
}

#[test]
fn what_two_readers_could_read_differently_is_refused() {
    let texts = [
        r#"{"name":"a","name":"b","inputSchema":{"type":"object"}}"#,
        r#"{"name":"a","inputSchema":{"type":"object","type":"string"}}"#,
        r#"{"name":"a","inputSchema":{"type":"object"},"n":99999999999999999999}"#,
        r#"["a"]"#,
    ];
    for text in texts {
        let definition = RawJson::from_text(text.to_owned()).unwrap();
        assert_eq!(rule_of("a", &definition), "json", "{text}");
    }
}

#[test]
fn hidden_characters_are_named_with_their_places() {
    let hostile = tool_json_with(
        "get_weather",
        json!({ "description": "a\u{202e}b", "_meta": { "k\u{200b}/x": "\u{e0041}" } }),
    );
    let problem = judge(ItemKind::Tool, "get_weather", &raw(&hostile)).unwrap_err();
    assert_eq!(problem.detail, "U+200B at /_meta; U+E0041 at /_meta/k?~1x; U+202E at /description");
    let flood = tool_json_with("get_weather", json!({ "description": "\u{200b}".repeat(1000) }));
    let problem = judge(ItemKind::Tool, "get_weather", &raw(&flood)).unwrap_err();
    assert!(problem.detail.ends_with("; and 992 more"), "{}", problem.detail);
}

#[test]
fn the_hash_covers_every_member_and_no_spelling() {
    let admitted = |text: String| judge(ItemKind::Tool, "a", &RawJson::from_text(text).unwrap()).unwrap();
    let one = admitted(r#"{"name":"a","inputSchema":{"type":"object"},"x":1.0}"#.to_owned());
    let same =
        admitted("{ \"x\": 1, \"inputSchema\": {\"type\": \"\\u006fbject\"}, \"name\": \"a\" }".to_owned());
    assert_eq!(one.hash, same.hash);
    assert_eq!(
        one.hash,
        portcullis_trail::sha256(br#"{"inputSchema":{"type":"object"},"name":"a","x":1}"#).to_string()
    );
    for members in
        [json!({ "x": 2 }), json!({ "outputSchema": {} }), json!({ "_meta": 0 }), json!({ "icons": [] })]
    {
        let changed = judge(ItemKind::Tool, "a", &raw(&tool_json_with("a", members))).unwrap();
        assert_ne!(changed.hash, judge(ItemKind::Tool, "a", &raw(&tool_json("a"))).unwrap().hash);
    }
}

#[test]
fn hints_and_description_are_read() {
    let annotations = json!({ "title": "From hints", "readOnlyHint": false, "destructiveHint": true, "openWorldHint": null });
    let mut definition = tool_json_with("a", json!({ "annotations": annotations }));
    definition.as_object_mut().unwrap().remove("description");
    let admitted = judge(ItemKind::Tool, "a", &raw(&definition)).unwrap();
    assert_eq!(admitted.description.as_deref(), Some("From hints"));
    let expected = ToolAnnotations {
        read_only: Some(false),
        destructive: Some(true),
        idempotent: None,
        open_world: None,
    };
    assert_eq!(admitted.annotations, expected);
}

#[test]
fn many_hidden_characters_deep_down_cost_no_more_than_a_few() {
    let mut nested = json!("\u{7f}".repeat(40_000));
    for _ in 0..20 {
        nested = json!({ "k".repeat(64): nested });
    }
    let definition = raw(&tool_json_with("get_weather", json!({ "_meta": nested })));
    let Value::Object(members) = serde_json::from_str(definition.as_str()).unwrap() else {
        panic!("an object")
    };
    let mut found = Hidden::default();
    find_hidden(&Value::Object(members), &mut String::new(), &mut found);
    assert_eq!((found.named.len(), found.count), (NAMED_CHARACTERS, 40_000));
    assert!(
        judge(ItemKind::Tool, "get_weather", &definition).unwrap_err().detail.ends_with("; and 39992 more")
    );
}

#[test]
fn prompts_and_resources_have_rules_of_their_own() {
    let prompt = |arguments: Value| json!({ "name": "greet", "arguments": arguments });
    let many: Vec<_> = (0..65).map(|n| json!({ "name": format!("a{n}") })).collect();
    let table = [
        (ItemKind::Prompt, "greet", json!({ "name": "greet" }), "admitted"),
        (ItemKind::Prompt, "greet", prompt(json!(null)), "admitted"),
        (ItemKind::Prompt, "greet", prompt(json!([{ "name": "who", "required": true }])), "admitted"),
        (ItemKind::Prompt, "greet", prompt(json!({})), "arguments"),
        (ItemKind::Prompt, "greet", prompt(json!([{ "name": "" }])), "arguments"),
        (ItemKind::Prompt, "greet", prompt(json!([{ "name": "a" }, { "name": "a" }])), "arguments"),
        (ItemKind::Prompt, "greet", prompt(json!([{ "name": "a", "required": 1 }])), "arguments"),
        (ItemKind::Prompt, "greet", prompt(json!(many)), "arguments"),
        (ItemKind::Prompt, "say hi", json!({ "name": "say hi" }), "name"),
        (ItemKind::Prompt, "greet", json!({ "name": "greet", "title": "\u{202e}" }), "hidden_characters"),
        (ItemKind::Resource, "file:///a", json!({ "uri": "file:///a", "name": "any name" }), "admitted"),
        (ItemKind::Resource, "file:///a", json!({ "uri": "file:///b" }), "uri"),
        (ItemKind::Resource, "no-scheme", json!({ "uri": "no-scheme" }), "uri"),
        (ItemKind::Resource, "file:///\u{e9}", json!({ "uri": "file:///\u{e9}" }), "uri"),
        (ItemKind::ResourceTemplate, "x:{id}", json!({ "uriTemplate": "x:{id}" }), "admitted"),
        (ItemKind::ResourceTemplate, "x:{+id}", json!({ "uriTemplate": "x:{+id}" }), "uri"),
        (ItemKind::ResourceTemplate, "x:1", json!({ "uriTemplate": "x:1" }), "uri"),
    ];
    for (kind, name, definition, expected) in table {
        let found = judge(kind, name, &raw(&definition));
        let found = found.map_or_else(|problem| problem.rule, |_| "admitted");
        assert_eq!(found, expected, "{kind} {definition:.100}");
    }
}

#[test]
fn every_code_point_for_private_use_is_unseen() {
    // Unicode, section 23.5: the area in plane 0, and planes 15 and 16 without their last two.
    let areas = ['\u{e000}'..='\u{f8ff}', '\u{f0000}'..='\u{ffffd}', '\u{100000}'..='\u{10fffd}'];
    let private: Vec<char> = areas.into_iter().flatten().collect();
    assert_eq!(private.len(), 137_468);
    let unseen = ('\0'..=char::MAX).filter(|character| is_unseen(*character) && !is_hidden(*character));
    assert!(unseen.eq(private), "all of them, and no other that is seen in a name");
}
