//! Tables of questions and what becomes of them.

use serde_json::{Value, json};

use super::*;

fn examined(requests: &Value, accepts: &[InputKind]) -> Result<Questions, QuestionProblem> {
    let result = json!({ "resultType": "input_required", "inputRequests": requests, "requestState": "s" });
    examine_questions(&RawJson::from_text(result.to_string()).unwrap(), accepts)
}

fn one(method: &str, params: Value) -> Value {
    json!({ "it": { "method": method, "params": params } })
}

fn form(properties: Value) -> Value {
    let schema = json!({ "type": "object", "properties": properties });
    one("elicitation/create", json!({ "message": "?", "requestedSchema": schema }))
}

fn url(url: &str) -> Value {
    one("elicitation/create", json!({ "mode": "url", "message": "open", "url": url, "elicitationId": "e" }))
}

fn sampling(content: Value) -> Value {
    one(
        "sampling/createMessage",
        json!({ "messages": [{ "role": "user", "content": content }], "maxTokens": 9 }),
    )
}

#[test]
fn questions_that_give_no_cause_stay_byte_for_byte() {
    let requests = r#"{ "a":{"method":"elicitation/create","params":{"message":"caf\u00e9?","requestedSchema":{ "type":"object","properties":{"n":{"type":"number","minimum":1.10}}}}},
        "b":{"params":{"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"maxTokens":10},"method":"sampling/createMessage"},
        "c":{"method":"roots/list"}}"#;
    let text = format!(
        r#"{{"resultType":"input_required","inputRequests":{requests},"requestState":"st\u00e4te","x":1}}"#
    );
    let accepts = [InputKind::Roots, InputKind::Sampling, InputKind::Elicitation];
    let found = examine_questions(&RawJson::from_text(text).unwrap(), &accepts).unwrap();
    assert_eq!(found.requests.as_str(), requests);
    assert_eq!(found.names, ["a", "b", "c"]);
    assert_eq!(found.kinds, [InputKind::Elicitation, InputKind::Sampling, InputKind::Roots]);
    assert_eq!(found.state.unwrap().as_str(), r#""st\u00e4te""#);
    assert_eq!(found.sanitised, None);
}

#[test]
fn a_client_is_asked_for_what_it_declares_alone() {
    use InputKind::{Elicitation, Roots, Sampling, SamplingTools, UrlElicitation};
    let text = json!({ "type": "text", "text": "hi" });
    let mut with_tools = sampling(text.clone());
    with_tools["it"]["params"]["tools"] = json!([]);
    let uses = json!([{ "type": "tool_use", "id": "1", "name": "t", "input": {} }]);
    let table = [
        (form(json!({})), Elicitation),
        (url("https://bank.example/pay"), UrlElicitation),
        (sampling(text), Sampling),
        (one("roots/list", json!({})), Roots),
    ];
    for (requests, kind) in &table {
        assert_eq!(examined(requests, &[*kind]).unwrap().kinds, [*kind], "{requests}");
        let others: Vec<_> = InputKind::ALL.iter().copied().filter(|other| other != kind).collect();
        assert!(matches!(examined(requests, &others), Err(Refused(_))), "{requests}");
        assert!(matches!(examined(requests, &[]), Err(Refused(_))), "{requests}");
    }
    for requests in [with_tools, sampling(uses)] {
        assert!(matches!(examined(&requests, &[Sampling]), Err(Refused(_))), "{requests}");
        assert_eq!(examined(&requests, &[Sampling, SamplingTools]).unwrap().kinds, [SamplingTools]);
    }
    let both = json!({ "a": table[0].0["it"], "b": table[3].0["it"] });
    assert!(matches!(examined(&both, &[Elicitation]), Err(Refused(_))), "half of it is of no use");
}

#[test]
fn what_is_too_much_or_leads_elsewhere_is_refused_whole() {
    let many: serde_json::Map<String, Value> =
        (0..33).map(|n| (n.to_string(), json!({ "method": "roots/list" }))).collect();
    let named = |name: &str| json!({ name: { "method": "roots/list" } });
    let mut context = sampling(json!({ "type": "text", "text": "hi" }));
    context["it"]["params"]["includeContext"] = json!("allServers");
    let refused = [
        Value::Object(many),
        named(&"n".repeat(129)),
        named("a\u{200b}b"),
        named(""),
        form(json!({ "pad": { "type": "string", "title": "x".repeat(65 << 10) } })),
        form(json!({ "newPassword": { "type": "string" } })),
        form(json!({ "client_secret": { "type": "string" } })),
        url("javascript:alert(1)"),
        url("http://bank.example"),
        url("https://127.0.0.1/a"),
        url("https://me@bank.example"),
        one("elicitation/create", json!({ "mode": "voice", "message": "?" })),
        one("tools/call", json!({ "name": "t" })),
        one("ping", json!({})),
        context,
    ];
    for requests in refused {
        let found = examined(&requests, InputKind::ALL);
        assert!(matches!(found, Err(Refused(_))), "{:.200}: {found:?}", requests.to_string());
    }
    let malformed = [
        json!({}),
        json!([]),
        json!({ "it": 7 }),
        json!({ "it": {} }),
        json!({ "it": { "method": 7 } }),
        json!({ "it": { "method": "elicitation/create" } }),
        one("elicitation/create", json!({ "requestedSchema": {} })),
        one("elicitation/create", json!({ "message": "?" })),
        one("elicitation/create", json!({ "message": "?", "requestedSchema": { "type": "object" } })),
        one("elicitation/create", json!({ "message": "?", "requestedSchema": { "properties": {} } })),
        form(json!([])),
        form(json!({ "a": { "type": "string", "title": 7 } })),
        one("roots/list", json!([])),
        one("roots/list", json!("here")),
        one("sampling/createMessage", json!({})),
        one("sampling/createMessage", json!({ "messages": [{ "role": "user" }] })),
        one("sampling/createMessage", json!({ "messages": [{ "role": "system", "content": [] }] })),
        one("sampling/createMessage", json!({ "messages": [{ "content": [] }] })),
    ];
    for requests in malformed {
        let found = examined(&requests, InputKind::ALL);
        assert!(matches!(found, Err(Malformed(_))), "{requests}: {found:?}");
    }
    let page =
        json!({ "type": "resource", "resource": { "uri": "a:b", "mimeType": "text/html", "text": "<p>" } });
    assert!(matches!(examined(&sampling(page), InputKind::ALL), Err(QuestionProblem::Content(_))));
    let state = "s".repeat(17 << 10);
    let large = format!(r#"{{"inputRequests":{{"a":{{"method":"roots/list"}}}},"requestState":"{state}"}}"#);
    assert!(matches!(
        examine_questions(&RawJson::from_text(large).unwrap(), InputKind::ALL),
        Err(Refused("over 16 KiB of state"))
    ));
    let odd_state = r#"{"inputRequests":{"a":{"method":"roots/list"}},"requestState":7}"#;
    let odd_state = RawJson::from_text(odd_state.to_owned()).unwrap();
    assert!(matches!(examine_questions(&odd_state, InputKind::ALL), Err(Malformed(_))));
}

#[test]
fn what_is_not_seen_or_not_known_is_taken_out_and_counted() {
    let mut asked = form(json!({ "name": { "type": "string", "title": "na\u{202e}me" } }));
    asked["it"]["params"]["message"] = json!("pay\u{200b} now");
    asked["it"]["params"]["METHOD"] = json!("x");
    asked["it"]["surprise"] = json!(1);
    let found = examined(&asked, &[InputKind::Elicitation]).unwrap();
    let shown: Value = serde_json::from_str(found.requests.as_str()).unwrap();
    assert_eq!(shown["it"]["params"]["message"], "pay now");
    assert_eq!(shown["it"]["params"]["requestedSchema"]["properties"]["name"]["title"], "name");
    assert_eq!(shown["it"].as_object().unwrap().len(), 2);
    let counts = found.sanitised.unwrap();
    assert_eq!((counts.hidden_characters, counts.members), (2, 2));
    let linked = sampling(json!({ "type": "resource_link", "uri": "file:///etc/passwd", "name": "n" }));
    let found = examined(&linked, &[InputKind::Sampling]).unwrap();
    assert!(!found.requests.as_str().contains("passwd"), "{}", found.requests.as_str());
    assert_eq!(found.sanitised.unwrap().links, 1);
}

#[test]
fn forms_are_flat_and_ask_for_no_secret() {
    let text = json!({ "type": "string" });
    let one_of = json!([{ "const": "a", "title": "A" }, { "const": "b" }]);
    let fields = json!({
        "name": { "type": "string", "title": "Who?", "description": "never a password", "minLength": 1, "default": "me" },
        "mail": { "type": "string", "format": "email" },
        "age": { "type": "integer", "minimum": 1 },
        "sure": { "type": "boolean" },
        "colour": { "type": "string", "enum": ["red"], "enumNames": ["Red"] },
        "size": { "type": "string", "oneOf": one_of },
        "several": { "type": "array", "items": { "type": "string", "enum": ["a"] }, "minItems": 1 },
        "more": { "type": "array", "items": { "anyOf": one_of } },
    });
    let found = examined(&form(fields.clone()), &[InputKind::Elicitation]).unwrap();
    let shown: Value = serde_json::from_str(found.requests.as_str()).unwrap();
    assert_eq!(shown["it"]["params"]["requestedSchema"]["properties"], fields);
    assert_eq!(found.sanitised, None, "it is what the specification names");
    let refused = [
        json!({ "apiKey": text }),
        json!({ "access_token": text }),
        json!({ "pin": { "type": "integer" } }),
        json!({ "pass\u{200b}word": text }),
        json!({ "it": { "type": "string", "title": "Your password" } }),
        json!({ "it": { "type": "string", "format": "password" } }),
        json!({ "it": { "type": "string", "format": "phone" } }),
        json!({ "it": { "type": "string", "writeOnly": true } }),
        json!({ "it": { "type": "object", "properties": { "password": text } } }),
        json!({ "it": { "$ref": "#/$defs/it" } }),
        json!({ "it": { "allOf": [text] } }),
        json!({ "it": { "type": ["string", "null"] } }),
        json!({ "it": { "type": "array", "items": { "type": "object" } } }),
        json!({ "it": { "type": "array", "items": { "anyOf": one_of, "$ref": "#" } } }),
        json!({ "it": { "type": "string", "oneOf": [{ "type": "object" }] } }),
        json!({ "it": { "type": "string", "enum": [{}] } }),
        // What poses as a choice.
        json!({ "card_pin": { "type": "integer", "title": "Card PIN", "enum": ["1"] } }),
        json!({ "password": { "type": "string", "enum": [] } }),
        json!({ "password": { "type": "string", "oneOf": [] } }),
        json!({ "password": { "type": "string", "enumNames": ["a"] } }),
        json!({ "several": { "type": "array", "items": { "type": "string", "enum": [] } } }),
        json!({ "both": { "type": "string", "enum": ["a"], "oneOf": one_of } }),
        json!({ "it": "string" }),
    ];
    for fields in refused {
        let found = examined(&form(fields.clone()), InputKind::ALL);
        assert!(matches!(found, Err(Refused(_))), "{fields}: {found:?}");
    }
    // What a form of the specification does not have goes, and what is left is judged.
    let schema = json!({
        "type": "object", "properties": { "a": { "type": "string", "allOf": [], "pattern": "^x$" } }, "required": ["a"],
        "patternProperties": { ".*": text }, "allOf": [{ "properties": { "password": text } }], "$defs": {},
    });
    let asked = one("elicitation/create", json!({ "message": "?", "requestedSchema": schema }));
    let found = examined(&asked, InputKind::ALL).unwrap();
    let shown: Value = serde_json::from_str(found.requests.as_str()).unwrap();
    let left = json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"] });
    assert_eq!(shown["it"]["params"]["requestedSchema"], left);
    assert_eq!(found.sanitised.unwrap().members, 5);
}

#[test]
fn what_a_tool_gave_is_examined_as_what_is_said() {
    let result = |content: Value| json!([{ "type": "tool_result", "toolUseId": "1", "content": content }]);
    let page =
        json!({ "type": "resource", "resource": { "uri": "a:b", "mimeType": "text/html", "text": "<p>" } });
    let found = examined(&sampling(result(json!([page]))), InputKind::ALL);
    assert!(matches!(found, Err(QuestionProblem::Content(_))), "{found:?}");
    let link = json!({ "type": "resource_link", "uri": "file:///etc/passwd", "name": "n" });
    let found =
        examined(&sampling(result(json!([link, { "type": "text", "text": "hi" }]))), InputKind::ALL).unwrap();
    assert!(!found.requests.as_str().contains("passwd"), "{}", found.requests.as_str());
    assert_eq!(found.sanitised.unwrap().links, 1);
    let plain =
        examined(&sampling(result(json!([{ "type": "text", "text": "hi" }]))), InputKind::ALL).unwrap();
    assert_eq!(plain.sanitised, None);
    let nested = json!([{ "type": "tool_result", "toolUseId": "2", "content": [page] }]);
    for content in [json!("text"), nested] {
        assert!(matches!(examined(&sampling(result(content)), InputKind::ALL), Err(Malformed(_))));
    }
}
