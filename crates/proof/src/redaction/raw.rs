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
