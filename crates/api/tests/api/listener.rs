//! The listener over real sockets on loopback.

use std::future::Future;
use std::time::Duration;

use portcullis_api::{ServeLimits, serve_with};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::{World, reply};

/// A listener that serves until the sender is used or dropped.
async fn served(world: &World, limits: ServeLimits) -> (TcpStream, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        let _ = stopped.await;
    };
    let server = tokio::spawn(serve_with(limits, listener, world.router.clone(), shutdown));
    (TcpStream::connect(address).await.unwrap(), stop, server)
}

fn invoke(key: &str, server: &str, tool: &str) -> String {
    format!(
        "POST /integrations/mcp-servers/{server}/tools/{tool}/invoke HTTP/1.1\r\nhost: localhost\r\n\
         authorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
    )
}

/// Lets the runtime work until the condition holds.
async fn until(condition: impl Fn() -> bool + Send + Sync) {
    let reached = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    within(reached).await;
}

/// Fails loudly instead of hanging; the limit is no part of what is tested.
async fn within<T>(work: impl Future<Output = T> + Send) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("it hangs")
}

async fn everything(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = within(stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_its_call() {
    let world = World::new().await;
    let (server, tool) = world.tool(&world.key).await;
    world.mcp.hang_call();
    let (mut stream, _stop, _) = served(&world, ServeLimits::default()).await;
    stream.write_all(invoke(&world.key, &server, &tool).as_bytes()).await.unwrap();
    until(|| world.mcp.exchanges().len() == 2).await;
    assert_eq!(world.mcp.dropped(), 0);
    drop(stream);
    until(|| world.mcp.dropped() == 1).await;
}

#[tokio::test]
async fn a_shutdown_lets_open_requests_end() {
    let world = World::new().await;
    let (server, tool) = world.tool(&world.key).await;
    let held = world.mcp.hold_call(reply(r#"{"content":[]}"#));
    let (mut stream, stop, listener) = served(&world, ServeLimits::default()).await;
    stream.write_all(invoke(&world.key, &server, &tool).as_bytes()).await.unwrap();
    until(|| world.mcp.exchanges().len() == 2).await;
    let address = stream.peer_addr().unwrap();
    stop.send(()).unwrap();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    held.notify_one();
    let answer = everything(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains(r#"{"content":[]}"#), "{answer}");
    assert!(
        answer.to_ascii_lowercase().contains("connection: close"),
        "nothing more goes this way: {answer}"
    );
    within(listener).await.unwrap();
}

#[tokio::test]
async fn heads_are_bounded_in_lines_bytes_and_time() {
    let world = World::new().await;
    let limits = ServeLimits { head: Duration::from_millis(100), head_bytes: 8192, ..ServeLimits::default() };
    let many = "x: y\r\n".repeat(limits.header_lines + 1);
    let long = format!("x: {}\r\n", "y".repeat(limits.head_bytes));
    for lines in [many, long] {
        let (mut stream, _stop, _) = served(&world, limits).await;
        let head = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n");
        let _ = stream.write_all(head.as_bytes()).await;
        let answer = everything(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    let (mut stream, _stop, _) = served(&world, limits).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: loc").await.unwrap();
    let answer = everything(&mut stream).await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_their_turn() {
    let world = World::new().await;
    let limits = ServeLimits { connections: 1, ..ServeLimits::default() };
    let (mut first, _stop, _) = served(&world, limits).await;
    let get = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut answer = [0_u8; 12];
    first.write_all(get).await.unwrap();
    within(first.read_exact(&mut answer)).await.unwrap();
    let mut second = TcpStream::connect(first.peer_addr().unwrap()).await.unwrap();
    second.write_all(get).await.unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(50), second.readable()).await;
    assert!(waits.is_err(), "it was served beyond the limit");
    drop(first);
    within(second.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}
