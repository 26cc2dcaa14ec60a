//! Arguments against schemas, without a value in any message.

use serde_json::json;

use super::*;
use crate::integrations::mcp::samples::{World, raw, tool_json_with};

fn prepared(arguments: &Value) -> PreparedArguments {
    PreparedArguments::new(arguments.as_object().unwrap().clone()).unwrap()
}

#[test]
fn arguments_fit_or_the_place_and_rule_are_named() {
    let tool = World::new().tool("get_weather");
    let judge = ArgumentJudge::new();
    let table = [
        (json!({ "city": "Graz" }), None),
        (json!({ "city": "Graz", "days": 3 }), None),
        (json!({ "city": "Graz", "days": 3.0 }), None),
        (json!({}), Some("(top level): `city` is missing")),
        (json!({ "city": 5 }), Some("/city: expected type string")),
        (json!({ "city": "secret-value-that-is-far-too-long" }), Some("/city: breaks `maxLength`")),
        (
            json!({ "city": "Graz", "hidden-key": 1 }),
            Some("(top level): holds a member that the schema does not allow"),
        ),
        (json!({ "days": "x" }), Some("(top level): `city` is missing; /days: expected type integer")),
    ];
    for (arguments, expected) in table {
        let verdict = judge.judge(&tool, CallMethod::CallTool, &prepared(&arguments));
        let expected = expected.map_or(Ok(()), |text| Err(ArgumentProblem::Invalid(text.to_owned())));
        assert_eq!(verdict, expected, "{arguments}");
    }
}

#[test]
fn a_schema_that_cannot_be_used_says_why() {
    let mut tool = World::new().tool("get_weather");
    let schema = json!({ "type": "object", "properties": { "a": { "pattern": "(a)\\1" } } });
    tool.definition = raw(&tool_json_with("get_weather", json!({ "inputSchema": schema })));
    tool.definition_hash = "1".repeat(64);
    let verdict = ArgumentJudge::new().judge(&tool, CallMethod::CallTool, &prepared(&json!({})));
    assert!(
        matches!(&verdict, Err(ArgumentProblem::SchemaUnusable(why)) if why.contains("linear time")),
        "{verdict:?}"
    );
}

#[test]
fn formats_are_not_asserted_and_expensive_patterns_end() {
    let mut tool = World::new().tool("get_weather");
    let schema = json!({ "type": "object", "properties": {
        "when": { "type": "string", "format": "date-time" },
        "evil": { "type": "string", "pattern": "^(a+)+$" },
    } });
    tool.definition = raw(&tool_json_with("get_weather", json!({ "inputSchema": schema })));
    tool.definition_hash = "2".repeat(64);
    let arguments = json!({ "when": "soon", "evil": format!("{}b", "a".repeat(50_000)) });
    let verdict = ArgumentJudge::new().judge(&tool, CallMethod::CallTool, &prepared(&arguments));
    assert_eq!(verdict, Err(ArgumentProblem::Invalid("/evil: breaks `pattern`".to_owned())));
}

#[test]
fn compiled_schemas_are_kept_by_definition_and_bounded() {
    let judge = ArgumentJudge::new();
    let mut tool = World::new().tool("get_weather");
    let first = judge.compiled(&tool, CallMethod::CallTool);
    assert!(Arc::ptr_eq(&first, &judge.compiled(&tool, CallMethod::CallTool)));
    for n in 0..CACHED_SCHEMAS {
        tool.definition_hash = format!("{n:064}");
        judge.compiled(&tool, CallMethod::CallTool);
        assert!(judge.entries().len() <= CACHED_SCHEMAS);
    }
}

#[test]
fn bounds_of_arguments() {
    let deep = (0..63).fold(json!(1), |inner, _| json!([inner]));
    assert!(PreparedArguments::new(json!({ "a": deep }).as_object().unwrap().clone()).is_ok());
    let refused = [
        json!({ "a": [deep] }),
        json!({ "a": "x".repeat(MAX_BYTES) }),
        json!({ "a": 9_007_199_254_740_993_u64 }),
    ];
    for arguments in refused {
        let error = PreparedArguments::new(arguments.as_object().unwrap().clone()).unwrap_err();
        assert_eq!((error.code().as_str(), error.field()), ("invalid_field", Some("arguments")));
    }
}

#[test]
fn previews_show_names_and_types_only() {
    let arguments = json!({ "city": "Wien", "n": 1, "on": true, "x": null, "l": [1, 2], "o": { "k": 1 }, "a\u{202e}\"b": "" });
    let expected = r#"{"a?\"b":"string(0)","city":"string(4)","l":"array(2)","n":"number","o":"object(1)","on":"boolean","x":"null"}"#;
    assert_eq!(prepared(&arguments).preview(), expected);
    let many: Map<String, Value> = (0..500).map(|n| (format!("member{n}"), json!("v"))).collect();
    let preview = PreparedArguments::new(many).unwrap().preview();
    assert!(preview.len() <= MAX_PREVIEW && preview.ends_with("…}"), "{preview}");
    assert_eq!(prepared(&json!({})).preview(), "{}");
    assert_eq!(format!("{:?}", prepared(&json!({ "secret": "hunter2" }))), "PreparedArguments(20 bytes)");
}

#[test]
fn each_kind_has_arguments_of_its_own_form() {
    let of = |kind, name: &str, definition: Value| McpTool {
        kind,
        name: name.to_owned(),
        definition: raw(&definition),
        // The same for all: what is compiled is kept by kind and method too.
        definition_hash: "2".repeat(64),
        ..World::new().tool("get_weather")
    };
    let arguments = json!([{ "name": "who", "required": true }, { "name": "tone" }]);
    let prompt = of(ItemKind::Prompt, "greet", json!({ "name": "greet", "arguments": arguments }));
    let resource = of(ItemKind::Resource, "x:1", json!({ "uri": "x:1" }));
    let template = of(ItemKind::ResourceTemplate, "x:{id}", json!({ "uriTemplate": "x:{id}" }));
    let argument = |name: &str| json!({ "argument": { "name": name, "value": "" } });
    let table = [
        (&prompt, CallMethod::GetPrompt, json!({ "who": "you" }), true),
        (&prompt, CallMethod::GetPrompt, json!({ "tone": "kind" }), false),
        (&prompt, CallMethod::GetPrompt, json!({ "who": 7 }), false),
        (&prompt, CallMethod::GetPrompt, json!({ "who": "you", "x": "y" }), false),
        (&prompt, CallMethod::Complete, argument("tone"), true),
        (&prompt, CallMethod::Complete, argument("x"), false),
        (&prompt, CallMethod::Complete, json!({}), false),
        (&resource, CallMethod::ReadResource, json!({}), true),
        (&resource, CallMethod::ReadResource, json!({ "uri": "x:2" }), false),
        (&template, CallMethod::ReadResource, json!({ "uri": "x:2" }), true),
        (&template, CallMethod::ReadResource, json!({ "uri": "y:2" }), false),
        (&template, CallMethod::ReadResource, json!({}), false),
        (&template, CallMethod::Complete, argument("id"), true),
    ];
    let judge = ArgumentJudge::new();
    for (tool, method, arguments, fits) in table {
        let verdict = judge.judge(tool, method, &prepared(&arguments));
        assert_eq!(verdict.is_ok(), fits, "{} {method} {arguments}: {verdict:?}", tool.kind);
    }
    let other = judge.judge(&resource, CallMethod::GetPrompt, &prepared(&json!({})));
    assert!(matches!(other, Err(ArgumentProblem::SchemaUnusable(_))), "a resource is no prompt");
}

proptest::proptest! {
    /// Whatever a schema says, it compiles or is refused in words.
    #[test]
    fn every_schema_compiles_or_is_refused(schema in crate::schema_bounds::tests::any_schema()) {
        let _ = compile(&schema);
    }
}
