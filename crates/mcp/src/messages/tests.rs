//! Table tests of the views, and snapshots of what the builders write.

use serde_json::value::RawValue;

use super::*;
use crate::jsonrpc::Id;
use crate::meta::{OutgoingMeta, TraceContext};
use crate::scan::{JsonLimits, ScanError};
use crate::version::ProtocolVersion;

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

fn us() -> Implementation {
    Implementation { name: "portcullis".into(), version: "0".into() }
}

fn meta(version: ProtocolVersion) -> OutgoingMeta {
    OutgoingMeta { version, client: us(), trace: TraceContext::default(), progress_token: None }
}

#[test]
fn discover_reads_what_it_needs_and_forgives_the_rest() {
    let text = r#"{"supportedVersions":["2026-07-28","2099-01-01"],"capabilities":{"tools":{}},"instructions":5,
        "ttlMs":-1,"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s"}}}"#;
    let result = DiscoverResult::parse(&raw(text)).unwrap();
    assert_eq!(result.supported_versions, ["2026-07-28", "2099-01-01"]);
    assert_eq!(result.server_info.map(|info| info.name), Some("s".to_owned()));
    assert!(result.instructions.is_none());
    assert_eq!(result.raw.get(), text);
    for bad in [
        "{}",
        "null",
        r#"[["2026-07-28"]]"#,
        r#"{"supportedVersions":"2026-07-28"}"#,
        r#"{"supportedVersions":[],"resultType":"task"}"#,
        r#"{"supportedVersions":[],"resultType":"input_required"}"#,
    ] {
        assert!(DiscoverResult::parse(&raw(bad)).is_err(), "{bad}");
    }
}

#[test]
fn initialize_in_both_directions() {
    let params = initialize_params(ProtocolVersion::V2025_11_25, &us());
    insta::assert_snapshot!(params.get(), @r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"portcullis","version":"0"}}"#);
    let read = InitializeParams::parse(Some(&params)).unwrap();
    assert_eq!((read.protocol_version.as_str(), read.client_info), ("2025-11-25", Some(us())));
    assert_eq!(InitializeParams::parse(None).unwrap_err().field, "params.protocolVersion");

    let result = initialize_reply(ProtocolVersion::V2025_06_18, &us(), Some("hi"));
    insta::assert_snapshot!(result.get(), @r#"{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"portcullis","version":"0"},"instructions":"hi"}"#);
    let read = InitializeResult::parse(&result).unwrap();
    assert_eq!(read.protocol_version, "2025-06-18");
    assert_eq!(read.instructions.unwrap().as_untrusted_str(), "hi");
    assert_eq!(InitializeResult::parse(&raw("{}")).unwrap_err().field, "protocolVersion");
}

#[test]
fn one_bad_tool_does_not_kill_the_list() {
    let page = raw(
        r#"{"tools":[{"name":"a","inputSchema":{"type":"object"},"x":1.10},{"name":"b","inputSchema":null},
            {"name":"","inputSchema":{}},7,{"name":"c","inputSchema":{},"name":"d"},
            {"name":"e","inputSchema":{"p":1,"p":2}},{"inputSchema":{}},{"name":"z z","inputSchema":{}}],
            "nextCursor":""}"#,
    );
    let page = ToolsPage::parse(&page, &JsonLimits::STRICT).unwrap();
    assert_eq!(page.next_cursor.as_deref(), Some(""), "the empty string is a cursor");
    let seen: Vec<String> = page
        .tools
        .iter()
        .map(|tool| match tool {
            Ok(tool) => format!("{} {}", tool.name, tool.has_plain_name()),
            Err(problem) => problem.to_string(),
        })
        .collect();
    insta::assert_snapshot!(seen.join("\n"), @"
    a true
    tool 1 of the page: `inputSchema`: expected an object
    tool 2 of the page: `name`: expected a string that is not empty
    tool 3 of the page: `tool`: expected an object
    tool 4 of the page: JSON: a member name occurs twice in one object, at byte 29
    tool 5 of the page: JSON: a member name occurs twice in one object, at byte 33
    tool 6 of the page: `name`: expected a string that is not empty
    z z false
    ");
    let first = page.tools[0].as_ref().unwrap();
    assert_eq!(first.raw.get(), r#"{"name":"a","inputSchema":{"type":"object"},"x":1.10}"#);
    assert_eq!(first.input_schema().unwrap().get(), r#"{"type":"object"}"#);
    let named = page.tools[5].as_ref().unwrap_err();
    assert_eq!(named.name.as_ref().unwrap().as_untrusted_str(), "e");
    assert!(matches!(named.fault, ToolFault::Scan(ScanError::DuplicateKey { .. })));
}

#[test]
fn a_broken_page_is_an_error() {
    for bad in [r#"{"tools":{}}"#, "[]", r#"{"tools":[],"nextCursor":3}"#, r#"{"tools":[],"resultType":"x"}"#]
    {
        assert!(ToolsPage::parse(&raw(bad), &JsonLimits::STRICT).is_err(), "{bad}");
    }
    assert_eq!(
        ToolsPage::parse(&raw(r#"{"tools":[],"nextCursor":null}"#), &JsonLimits::STRICT).unwrap().next_cursor,
        None
    );
}

#[test]
fn call_results_are_judged_by_their_flags() {
    let complete = |is_error| Ok(CallKind::Complete { is_error });
    for (text, want) in [
        (r#"{"content":[]}"#, complete(false)),
        (r#"{"content":[],"isError":true,"resultType":"complete"}"#, complete(true)),
        (r#"{"structuredContent":3}"#, complete(false)),
        (
            r#"{"resultType":"input_required","requestState":"s"}"#,
            Ok(CallKind::InputRequired { asks: false }),
        ),
        (r#"{"resultType":"input_required","inputRequests":{}}"#, Ok(CallKind::InputRequired { asks: true })),
        (r#"{"resultType":"input_required"}"#, Err("inputRequests")),
        (r#"{"resultType":"task","content":[]}"#, Err("resultType")),
        (r#"{"resultType":7,"content":[]}"#, Err("result")),
        (r#"{"isError":"no","content":[]}"#, Err("result")),
        (r#"{"isError":true,"isError":false,"content":[]}"#, Err("result")),
        (r#"{"content":"x"}"#, Err("content")),
        ("{}", Err("content")),
        ("null", Err("result")),
        ("[]", Err("result")),
    ] {
        let got = CallResult::parse(&raw(text)).map(|result| result.kind).map_err(|error| error.field);
        assert_eq!(got, want, "{text}");
    }
    let odd =
        r#"{"content":[{"type":"hologram","n":123456789012345678901234567890,"v":1.10}],"extra" : null}"#;
    assert_eq!(CallResult::parse(&raw(odd)).unwrap().raw.get(), odd);
}

#[test]
fn call_params_keep_the_arguments_as_they_are() {
    let arguments = raw(r#"{"n":1.10, "big":123456789012345678901234567890}"#);
    let params = call_params("t", &arguments, &meta(ProtocolVersion::V2025_11_25)).unwrap();
    assert_eq!(params.get(), r#"{"name":"t","arguments":{"n":1.10, "big":123456789012345678901234567890}}"#);
    let modern = call_params("t", &raw("{}"), &meta(ProtocolVersion::V2026_07_28)).unwrap();
    insta::assert_snapshot!(modern.get(), @r#"{"name":"t","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"portcullis","version":"0"},"io.modelcontextprotocol/clientCapabilities":{}}}"#);
    assert_eq!(
        call_params("t", &raw("[]"), &meta(ProtocolVersion::V2026_07_28)).unwrap_err().field,
        "arguments"
    );

    let read = CallParams::parse(Some(&params)).unwrap();
    assert_eq!((&*read.name, read.arguments.unwrap().get()), ("t", arguments.get()));
    for (bad, field) in [
        ("{}", "params.name"),
        (r#"{"name":1}"#, "params.name"),
        (r#"{"name":"a","arguments":[]}"#, "params.arguments"),
    ] {
        assert_eq!(CallParams::parse(Some(&raw(bad))).unwrap_err().field, field, "{bad}");
    }
}

#[test]
fn list_params_tell_the_empty_cursor_from_none() {
    let legacy = meta(ProtocolVersion::V2025_11_25);
    assert_eq!(list_params(None, &legacy).get(), "{}");
    assert_eq!(list_params(Some(""), &legacy).get(), r#"{"cursor":""}"#);
    assert_eq!(cursor_of(Some(&raw(r#"{"cursor":""}"#))), Ok(Some(String::new())));
    assert_eq!(cursor_of(None), Ok(None));
    assert_eq!(cursor_of(Some(&raw(r#"{"cursor":1}"#))).unwrap_err().field, "params.cursor");
}

#[test]
fn replies_have_the_shape_of_their_era() {
    let (modern, legacy) = (ProtocolVersion::V2026_07_28, ProtocolVersion::V2025_11_25);
    let tools = [raw(r#"{"name":"a", "v":1.0}"#)];
    let written = [
        discover_reply(&[modern], &us(), None),
        tools_reply(modern, &tools, None),
        tools_reply(legacy, &tools, Some("c")),
        text_reply(modern, "hi", false),
        text_reply(legacy, "no", true),
        empty_reply(modern),
        empty_reply(legacy),
    ];
    let lines: Vec<&str> = written.iter().map(|raw| raw.get()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"portcullis","version":"0"}}}
    {"resultType":"complete","tools":[{"name":"a", "v":1.0}],"ttlMs":0,"cacheScope":"private"}
    {"tools":[{"name":"a", "v":1.0}],"nextCursor":"c"}
    {"resultType":"complete","content":[{"type":"text","text":"hi"}],"isError":false}
    {"content":[{"type":"text","text":"no"}],"isError":true}
    {"resultType":"complete"}
    {}
    "#);
}

#[test]
fn notices() {
    let progress =
        Progress::parse(Some(&raw(r#"{"progressToken":"p","progress":1,"total":2.5,"message":"m"}"#)))
            .unwrap();
    assert_eq!((progress.token, progress.progress, progress.total), (Id::from("p"), 1.0, Some(2.5)));
    assert!(Progress::parse(Some(&raw(r#"{"progress":1}"#))).is_err());
    let params = cancelled_params(&Id::Integer(1), "deadline");
    let cancelled = Cancelled::parse(Some(&params)).unwrap();
    assert_eq!(cancelled.request_id, Id::Integer(1), "type-exact");
    assert!(Cancelled::parse(None).is_err());
}
