//! What villains say: well-formed answers as bytes, to be sent as they are or spoilt.

use std::sync::Arc;

use portcullis_mcp::sse;
use serde_json::{Value, json};

use super::villain::{Asked, Script, Step};

/// Stands in a list for the villain's own host and port.
pub(super) const HERE: &str = "villain.here";
/// The tool that most of them have.
pub(super) const TOOL: &str = "get_report";
/// A result that nobody objects to.
pub(super) const DONE: &str = r#"{"resultType":"complete","content":[{"type":"text","text":"all is well"}]}"#;

/// How a villain speaks MCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Era {
    Modern,
    Legacy,
}

/// The era's name, for reports.
impl std::fmt::Display for Era {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Modern => "modern",
            Self::Legacy => "legacy",
        })
    }
}

/// A definition that an admin would approve.
pub(super) fn definition(name: &str) -> Value {
    json!({
        "name": name,
        "description": "A report.",
        "inputSchema": {
            "type": "object",
            "properties": { "of": { "type": "string", "maxLength": 64 } },
            "additionalProperties": false,
        },
        "annotations": { "readOnlyHint": true },
    })
}

/// Handshake and list as a correct server does them; calls as the script says, or soundly until it has turned.
pub(super) fn server(
    era: Era,
    tools: Vec<Value>,
    call: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static,
) -> Script {
    Arc::new(move |asked, turned| match asked.method() {
        "tools/call" if turned => call(asked),
        _ => honest(era, &tools, asked),
    })
}

/// The answer of a correct server.
pub(super) fn honest(era: Era, tools: &[Value], asked: &Asked) -> Vec<Step> {
    let modern = era == Era::Modern;
    match asked.method() {
        "server/discover" if modern => result(
            asked,
            &json!({
                "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": { "tools": {} },
                "ttlMs": 0, "cacheScope": "private",
            }),
        ),
        "server/discover" => http("404 Not Found", "text/plain", b""),
        "initialize" => {
            let about = json!({
                "protocolVersion": "2025-11-25", "capabilities": { "tools": {} },
                "serverInfo": { "name": "reports", "version": "1" },
            });
            let id = format!("mcp-session-id: {}\r\n", session());
            http_with("200 OK", "application/json", &id, response(asked, &about.to_string()).as_bytes())
        }
        "tools/list" => {
            let here = asked.header("host").unwrap_or_default();
            json_answer(&response(asked, &list(tools).to_string().replace(HERE, here)))
        }
        "tools/call" => json_answer(&response(asked, DONE)),
        "" => http("202 Accepted", "application/json", b""),
        method if method.starts_with("notifications/") => http("202 Accepted", "application/json", b""),
        _ => result(asked, &json!({ "resultType": "complete" })),
    }
}

/// Every session has an id of its own.
fn session() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("session-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(super) fn list(tools: &[Value]) -> Value {
    json!({ "resultType": "complete", "tools": tools, "ttlMs": 0, "cacheScope": "private" })
}

/// A response to this request with this raw result.
pub(super) fn response(asked: &Asked, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, asked.id())
}

/// A text as a result.
pub(super) fn text(text: &str) -> Value {
    content(json!({ "type": "text", "text": text }))
}

/// One block as a result.
pub(super) fn content(block: Value) -> Value {
    json!({ "resultType": "complete", "content": [block] })
}

pub(super) fn result(asked: &Asked, value: &Value) -> Vec<Step> {
    json_answer(&response(asked, &value.to_string()))
}

/// A JSON body, whatever it says.
pub(super) fn json_answer(body: &str) -> Vec<Step> {
    http("200 OK", "application/json", body.as_bytes())
}

pub(super) fn http(status: &str, media_type: &str, body: &[u8]) -> Vec<Step> {
    http_with(status, media_type, "", body)
}

/// With further header lines, each with its end.
pub(super) fn http_with(status: &str, media_type: &str, lines: &str, body: &[u8]) -> Vec<Step> {
    vec![Step::Send([head(status, media_type, lines, body.len()).as_bytes(), body].concat())]
}

/// A head that declares this length.
pub(super) fn head(status: &str, media_type: &str, lines: &str, length: usize) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n{lines}\r\n")
}

/// The head of a body that is sent in chunks.
pub(super) fn chunked_head(media_type: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ntransfer-encoding: chunked\r\n\r\n")
        .into_bytes()
}

pub(super) fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// The end of a chunked body.
pub(super) const LAST: &[u8] = b"0\r\n\r\n";

/// An event stream of these messages, in one piece.
pub(super) fn stream(messages: &[String]) -> Vec<Step> {
    let events: Vec<u8> =
        messages.iter().flat_map(|message| sse::encode(Some("message"), None, message)).collect();
    events_answer(&events)
}

/// An event stream of these bytes.
pub(super) fn events_answer(events: &[u8]) -> Vec<Step> {
    let head = chunked_head("text/event-stream");
    vec![Step::Send([head, chunk(events), LAST.to_vec()].concat())]
}

/// The messages of an answer: one, or those of an event stream.
pub(super) fn messages(answer: &str) -> Vec<Value> {
    if let Ok(message) = serde_json::from_str(answer) {
        return vec![message];
    }
    let events = answer.lines().filter_map(|line| line.strip_prefix("data:"));
    events.filter_map(|data| serde_json::from_str(data).ok()).collect()
}
