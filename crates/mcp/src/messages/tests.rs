//! Table tests of the views, and snapshots of what the builders write.

use serde_json::value::RawValue;

use super::*;
use crate::capabilities::ClientCapabilities;
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
    let capabilities = ClientCapabilities::default();
    OutgoingMeta { version, client: us(), capabilities, trace: TraceContext::default(), progress_token: None }
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
    let params = initialize_params(ProtocolVersion::V2025_11_25, &us(), ClientCapabilities::default());
    insta::assert_snapshot!(params.get(), @r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"portcullis","version":"0"}}"#);
    let read = InitializeParams::parse(Some(&params)).unwrap();
    assert_eq!((read.protocol_version.as_str(), read.client_info), ("2025-11-25", Some(us())));
    assert_eq!(InitializeParams::parse(None).unwrap_err().field, "params.protocolVersion");

    let result = initialize_reply(ProtocolVersion::V2025_06_18, &us(), Capabilities::default(), Some("hi"));
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
    let page = ListPage::parse(Listing::Tools, &page, &JsonLimits::STRICT).unwrap();
    assert_eq!(page.next_cursor.as_deref(), Some(""), "the empty string is a cursor");
    let seen: Vec<String> = page
        .items
        .iter()
        .map(|tool| match tool {
            Ok(tool) => format!("{} {}", tool.name, tool.has_plain_name()),
            Err(problem) => problem.to_string(),
        })
        .collect();
    insta::assert_snapshot!(seen.join("\n"), @"
    a true
    item 1 of the page: `inputSchema`: expected an object
    item 2 of the page: `name`: expected a string that is not empty
    item 3 of the page: `item`: expected an object
    item 4 of the page: JSON: a member name occurs twice in one object, at byte 29
    item 5 of the page: JSON: a member name occurs twice in one object, at byte 33
    item 6 of the page: `name`: expected a string that is not empty
    z z false
    ");
    let first = page.items[0].as_ref().unwrap();
    assert_eq!(first.raw.get(), r#"{"name":"a","inputSchema":{"type":"object"},"x":1.10}"#);
    assert_eq!(first.input_schema().unwrap().get(), r#"{"type":"object"}"#);
    let named = page.items[5].as_ref().unwrap_err();
    assert_eq!(named.name.as_ref().unwrap().as_untrusted_str(), "e");
    assert!(matches!(named.fault, ItemFault::Scan(ScanError::DuplicateKey { .. })));
}

#[test]
fn a_broken_page_is_an_error() {
    for bad in [r#"{"tools":{}}"#, "[]", r#"{"tools":[],"nextCursor":3}"#, r#"{"tools":[],"resultType":"x"}"#]
    {
        assert!(ListPage::parse(Listing::Tools, &raw(bad), &JsonLimits::STRICT).is_err(), "{bad}");
    }
    let last = raw(r#"{"tools":[],"nextCursor":null}"#);
    assert_eq!(ListPage::parse(Listing::Tools, &last, &JsonLimits::STRICT).unwrap().next_cursor, None);
    let scopes = [
        (r#""public""#, true),
        (r#""\u0070ublic""#, true),
        (r#""Public""#, false),
        (r#""private""#, false),
        ("5", false),
        ("null", false),
        ("{}", false),
    ];
    for (scope, is_public) in scopes {
        let page = raw(&format!(r#"{{"tools":[],"cacheScope":{scope}}}"#));
        let page = ListPage::parse(Listing::Tools, &page, &JsonLimits::STRICT).unwrap();
        assert_eq!(page.is_public, is_public, "{scope}");
    }
    assert!(
        ListPage::parse(Listing::Prompts, &last, &JsonLimits::STRICT).is_err(),
        "the list of another method"
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
        (
            r#"{"resultType":"input_required","inputRequests":{},"requestState":"s"}"#,
            Ok(CallKind::InputRequired { asks: false }),
        ),
        (
            r#"{"resultType":"input_required","inputRequests":{"a":{}}}"#,
            Ok(CallKind::InputRequired { asks: true }),
        ),
        (r#"{"resultType":"input_required","inputRequests":{}}"#, Err("inputRequests")),
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
fn a_server_that_wants_input_hears_that_nobody_is_there() {
    let wanted = |members: &str| {
        let asking = format!(r#"{{"resultType":"input_required",{members}}}"#);
        Retry::dismissing(&CallResult::parse(&raw(&asking)).unwrap())
    };
    let params = |members: &str| {
        let retry = wanted(members).unwrap();
        let params = retry_params("t", &raw(r#"{"n":1.10}"#), &retry, &meta(ProtocolVersion::V2025_11_25));
        params.unwrap().get().to_owned()
    };
    let ask = r#""inputRequests":{"b":{"method":"elicitation/create","params":{}},"a":{"method":"elicitation/create"}}"#;
    insta::assert_snapshot!(params(&format!(r#"{ask},"requestState":"a\u00e4""#)), @r#"{"name":"t","arguments":{"n":1.10},"inputResponses":{"a":{"action":"cancel"},"b":{"action":"cancel"}},"requestState":"a\u00e4"}"#);
    insta::assert_snapshot!(params(r#""requestState":"s""#), @r#"{"name":"t","arguments":{"n":1.10},"requestState":"s"}"#);
    insta::assert_snapshot!(params(ask), @r#"{"name":"t","arguments":{"n":1.10},"inputResponses":{"a":{"action":"cancel"},"b":{"action":"cancel"}}}"#);
    let many: Vec<_> = (0..33).map(|n| format!(r#""{n}":{{"method":"elicitation/create"}}"#)).collect();
    for (members, field) in [
        (r#""inputRequests":{"a":{"method":"sampling/createMessage"}}"#, "inputRequests"),
        (r#""inputRequests":{"a":{"method":"roots/list"}}"#, "inputRequests"),
        (r#""inputRequests":{"a":{}}"#, "inputRequests"),
        (r#""inputRequests":[]"#, "inputRequests"),
        (&format!(r#""inputRequests":{{{}}}"#, many.join(",")), "inputRequests"),
        (r#""requestState":7"#, "requestState"),
    ] {
        assert_eq!(wanted(members).unwrap_err().field, field, "{members}");
    }
    assert_eq!(
        Retry::dismissing(&CallResult::parse(&raw(r#"{"content":[]}"#)).unwrap()).unwrap_err().field,
        "resultType"
    );
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
    let all = Capabilities { prompts: true, resources: true, completions: true, list_changed: true };
    let written = [
        discover_reply(&[modern], &us(), Capabilities::default(), None),
        discover_reply(&[modern], &us(), all, None),
        list_reply(modern, Listing::Tools, &tools, None),
        list_reply(legacy, Listing::Tools, &tools, Some("c")),
        list_reply(modern, Listing::Prompts, &tools, None),
        list_reply(legacy, Listing::Resources, &tools, None),
        list_reply(legacy, Listing::Templates, &tools, None),
        text_reply(modern, "hi", false),
        text_reply(legacy, "no", true),
        empty_reply(modern),
        empty_reply(legacy),
    ];
    let lines: Vec<&str> = written.iter().map(|raw| raw.get()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"portcullis","version":"0"}}}
    {"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"listChanged":true},"completions":{}},"ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"portcullis","version":"0"}}}
    {"resultType":"complete","tools":[{"name":"a", "v":1.0}],"ttlMs":0,"cacheScope":"private"}
    {"tools":[{"name":"a", "v":1.0}],"nextCursor":"c"}
    {"resultType":"complete","prompts":[{"name":"a", "v":1.0}],"ttlMs":0,"cacheScope":"private"}
    {"resources":[{"name":"a", "v":1.0}]}
    {"resourceTemplates":[{"name":"a", "v":1.0}]}
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
    let ours = raw(r#"{"x":1.10,"progressToken":"p","progress":1}"#);
    let theirs = progress_params(&ours, &Id::Integer(7));
    assert_eq!(theirs.get(), r#"{"x":1.10,"progressToken":7,"progress":1}"#);
    let params = cancelled_params(&Id::Integer(1), "deadline");
    let cancelled = Cancelled::parse(Some(&params)).unwrap();
    assert_eq!(cancelled.request_id, Id::Integer(1), "type-exact");
    assert!(Cancelled::parse(None).is_err());
}

#[test]
fn items_of_other_lists_have_names_of_their_own() {
    let table = [
        (Listing::Prompts, r#"{"prompts":[{"name":"p"},{"uri":"x:y"}]}"#, "p"),
        (Listing::Resources, r#"{"resources":[{"uri":"x:y","name":"n"},{"name":"n"}]}"#, "x:y"),
        (Listing::Templates, r#"{"resourceTemplates":[{"uriTemplate":"x:{y}"},{"uri":"x:y"}]}"#, "x:{y}"),
    ];
    for (listing, page, name) in table {
        let page = ListPage::parse(listing, &raw(page), &JsonLimits::STRICT).unwrap();
        assert_eq!(page.items[0].as_ref().unwrap().name, name);
        assert!(page.items[1].is_err(), "{listing:?}");
    }
}

#[test]
fn reads_and_completions_in_both_directions() {
    let meta = meta(ProtocolVersion::V2025_11_25);
    let params = read_params("test://a", &Retry::default(), &meta);
    assert_eq!(params.get(), r#"{"uri":"test://a"}"#);
    assert_eq!(ReadParams::parse(Some(&params)).unwrap().uri, "test://a");
    assert_eq!(ReadParams::parse(None).unwrap_err().field, "params.uri");

    let argument = raw(r#"{"name":"city","value":"Zu"}"#);
    let given = raw(r#"{"land":"CH"}"#);
    let params = complete_params(&Completing::Prompt("p".into()), &argument, Some(&given), &meta);
    insta::assert_snapshot!(params.get(), @r#"{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"city","value":"Zu"},"context":{"arguments":{"land":"CH"}}}"#);
    let read = CompleteParams::parse(Some(&params)).unwrap();
    assert_eq!((read.of, &*read.name, &*read.value), (Completing::Prompt("p".into()), "city", "Zu"));
    assert_eq!(read.arguments.unwrap().get(), given.get());
    let params = complete_params(&Completing::Template("x:{y}".into()), &argument, None, &meta);
    let read = CompleteParams::parse(Some(&params)).unwrap();
    assert_eq!(read.of, Completing::Template("x:{y}".into()));
    for bad in ["{}", r#"{"ref":{"type":"ref/tool","name":"p"},"argument":{"name":"a","value":""}}"#] {
        assert!(CompleteParams::parse(Some(&raw(bad))).is_err(), "{bad}");
    }
}

#[test]
fn a_result_must_be_that_of_its_method() {
    let table = [
        (method::TOOLS_CALL, r#"{"content":[]}"#, true),
        (method::PROMPTS_GET, r#"{"messages":[]}"#, true),
        (method::PROMPTS_GET, r#"{"content":[]}"#, false),
        (method::RESOURCES_READ, r#"{"contents":[],"resultType":"complete"}"#, true),
        (method::RESOURCES_READ, r#"{"contents":{}}"#, false),
        (method::RESOURCES_READ, r#"{"resultType":"task"}"#, false),
        (method::COMPLETE, r#"{"completion":{"values":[]}}"#, true),
        (method::COMPLETE, "[]", false),
    ];
    for (method, result, fits) in table {
        assert_eq!(parse_result(method, &raw(result)).is_ok(), fits, "{method} {result}");
    }
    let asking = raw(r#"{"resultType":"input_required","requestState":"s"}"#);
    let asks = parse_result(method::PROMPTS_GET, &asking).unwrap();
    assert_eq!(asks.kind, CallKind::InputRequired { asks: false });
    assert!(parse_result(method::COMPLETE, &asking).is_err(), "a completion asks for nothing");
    assert!(parse_result(method::PROMPTS_GET, &raw(r#"{"resultType":"input_required"}"#)).is_err());
    let again = Retry::with(Some(raw(r#"{"a":{ "n":1.10 }}"#)), Some(raw(r#""\u0073""#)));
    let params = read_params("test://a", &again, &meta(ProtocolVersion::V2025_11_25));
    let expected = r#"{"uri":"test://a","inputResponses":{"a":{ "n":1.10 }},"requestState":"\u0073"}"#;
    assert_eq!(params.get(), expected, "byte for byte");
}

#[test]
fn a_task_is_known_in_the_form_of_either_era() {
    let table = [
        (r#"{"resultType":"task","taskId":"t"}"#, true),
        (r#"{"resultType":"t\u0061sk","content":[]}"#, true),
        (r#"{"task":{"taskId":"t","status":"working","ttl":1}}"#, true),
        (r#"{"task":{"taskId":"t","status":"working"},"content":[]}"#, false),
        (r#"{"task":{"taskId":"t","status":"working"},"structuredContent":{}}"#, false),
        (r#"{"task":{"taskId":"t","status":1}}"#, false),
        (r#"{"task":{"title":"milk"}}"#, false),
        (r#"{"task":null}"#, false),
        (r#"{"resultType":"other"}"#, false),
        ("[]", false),
    ];
    for (result, expected) in table {
        assert_eq!(is_task(&raw(result)), expected, "{result}");
    }
}

#[test]
fn a_stream_of_changes_begins_and_ends() {
    let asked = raw(
        r#"{"notifications":{"toolsListChanged":true,"promptsListChanged":false,"resourceSubscriptions":["x:y"]}}"#,
    );
    let wanted = ListChanges::parse(Some(&asked)).unwrap();
    assert_eq!(wanted, ListChanges { tools: true, ..ListChanges::default() });
    assert!(ListChanges::parse(None).is_err());
    assert!(ListChanges::parse(Some(&raw(r#"{"notifications":{"toolsListChanged":1}}"#))).is_err());
    let id = Id::Integer(2);
    let lines = [acknowledged_params(&id, wanted), changed_params(&id), listen_reply(&id, &us())];
    let lines: Vec<&str> = lines.iter().map(|raw| raw.get()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"_meta":{"io.modelcontextprotocol/subscriptionId":2},"notifications":{"toolsListChanged":true}}
    {"_meta":{"io.modelcontextprotocol/subscriptionId":2}}
    {"resultType":"complete","_meta":{"io.modelcontextprotocol/subscriptionId":2,"io.modelcontextprotocol/serverInfo":{"name":"portcullis","version":"0"}}}
    "#);
}
