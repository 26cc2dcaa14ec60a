//! Requests as bytes and answers as bytes, head included: what a client library would tidy up is looked at too.

use color_eyre::eyre::{Result, WrapErr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// One request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// After `Bearer `.
    pub(crate) key: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a str,
}

/// The whole answer to it, from the server at `address`.
pub(crate) async fn ask(address: &str, request: &Request<'_>) -> Result<Vec<u8>> {
    let Request { method, path, key, headers, body } = request;
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    if !key.is_empty() {
        text.push_str(&format!("authorization: Bearer {key}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    }
    for (name, value) in *headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("\r\n{body}"));
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(text.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answered = tokio::time::timeout(PATIENCE, exchange).await;
    answered.wrap_err("no answer in time")?.wrap_err("no answer")
}

/// What stands at this path.
pub(crate) async fn get(address: &str, path: &str) -> Result<Vec<u8>> {
    ask(address, &Request { method: "GET", path, ..Request::default() }).await
}

/// The body of an answer, without the sizes of chunks, which would cut in two what is looked for.
pub(crate) fn body_of(answer: &[u8]) -> Vec<u8> {
    let Some(end) = memchr::memmem::find(answer, b"\r\n\r\n") else { return Vec::new() };
    let (head, mut rest) = (String::from_utf8_lossy(&answer[..end]).to_lowercase(), &answer[end + 4..]);
    if !head.contains("transfer-encoding: chunked") {
        return rest.to_vec();
    }
    let mut body = Vec::new();
    while let Some(line) = memchr::memmem::find(rest, b"\r\n") {
        let size = std::str::from_utf8(&rest[..line]).ok();
        let size = size.and_then(|size| usize::from_str_radix(size, 16).ok()).unwrap_or_default();
        let from = (line + 2).min(rest.len());
        let to = from.saturating_add(size).min(rest.len());
        body.extend_from_slice(&rest[from..to]);
        rest = &rest[to.saturating_add(2).min(rest.len())..];
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_put_together_from_its_chunks() {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (answer, body) in [
            ("HTTP/1.1 200 OK\r\n\r\n3\r\nabc".to_owned(), "3\r\nabc"),
            (
                format!("{chunked}3\r\nabc\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n"),
                "abcabcdefghijklmnopqrstuvwxyz",
            ),
            (format!("{chunked}5\r\nabc"), "abc"),
            ("HTTP/1.1 200 OK\r\n".to_owned(), ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&body_of(answer.as_bytes())), body, "{answer}");
        }
    }
}
