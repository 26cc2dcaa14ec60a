//! Each rung of the ladder with its status and code, in both eras.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::headers::ParamKind;
use crate::jsonrpc::{ErrorCode, Id};

const BOTH: &[ProtocolVersion] = &ProtocolVersion::SPOKEN;
const MODERN: &[ProtocolVersion] = &[ProtocolVersion::V2026_07_28];
const LEGACY: &[ProtocolVersion] = &[ProtocolVersion::V2025_11_25];
const FRONT: [(&str, &str); 4] = [
    ("Host", "localhost:1"),
    ("Accept", "application/json, text/event-stream"),
    ("Content-Type", "application/json"),
    ("MCP-Protocol-Version", "2026-07-28"),
];

/// A request: lines replace those of `FRONT` by name, an empty value removes, a doubled name stays doubled.
struct Post<'a> {
    versions: &'a [ProtocolVersion],
    method: &'a str,
    lines: Vec<(&'a str, &'a str)>,
    body: String,
}

impl<'a> Post<'a> {
    fn new(versions: &'a [ProtocolVersion], lines: &[(&'a str, &'a str)], body: impl ToString) -> Self {
        let mut all: Vec<_> =
            FRONT.into_iter().filter(|(name, _)| lines.iter().all(|line| line.0 != *name)).collect();
        all.extend(lines.iter().filter(|line| !line.1.is_empty()));
        Self { versions, method: "POST", lines: all, body: body.to_string() }
    }

    fn headers(&self) -> HeaderLines<'_> {
        self.lines.iter().map(|(name, value)| (*name, value.as_bytes())).collect()
    }

    fn judge(&self) -> Result<Accepted<'_>, Refusal> {
        let hosts = ["LocalHost:1".to_owned()];
        let origins = ["https://console.example".to_owned()];
        let profile = ServerProfile {
            versions: self.versions,
            modern_methods: &["server/discover", "tools/list", "tools/call"],
            legacy_methods: &["initialize", "ping", "tools/list", "tools/call"],
            hosts: Some(&hosts),
            origins: &origins,
            limits: JsonLimits::STRICT,
        };
        judge(&profile, self.method, &self.headers(), self.body.as_bytes())
    }

    fn show(&self) -> String {
        match self.judge() {
            Ok(Accepted::Request(accepted)) => format!("{:?} {}", accepted.era, accepted.version),
            Ok(Accepted::Notification { era, .. }) => format!("{era:?} notification"),
            Err(refusal) => {
                format!("{} {} {}", refusal.status, refusal.error.code.value(), refusal.error.message)
            }
        }
    }
}

fn modern(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

fn legacy(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

fn list() -> Value {
    modern("tools/list", json!({}))
}

fn call() -> Value {
    modern("tools/call", json!({"name": "ü"}))
}

const LIST: (&str, &str) = ("Mcp-Method", "tools/list");
const CALL: (&str, &str) = ("Mcp-Method", "tools/call");
const NAMED: (&str, &str) = ("Mcp-Name", "=?base64?w7w=?=");

#[test]
fn the_front_rungs() {
    for (lines, want) in [
        (vec![], "Modern 2026-07-28"),
        (vec![("Host", "evil.example")], "403 -32600 header Host: not a name of this server"),
        (vec![("Host", "")], "403 -32600 header Host: not a name of this server"),
        (vec![("Origin", "https://console.example")], "Modern 2026-07-28"),
        (vec![("Origin", "https://evil.example")], "403 -32600 header Origin: not allowed here"),
        (vec![("Origin", "null")], "403 -32600 header Origin: not allowed here"),
        (vec![("Accept", "*/*")], "Modern 2026-07-28"),
        (vec![("Accept", "")], "Modern 2026-07-28"),
        (vec![("Accept", "APPLICATION/json;q=0.5"), ("Accept", "text/*")], "Modern 2026-07-28"),
        (
            vec![("Accept", "application/json")],
            "406 -32600 header Accept: expected application/json and text/event-stream",
        ),
        (
            vec![("Accept", "application/json, text/event-stream;q=0.0")],
            "406 -32600 header Accept: expected application/json and text/event-stream",
        ),
        (vec![("Content-Type", "Application/JSON; charset=utf-8")], "Modern 2026-07-28"),
        (vec![("Content-Type", "text/plain")], "415 -32600 header Content-Type: expected application/json"),
        (vec![("Content-Type", "")], "415 -32600 header Content-Type: expected application/json"),
    ] {
        let mut lines = lines;
        lines.push(LIST);
        assert_eq!(Post::new(BOTH, &lines, list()).show(), want, "{lines:?}");
    }
    for method in ["GET", "DELETE", "post"] {
        let post = Post { method, ..Post::new(BOTH, &[LIST], list()) };
        let refusal = post.judge().unwrap_err();
        assert_eq!((refusal.status, refusal.headers()), (405, vec![("allow".to_owned(), "POST".to_owned())]));
    }
    let rebound = Post { method: "GET", ..Post::new(BOTH, &[("Host", "evil.example")], list()) };
    assert!(rebound.show().starts_with("403"), "Host comes before the method");
}

#[test]
fn the_message_rungs() {
    for (body, want) in [
        ("{", "400 -32700 message: not valid JSON"),
        ("[]", "400 -32600 message: a batch (array); send one message at a time"),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            "400 -32600 a posted response; this server sends no requests",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}"#,
            "400 -32600 message: JSON: a member name occurs twice in one object, at byte 67",
        ),
        (r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, "Modern notification"),
    ] {
        assert_eq!(Post::new(BOTH, &[], body).show(), want, "{body}");
    }
    let notification = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    for version in ["", "2025-06-18"] {
        let lines = [("MCP-Protocol-Version", version)];
        assert_eq!(Post::new(BOTH, &lines, notification).show(), "Legacy notification");
    }
    let refusal = Post::new(BOTH, &[], "[]").judge().unwrap_err();
    insta::assert_snapshot!(
        String::from_utf8(refusal.body()).unwrap(),
        @r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"message: a batch (array); send one message at a time"}}"#
    );
}

#[test]
fn modern_requests_carry_their_meta() {
    let without = |member: &str| {
        let mut body = list();
        body["params"]["_meta"].as_object_mut().unwrap().remove(member);
        body
    };
    let unversioned = "400 -32602 `io.modelcontextprotocol/protocolVersion`: required in params._meta";
    for (lines, body, want) in [
        (vec![LIST], list(), "Modern 2026-07-28"),
        (vec![CALL, NAMED], call(), "Modern 2026-07-28"),
        (vec![LIST], legacy("tools/list", json!({})), unversioned),
        (vec![LIST], without("io.modelcontextprotocol/protocolVersion"), unversioned),
        (
            vec![LIST],
            without("io.modelcontextprotocol/clientCapabilities"),
            "400 -32602 `io.modelcontextprotocol/clientCapabilities`: required in params._meta",
        ),
        (
            vec![LIST],
            legacy("tools/list", json!({"_meta": 1})),
            "400 -32602 `params._meta`: expected an object",
        ),
    ] {
        assert_eq!(Post::new(BOTH, &lines, &body).show(), want, "{lines:?} {body}");
    }
}

#[test]
fn modern_headers_equal_the_body() {
    let version = "MCP-Protocol-Version";
    for (lines, body, want) in [
        (vec![LIST, (version, "")], list(), "400 -32020 header MCP-Protocol-Version: missing"),
        (
            vec![LIST, (version, "2025-11-25")],
            list(),
            "400 -32020 header MCP-Protocol-Version: differs from params._meta",
        ),
        (
            vec![LIST, (version, "2026-07-28"), (version, "2026-07-28")],
            list(),
            "400 -32020 header MCP-Protocol-Version: occurs more than once",
        ),
        (vec![], list(), "400 -32020 header Mcp-Method: missing"),
        (vec![("Mcp-Method", "Tools/list")], list(), "400 -32020 header Mcp-Method: differs from the body"),
        (vec![LIST, LIST], list(), "400 -32020 header Mcp-Method: occurs more than once"),
        (vec![CALL], call(), "400 -32020 header Mcp-Name: missing"),
        (vec![CALL, ("Mcp-Name", "u")], call(), "400 -32020 header Mcp-Name: differs from the body"),
        (vec![CALL, ("Mcp-Name", "=?base64?%?=")], call(), "400 -32020 header Mcp-Name: malformed value"),
        (
            vec![CALL, ("Mcp-Name", "a")],
            modern("tools/call", json!({})),
            "400 -32020 header Mcp-Name: differs from the body",
        ),
    ] {
        assert_eq!(Post::new(BOTH, &lines, &body).show(), want, "{lines:?} {body}");
    }
}

#[test]
fn modern_version_and_method() {
    let version = "MCP-Protocol-Version";
    let future = || {
        let mut body = list();
        body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2099-01-01");
        body
    };
    for (lines, body, want) in [
        (vec![LIST, (version, "2099-01-01")], future(), "400 -32022 unsupported protocol version"),
        (vec![("Mcp-Method", "ping")], modern("ping", json!({})), "404 -32601 method not found"),
        (vec![("Mcp-Method", "initialize")], modern("initialize", json!({})), "404 -32601 method not found"),
        (vec![LIST, ("Mcp-Session-Id", "x y"), ("Last-Event-ID", "3")], list(), "Modern 2026-07-28"),
    ] {
        assert_eq!(Post::new(BOTH, &lines, &body).show(), want, "{lines:?} {body}");
    }
    let refusal = Post::new(BOTH, &[LIST, (version, "2099-01-01")], future()).judge().unwrap_err();
    assert_eq!(refusal.id, Some(Id::Integer(7)));
    insta::assert_snapshot!(
        refusal.error.data.unwrap().get(),
        @r#"{"requested":"2099-01-01","supported":["2025-03-26","2025-06-18","2025-11-25","2026-07-28"]}"#
    );
}

#[test]
fn the_legacy_rungs() {
    let version = "MCP-Protocol-Version";
    let initialize =
        |version: &str| legacy("initialize", json!({"protocolVersion": version, "capabilities": {}}));
    let list = || legacy("tools/list", json!({}));
    for (lines, body, want) in [
        (vec![(version, "")], initialize("2025-06-18"), "Legacy 2025-06-18"),
        (vec![(version, "")], initialize("2024-11-05"), "Legacy 2025-11-25"),
        (vec![(version, "")], initialize("2026-07-28"), "Legacy 2025-11-25"),
        (vec![(version, "2026-07-28")], initialize("2025-11-25"), "Legacy 2025-11-25"),
        (
            vec![(version, "")],
            legacy("initialize", json!({})),
            "400 -32602 `params.protocolVersion`: expected a string",
        ),
        (vec![(version, "")], list(), "Legacy 2025-03-26"),
        (vec![(version, "2025-06-18")], list(), "Legacy 2025-06-18"),
        (
            vec![(version, "2024-11-05")],
            list(),
            "400 -32600 header MCP-Protocol-Version: not a version of this server",
        ),
        (vec![(version, "2025-11-25")], legacy("prompts/list", json!({})), "200 -32601 method not found"),
        (
            vec![(version, "2025-11-25"), ("Mcp-Session-Id", "x y")],
            list(),
            "400 -32600 header Mcp-Session-Id: expected 1 to 1024 visible ASCII characters, once",
        ),
    ] {
        assert_eq!(Post::new(BOTH, &lines, &body).show(), want, "{lines:?} {body}");
    }
    let post = Post::new(BOTH, &[(version, "2025-11-25"), ("Mcp-Session-Id", "s1")], list());
    let Ok(Accepted::Request(accepted)) = post.judge() else { panic!("expected a request") };
    assert_eq!(accepted.session.map(|id| id.as_str().to_owned()).as_deref(), Some("s1"));
}

#[test]
fn a_server_of_one_era() {
    let version = "MCP-Protocol-Version";
    let initialize = legacy("initialize", json!({"protocolVersion": "2025-11-25\u{1}"}));
    let post = Post::new(MODERN, &[(version, "")], &initialize);
    assert_eq!(post.show(), "400 -32022 unsupported protocol version");
    assert_eq!(
        post.judge().unwrap_err().error.data.unwrap().get(),
        r#"{"requested":"2025-11-25","supported":["2026-07-28"]}"#
    );
    // A legacy server must not look modern: no -32020, no -32022.
    for (lines, body, want) in [
        (vec![LIST], list(), "400 -32600 header MCP-Protocol-Version: not a version of this server"),
        (
            vec![(version, "a"), (version, "b")],
            list(),
            "400 -32600 header MCP-Protocol-Version: occurs more than once",
        ),
        (vec![(version, "")], initialize, "Legacy 2025-11-25"),
        (vec![(version, "2025-11-25")], legacy("ping", json!({})), "Legacy 2025-11-25"),
    ] {
        assert_eq!(Post::new(LEGACY, &lines, &body).show(), want, "{lines:?} {body}");
    }
}

#[test]
fn mirrored_parameters_are_the_last_rung() {
    let declared =
        [ParamHeader { header: "Region".into(), path: vec!["region".into()], kind: ParamKind::String }];
    let body = modern("tools/call", json!({"name": "a", "arguments": {"region": "eu"}}));
    for (line, want) in [
        (("mcp-param-region", "eu"), None),
        (("mcp-param-region", "us"), Some("header Mcp-Param-Region: differs from the body")),
        (
            ("mcp-param-other", "eu"),
            Some("header Mcp-Param-Region: missing, though the body has the argument"),
        ),
    ] {
        let post = Post::new(BOTH, &[CALL, ("Mcp-Name", "a"), line], &body);
        let Ok(Accepted::Request(accepted)) = post.judge() else { panic!("expected a request") };
        let refusal = judge_params(&accepted, &declared, &post.headers()).err();
        let got = refusal.map(|refusal| (refusal.status, refusal.error.code.value(), refusal.error.message));
        assert_eq!(got, want.map(|message| (400, -32020, message.to_owned())));
    }
}

#[test]
fn statuses_of_handler_errors() {
    use ErrorCode as Code;
    for (code, modern, legacy) in [
        (Code::PARSE_ERROR, 400, 400),
        (Code::INVALID_REQUEST, 400, 400),
        (Code::METHOD_NOT_FOUND, 404, 200),
        (Code::INVALID_PARAMS, 200, 200),
        (Code::INTERNAL_ERROR, 200, 200),
        (Code::MISSING_CLIENT_CAPABILITY, 400, 200),
        (Code::application(1001).unwrap(), 200, 200),
    ] {
        assert_eq!(
            (status_of(Era::Modern, code), status_of(Era::Legacy, code)),
            (modern, legacy),
            "{code:?}"
        );
    }
}

proptest! {
    #[test]
    fn never_panics(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        lines in proptest::collection::vec(("[A-Za-z-]{1,20}", proptest::collection::vec(any::<u8>(), 0..20)), 0..6),
        version in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let mut headers: HeaderLines<'_> = FRONT[..3].iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        headers.push("mcp-protocol-version", &version);
        for (name, value) in &lines {
            headers.push(name, value);
        }
        let profile = ServerProfile {
            versions: BOTH, modern_methods: &[], legacy_methods: &[], hosts: None, origins: &[], limits: JsonLimits::STRICT,
        };
        let _ = judge(&profile, "POST", &headers, &body);
    }

    /// Whatever a client writes with this crate's own builders, a server with this ladder takes.
    #[test]
    fn what_our_client_sends_is_accepted(name in "\\PC{1,40}") {
        let body = modern("tools/call", json!({"name": name, "arguments": {}}));
        let headers = crate::headers::standard_headers(ProtocolVersion::V2026_07_28, "tools/call", Some(&name));
        let mut lines: Vec<(&str, &str)> = vec![("MCP-Protocol-Version", "")];
        lines.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        prop_assert_eq!(Post::new(BOTH, &lines, &body).show(), "Modern 2026-07-28");
    }
}
