//! The caller of the measurements: HTTP/1.1 on one kept connection, as thin as can be, so that what is measured is
//! what stands behind the address.

use std::net::SocketAddr;

use color_eyre::eyre::{ContextCompat, Result, WrapErr, bail, ensure};
use memchr::memmem;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Stands in a request's body where each call needs a number of its own.
pub(super) const NUMBER: &str = "1000000";
/// What is called.
pub(super) const TOOL: &str = "get_forecast";
/// Most bytes of an answer's head.
const MAX_HEAD: usize = 64 * 1024;

/// A request, written out, that is sent over and over.
#[derive(Clone, Debug)]
pub(super) struct Request {
    address: SocketAddr,
    text: Vec<u8>,
    /// What the answer must hold.
    expected: String,
}

impl Request {
    /// A POST of JSON with these further headers, whose answer is 200 and holds `expected`.
    pub(super) fn post(
        address: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
        expected: &str,
    ) -> Self {
        let mut text = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(body);
        Self { address, text: text.into_bytes(), expected: expected.to_owned() }
    }

    /// A call of the tool as an agent of 2026-07-28 makes it.
    pub(super) fn tools_call(address: SocketAddr, path: &str, authorization: Option<&str>) -> Self {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({ "name": TOOL, "arguments": { "city": "Zurich" }, "_meta": meta });
        let body = format!(r#"{{"jsonrpc":"2.0","id":{NUMBER},"method":"tools/call","params":{params}}}"#);
        let mut headers = vec![
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", TOOL),
        ];
        headers.extend(authorization.map(|key| ("authorization", key)));
        Self::post(address, path, &headers, &body, "light rain")
    }

    /// The same at another address: the request as it is, but for whom it is sent to.
    pub(super) fn to(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// The same with one text replaced by another of the same length: for ids that must differ.
    pub(super) fn with(&self, text: &str, by: &str) -> Self {
        let replaced = String::from_utf8_lossy(&self.text).replacen(text, by, 1);
        Self { text: replaced.into_bytes(), ..self.clone() }
    }
}

/// One kept connection.
pub(super) struct Caller {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Caller {
    pub(super) async fn connect(request: &Request) -> Result<Self> {
        let stream = TcpStream::connect(request.address).await.wrap_err("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(8192) })
    }

    /// Sends the request and reads its answer whole, which must be as expected.
    pub(super) async fn call(&mut self, request: &Request) -> Result<()> {
        let status = self.exchange(request).await?;
        if status != 200 || memmem::find(&self.buffer, request.expected.as_bytes()).is_none() {
            bail!("a call failed: {}", String::from_utf8_lossy(&self.buffer[..self.buffer.len().min(600)]));
        }
        Ok(())
    }

    /// A header of the answer that was read last.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let end = memmem::find(&self.buffer, b"\r\n\r\n")?;
        header(std::str::from_utf8(&self.buffer[..end]).ok()?, name)
    }

    /// Sends the request and reads its answer whole: its status.
    pub(super) async fn exchange(&mut self, request: &Request) -> Result<u16> {
        self.stream.write_all(&request.text).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            ensure!(self.buffer.len() < MAX_HEAD, "the answer's head has no end");
            self.read().await?;
        };
        let (status, length) = read_head(&self.buffer[..head])?;
        match length {
            Some(length) => {
                while self.buffer.len() < head + length {
                    self.read().await?;
                }
            }
            None => {
                while !self.buffer.ends_with(b"\r\n0\r\n\r\n") {
                    self.read().await?;
                }
            }
        }
        Ok(status)
    }

    async fn read(&mut self) -> Result<()> {
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the connection ended in the middle of an answer");
        Ok(())
    }
}

/// Status, and length of the body; none if it is chunked.
fn read_head(head: &[u8]) -> Result<(u16, Option<usize>)> {
    let head = std::str::from_utf8(head).wrap_err("the answer's head is not text")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let length = match (header(head, "content-length"), header(head, "transfer-encoding")) {
        (Some(length), _) => Some(length.parse().wrap_err("content-length is no number")?),
        (None, Some("chunked")) => None,
        (None, _) => bail!("an answer without a length cannot be measured on a kept connection"),
    };
    Ok((status.wrap_err("the answer has no status")?, length))
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let cases = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", Some((200, Some(12)))),
            ("HTTP/1.1 503 Busy\r\ntransfer-encoding: chunked\r\n\r\n", Some((503, None))),
            ("HTTP/1.1 200 OK\r\n\r\n", None),
            ("nonsense", None),
        ];
        for (head, expected) in cases {
            assert_eq!(read_head(head.as_bytes()).ok(), expected, "{head}");
        }
    }

    #[test]
    fn an_id_is_replaced_in_place() {
        let address = "127.0.0.1:1".parse().unwrap();
        let request = Request::post(address, "/mcp", &[("x", "y")], r#"{"id":1000000}"#, "ok");
        let text = String::from_utf8(request.with("1000000", "1000042").text).unwrap();
        assert!(text.contains("content-length: 14") && text.ends_with(r#"{"id":1000042}"#), "{text}");
    }
}
