//! Each form is found where it may stand, what merely looks alike is left, and JSON stays JSON.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::{AuthHeader, Conduct, ListedTool, McpCatalogue, ToolReply};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::secret::Secret;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{MARK, Redactor};

/// It has every sign that an escape changes.
const SECRET: &str = "sk-9\"<&'>\\/%+Zq7~Kx";

fn header(value: &str) -> AuthHeader {
    AuthHeader { name: "Authorization".to_owned(), value: Secret::new(value.to_owned()) }
}

fn redactor() -> Redactor {
    Redactor::of(&header(&format!("Bearer {SECRET}"))).unwrap()
}

fn redacted(text: &str) -> Option<String> {
    let raw = RawJson::from_text(text.to_owned()).expect(text);
    redactor().json(&raw).map(|json| json.as_str().to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What another program would make of a text that holds the secret.
fn forms() -> Vec<(&'static str, String)> {
    let wide = |big: bool| -> String {
        let unit = |byte: u8| if big { ['\0', char::from(byte)] } else { [char::from(byte), '\0'] };
        SECRET.bytes().flat_map(unit).collect()
    };
    let percent = |keep: fn(u8) -> bool| -> String {
        let each = |byte: u8| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        SECRET.bytes().map(each).collect()
    };
    let html = SECRET.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    vec![
        ("raw", SECRET.to_owned()),
        ("base64, first alignment", STANDARD.encode(format!("{SECRET}; more"))),
        ("base64, second alignment", STANDARD.encode(format!("a{SECRET}; more"))),
        ("base64, third alignment", STANDARD.encode(format!("ab{SECRET}; more"))),
        ("base64 of nothing else", STANDARD.encode(SECRET)),
        ("base64url", URL_SAFE.encode(format!("a{SECRET}?"))),
        ("hex, lower case", hex(SECRET.as_bytes())),
        ("hex, upper case", hex(SECRET.as_bytes()).to_uppercase()),
        ("percent", percent(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))),
        ("percent, every byte", percent(|_| false)),
        ("json in a string", serde_json::to_string(SECRET).unwrap()),
        ("html", html.replace('\'', "&#39;")),
        ("html, every sign", SECRET.bytes().map(|byte| format!("&#{byte};")).collect()),
        ("reversed", SECRET.chars().rev().collect()),
        ("UTF-16, little end first", wide(false)),
        ("UTF-16, big end first", wide(true)),
        ("gzip in base64", STANDARD.encode(gzip(format!("{{\"token\":{SECRET:?}}}").as_bytes(), 0))),
        ("gzip in base64url", URL_SAFE.encode(gzip(format!("Bearer {SECRET}").as_bytes(), 0))),
        ("gzip with a file name", STANDARD.encode(gzip(SECRET.as_bytes(), 8))),
    ]
}

/// A member of RFC 1952, with the flags of one optional field at most.
fn gzip(content: &[u8], flags: u8) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3];
    if flags == 8 {
        member.extend_from_slice(b"dump.txt\0");
    }
    member.extend(miniz_oxide::deflate::compress_to_vec(content, 6));
    member.extend([0; 8]);
    member
}

#[test]
fn each_form_is_found_in_a_string() {
    for (name, form) in forms() {
        for text in
            [json!(form).to_string(), json!({ "content": [{ "text": format!("<{form}>") }] }).to_string()]
        {
            let found = redacted(&text).unwrap_or_else(|| panic!("{name} is not found in {text}"));
            let read: Value = serde_json::from_str(&found).expect(name);
            assert!(read.to_string().contains(MARK), "{name}: {found}");
            assert!(!found.contains(&form), "{name}: {found}");
            assert_eq!(redacted(&found), None, "{name}: nothing is left in {found}");
        }
    }
}

#[test]
fn what_stands_around_it_stays() {
    let text = format!(
        r#"{{ "a":1.50, "b":"grüß\ud83d\ude00 \u0041", "c":["x {SECRET_JSON} y","{SECRET_JSON}{SECRET_JSON}"], "d":null }}"#,
        SECRET_JSON = serde_json::to_string(SECRET).unwrap().trim_matches('"')
    );
    let expected = r#"{ "a":1.50, "b":"grüß\ud83d\ude00 \u0041", "c":["x [redacted] y","[redacted][redacted]"], "d":null }"#;
    assert_eq!(redacted(&text).as_deref(), Some(expected));
}

#[test]
fn escapes_of_the_answer_hide_nothing() {
    let escaped: String = SECRET.bytes().map(|byte| format!("\\u{byte:04X}")).collect();
    assert_eq!(redacted(&format!("\"{escaped}\"")).as_deref(), Some("\"[redacted]\""));
    let key = serde_json::to_string(SECRET).unwrap();
    assert_eq!(
        redacted(&format!("{{{key}:1}}")).as_deref(),
        Some("{\"[redacted]\":1}"),
        "names of members too"
    );
    let slashes = STANDARD.encode("???").replace('/', "\\/");
    assert_eq!(redacted(&format!("\"{slashes}\"")), None, "what holds nothing stays as it is");
}

#[test]
fn a_number_becomes_a_string() {
    let redactor = Redactor::of(&header("12345678")).unwrap();
    let raw = RawJson::from_text(r#"{"id":-912345678.5e1,"n":[12345678,1234567],"s":"12345678"}"#.to_owned())
        .unwrap();
    let found = redactor.json(&raw).unwrap();
    assert_eq!(found.as_str(), r#"{"id":"[redacted]","n":["[redacted]",1234567],"s":"[redacted]"}"#);
}

#[test]
fn what_is_not_the_secret_is_handed_on_byte_for_byte() {
    let (long, half) = ("x".repeat(100_000), &SECRET[..SECRET.len() / 2]);
    let table = [
        "{}".to_owned(),
        r#"{"text":"a\\b\"c\/d\u00e9\ud800"}"#.to_owned(),
        json!({ "text": half }).to_string(),
        json!({ "text": STANDARD.encode(half) }).to_string(),
        json!({ "text": STANDARD.encode(gzip(b"harmless", 0)) }).to_string(),
        json!({ "text": "H4sIAAAA not gzip", "more": long }).to_string(),
    ];
    for text in table {
        assert_eq!(redacted(&text), None, "{text:.200}");
    }
}

#[test]
fn short_secrets_are_not_looked_for_and_basic_ones_are_taken_apart() {
    assert!(Redactor::of(&header("Bearer 1234567")).is_none());
    let basic = format!("Basic {}", STANDARD.encode("user:correct horse"));
    let redactor = Redactor::of(&header(&basic)).unwrap();
    for text in ["user:correct horse", "correct horse", &STANDARD.encode("user:correct horse")] {
        let raw = RawJson::from_text(json!(text).to_string()).unwrap();
        assert_eq!(redactor.json(&raw).unwrap().as_str(), "\"[redacted]\"", "{text}");
    }
    assert!(!format!("{redactor:?}").contains("correct"));
}

#[test]
fn a_reply_says_that_it_was_redacted() {
    let reply = |text: &str| ToolReply {
        result: RawJson::from_text(json!({ "content": [{ "type": "text", "text": text }] }).to_string())
            .unwrap(),
        is_error: true,
        protocol_version: "2026-07-28".into(),
        redacted: false,
        conduct: Conduct::Fair,
    };
    let echoed = redactor().reply(reply(&format!("401 for Bearer {SECRET}")));
    assert!(echoed.redacted && echoed.is_error);
    assert!(echoed.result.as_str().contains("401 for Bearer [redacted]"), "{echoed:?}");
    assert!(!redactor().reply(reply("all well")).redacted);
}

#[test]
fn a_definition_that_holds_it_is_not_read() {
    let definition = |text: &str| ListedTool::Readable {
        kind: ItemKind::Tool,
        name: "tool".to_owned(),
        definition: RawJson::from_text(json!({ "name": "tool", "description": text }).to_string()).unwrap(),
    };
    let catalogue = McpCatalogue {
        protocol_version: "2026-07-28".to_owned(),
        is_public: false,
        capabilities: RawJson::from_text(json!({ SECRET: {}, "tools": {} }).to_string()).unwrap(),
        tools: vec![definition("plain"), definition(&format!("asked with {SECRET}"))],
    };
    let found = redactor().catalogue(catalogue);
    assert!(matches!(&found.tools[0], ListedTool::Readable { .. }));
    let ListedTool::Unreadable { position, problem, .. } = &found.tools[1] else { panic!("{found:?}") };
    assert_eq!(*position, 1);
    assert!(problem.contains("credential") && !problem.contains(SECRET), "{problem}");
    assert_eq!(found.capabilities.as_str(), "{\"[redacted]\":{},\"tools\":{}}");
}

proptest! {
    /// Wherever it stands in whatever JSON, it is gone afterwards, and the rest is JSON.
    #[test]
    fn it_never_survives(before in ".{0,40}", after in ".{0,40}", form in 0usize..19) {
        let forms = forms();
        let (name, form) = &forms[form % forms.len()];
        let text = json!([before, format!("{before} {form} {after}"), 1]).to_string();
        let found = redacted(&text).expect(name);
        prop_assert!(serde_json::from_str::<Value>(&found).is_ok());
        prop_assert_eq!(redacted(&found), None);
    }

    /// No JSON makes it panic.
    #[test]
    fn it_never_panics(text in ".{0,60}", escapes in r#"(\\u[0-9a-f]{4}|\\n|[a-z]){0,20}"#) {
        let _ = redacted(&json!({ text.as_str(): text }).to_string());
        let _ = redacted(&format!("[\"{escapes}\",-1.5e3,{{}}]"));
    }
}
