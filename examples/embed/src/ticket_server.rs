//! A small MCP server (2026-07-28, Streamable HTTP with plain JSON answers) for the example to call. It stands for
//! somebody else's server, so it knows nothing of Portcullis; it takes shortcuts that a public one must not take.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const VERSION: &str = "2026-07-28";
const MAX_BODY: usize = 64 * 1024;

/// A running server; it ends with the process.
pub struct TicketServer {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
}

impl TicketServer {
    /// Starts on a free port of the loopback. Callers must show this token.
    pub async fn start(token: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let calls = Arc::new(AtomicUsize::new(0));
        let (authorization, counter) = (format!("Bearer {token}"), Arc::clone(&calls));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A broken connection is the client's affair.
                tokio::spawn(serve(stream, authorization.clone(), Arc::clone(&counter)));
            }
        });
        Ok(Self { address, calls })
    }

    /// Its origin, for the operator's waiver.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its endpoint.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Tool calls that have reached it.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

struct Request {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

async fn serve(stream: TcpStream, authorization: String, calls: Arc<AtomicUsize>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await? {
        let (status, body) = answer(&request, &authorization, &calls);
        let (body, kind) = (body.to_string(), "Content-Type: application/json");
        let head = format!("HTTP/1.1 {status}\r\n{kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await?;
    }
    Ok(())
}

/// The next request of a connection; none when the client has closed it.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if line.trim().is_empty() {
            break;
        }
        lines.push(line);
    }
    let headers = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
    let mut request = Request { headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    if length > MAX_BODY {
        return Err(io::Error::other("the body is too large"));
    }
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}

fn answer(request: &Request, authorization: &str, calls: &AtomicUsize) -> (&'static str, Value) {
    let message: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let reply = |member: &str, value: Value| json!({ "jsonrpc": "2.0", "id": message["id"], member: value });
    let error = |code: i32, text: &str| reply("error", json!({ "code": code, "message": text }));
    if request.header("authorization") != Some(authorization) {
        return ("401 Unauthorized", error(-1, "expected the token"));
    }
    if request.header("mcp-protocol-version") != Some(VERSION) {
        return ("400 Bad Request", error(-32022, "expected 2026-07-28"));
    }
    let result = match message["method"].as_str() {
        Some("server/discover") => json!({
            "resultType": "complete", "supportedVersions": [VERSION], "capabilities": { "tools": {} },
            "ttlMs": 0, "cacheScope": "private",
        }),
        Some("tools/list") => json!({
            "resultType": "complete", "tools": [tool("get_ticket", "Reads"), tool("close_ticket", "Closes")],
            "ttlMs": 0, "cacheScope": "private",
        }),
        Some("tools/call") => {
            calls.fetch_add(1, Ordering::SeqCst);
            let ticket = &message["params"]["arguments"]["ticket"];
            let text = format!("ticket {ticket}: the printer on floor 3 is on fire");
            json!({ "resultType": "complete", "content": [{ "type": "text", "text": text }] })
        }
        _ => return ("404 Not Found", error(-32601, "expected a method of a tools server")),
    };
    ("200 OK", reply("result", result))
}

fn tool(name: &str, verb: &str) -> Value {
    json!({
        "name": name,
        "description": format!("{verb} a ticket."),
        "inputSchema": {
            "type": "object",
            "properties": { "ticket": { "type": "integer", "minimum": 1 } },
            "required": ["ticket"],
            "additionalProperties": false,
        },
    })
}
