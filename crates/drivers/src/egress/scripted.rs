//! An upstream on loopback that does exactly what a test says, byte by byte.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn verb(&self) -> &str {
        self.head.split(' ').next().unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// What the upstream does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Vec<u8>),
    /// One byte every 20 ms.
    Trickle(Vec<u8>),
    /// Waits until this many requests have arrived.
    Until(usize),
    /// Waits until the other side hangs up.
    Hang,
    Close,
}

pub(crate) struct Scripted {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
    hangups: Arc<AtomicUsize>,
}

type Script = Arc<dyn Fn(usize, &Received) -> Vec<Step> + Send + Sync>;

impl Scripted {
    /// Serves plain HTTP. The script gets each request with its number.
    pub(crate) async fn start(
        script: impl Fn(usize, &Received) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        Self::serve(None, Arc::new(script)).await
    }

    pub(crate) async fn start_tls(
        acceptor: TlsAcceptor,
        script: impl Fn(usize, &Received) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        Self::serve(Some(acceptor), Arc::new(script)).await
    }

    async fn serve(acceptor: Option<TlsAcceptor>, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let upstream =
            Self { port, seen: Arc::default(), connections: Arc::default(), hangups: Arc::default() };
        let (seen, connections, hangups) =
            (upstream.seen.clone(), upstream.connections.clone(), upstream.hangups.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (seen, hangups, script, acceptor) =
                    (seen.clone(), hangups.clone(), script.clone(), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => talk(stream, &seen, &hangups, &script).await,
                        Some(acceptor) => {
                            let Ok(stream) = acceptor.accept(stream).await else { return };
                            talk(stream, &seen, &hangups, &script).await;
                        }
                    }
                });
            }
        });
        upstream
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/mcp", self.origin())
    }

    pub(crate) fn seen(&self) -> Vec<Received> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits until this many `Hang`s have ended by the other side.
    pub(crate) async fn hangups(&self, wanted: usize) {
        until(|| self.hangups.load(Ordering::SeqCst) >= wanted).await;
    }

    /// Waits until this many requests have arrived.
    pub(crate) async fn requests(&self, wanted: usize) -> Vec<Received> {
        until(|| self.seen.lock().unwrap().len() >= wanted).await;
        self.seen()
    }
}

/// Yields until the condition holds; fails the test after 2 s.
pub(crate) async fn until(condition: impl Fn() -> bool + Send + Sync) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(2), waiting).await.expect("the condition holds within 2 s");
}

/// A complete answer.
pub(crate) fn http(status: u16, content_type: &str, body: &str) -> Vec<Step> {
    http_with(status, &[("content-type", content_type)], body)
}

pub(crate) fn http_with(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<Step> {
    let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    vec![Step::Send(format!("{text}\r\n{body}").into_bytes())]
}

/// A chunked answer, one chunk for each piece, and its end.
pub(crate) fn chunked(content_type: &str, pieces: &[String]) -> Vec<Step> {
    let mut steps = unfinished(content_type, pieces);
    steps.push(Step::Send(b"0\r\n\r\n".to_vec()));
    steps
}

/// A chunked answer whose end has not come.
pub(crate) fn unfinished(content_type: &str, pieces: &[String]) -> Vec<Step> {
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n");
    std::iter::once(Step::Send(head.into_bytes())).chain(pieces.iter().map(|piece| chunk(piece))).collect()
}

/// One more chunk.
pub(crate) fn chunk(piece: &str) -> Step {
    Step::Send(format!("{:x}\r\n{piece}\r\n", piece.len()).into_bytes())
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    seen: &Mutex<Vec<Received>>,
    hangups: &AtomicUsize,
    script: &Script,
) {
    while let Some(received) = receive(&mut stream).await {
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(received.clone());
            seen.len() - 1
        };
        for step in script(number, &received) {
            let sent = match step {
                Step::Send(bytes) => stream.write_all(&bytes).await,
                Step::Trickle(bytes) => trickle(&mut stream, &bytes).await,
                Step::Until(wanted) => {
                    until(|| seen.lock().unwrap().len() >= wanted).await;
                    Ok(())
                }
                Step::Hang => {
                    while stream.read_u8().await.is_ok() {}
                    hangups.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                Step::Close => return,
            };
            if sent.is_err() || stream.flush().await.is_err() {
                hangups.fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
    }
}

async fn trickle<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> std::io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn receive<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Received> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let mut received = Received { head: String::from_utf8(head).unwrap(), body: String::new() };
    let length = received.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    received.body = String::from_utf8(body).unwrap();
    Some(received)
}
