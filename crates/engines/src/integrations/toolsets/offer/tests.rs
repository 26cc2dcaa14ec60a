//! What agents see, and what they cannot say.

use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::toolsets::ExposedName;
use portcullis_schemas::text::Description;
use serde_json::json;

use super::*;

fn entry() -> ToolsetTool {
    let id = |prefix: &str| format!("{prefix}01hzzzzzzzzzzzzzzzzzzzzzzz");
    ToolsetTool {
        kind: ItemKind::Tool,
        name: ExposedName::new("find").unwrap(),
        server_id: id("mcp_").parse().unwrap(),
        tool_id: id("tool_").parse().unwrap(),
        description: None,
        fixed_arguments: Map::new(),
        hidden_arguments: Vec::new(),
    }
}

fn hiding(names: &[&str]) -> ToolsetTool {
    ToolsetTool { hidden_arguments: names.iter().map(|name| (*name).to_owned()).collect(), ..entry() }
}

fn definition(text: &str) -> RawJson {
    RawJson::from_text(text.to_owned()).unwrap()
}

fn members(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

const TEXT: &str = r#"{"x":1.10,"name":"search","description":"by the server","icons":[{"src":"https://t.example/i"}],"inputSchema":{"type":"object","properties":{"q":{"maximum":123456789012345678901234567890},"region":{}},"required":["q","region"]}}"#;

#[test]
fn a_renamed_tool_keeps_the_rest_byte_for_byte() {
    let offered = offered(&entry(), &definition(TEXT)).unwrap();
    let expected =
        TEXT.replace("\"search\"", "\"find\"").replace(",\"icons\":[{\"src\":\"https://t.example/i\"}]", "");
    assert_eq!(offered.definition.as_str(), expected);
}

#[test]
fn what_is_fixed_or_hidden_is_not_seen() {
    let mut entry = entry();
    entry.fixed_arguments.insert("region".to_owned(), json!("eu"));
    entry.description = Some(Description::new("finds things in Europe").unwrap());
    let offered = offered(&entry, &definition(TEXT)).unwrap();
    let shown: Value = serde_json::from_str(offered.definition.as_str()).unwrap();
    assert_eq!(shown["inputSchema"]["required"], json!(["q"]));
    assert!(!offered.definition.as_str().contains("region"), "{shown}");
    assert!(offered.definition.as_str().contains("123456789012345678901234567890"));
    assert_eq!(shown["description"], "finds things in Europe");
    assert_eq!(shown["_meta"][DESCRIBED_BY], "admin");
}

#[test]
fn what_cannot_be_taken_out_is_not_offered() {
    let schemas = [
        json!({ "properties": { "q": {} } }),
        json!({ "properties": { "q": {}, "debug": {} }, "allOf": [{ "required": ["debug"] }] }),
        json!({ "properties": { "q": {}, "debug": {} }, "dependentRequired": { "q": ["debug"] } }),
        json!({ "properties": { "q": {}, "debug": {} }, "default": { "debug": true } }),
        json!({ "$defs": { "x": { "properties": { "debug": {} } } }, "properties": { "q": {}, "debug": {} } }),
        json!({ "properties": { "q": { "$ref": "#/properties/debug" }, "debug": {} } }),
        json!(true),
    ];
    for schema in schemas {
        let text = json!({ "name": "t", "inputSchema": schema }).to_string();
        assert_eq!(offered(&hiding(&["debug"]), &definition(&text)), None, "{schema}");
    }
    let good = json!({ "name": "t", "inputSchema": { "properties": { "q": {}, "debug": {} } } }).to_string();
    assert!(offered(&hiding(&["debug"]), &definition(&good)).is_some());
}

#[test]
fn a_server_does_not_speak_for_the_admin() {
    let text =
        r#"{"name":"t","_meta":{"portcullis/descriptionBy":"admin","ui":{"resourceUri":"ui://x"},"kept":1}}"#;
    let offered = offered(&entry(), &definition(text)).unwrap();
    assert_eq!(offered.definition.as_str(), r#"{"name":"find","_meta":{"kept":1}}"#);
}

#[test]
fn agents_give_what_they_see_and_the_gate_adds_the_rest() {
    let mut entry = hiding(&["debug", "kind"]);
    entry.fixed_arguments.insert("scope".to_owned(), json!("eu"));
    let sent = call_arguments(&entry, members(json!({ "q": "x" }))).unwrap();
    assert_eq!(Value::Object(sent), json!({ "q": "x", "scope": "eu" }));
    for unseen in ["scope", "debug", "Debug", "\u{17f}cope", "\u{212a}ind"] {
        let error = call_arguments(&entry, members(json!({ unseen: 1 }))).unwrap_err();
        assert_eq!(error.code(), codes::ARGUMENTS_INVALID);
        assert!(!error.public().contains(unseen), "{error}");
    }
}

#[test]
fn words_about_what_is_not_seen_are_replaced() {
    let error = |text: &str| {
        Error::new(ErrorKind::Invalid, codes::ARGUMENTS_INVALID, text)
            .with_reference("invocation_id", "inv_1")
    };
    let entry = hiding(&["debug"]);
    let kept = told(&entry, error("/city: expected type string"));
    assert_eq!(kept.public(), "/city: expected type string");
    let replaced = told(&entry, error("(top level): `debug` is missing"));
    assert!(!replaced.public().contains("debug"));
    assert_eq!(replaced.reference(), Some(("invocation_id", "inv_1")));
}
