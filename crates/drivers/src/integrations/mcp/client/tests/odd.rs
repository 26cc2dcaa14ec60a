//! Eight odd upstreams that were seen in the wild, and what era detection makes of each.

use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::server::ProtocolPin;

use super::{Bench, dispatch, error, http, json, legacy, method, tenant};
use crate::egress::scripted::{Received, Step};

const NO_TOOLS: &str = r#"{"tools":[]}"#;

/// Answers `server/discover` in its odd way, and is a legacy server otherwise.
async fn odd(discovered: impl Fn(&Received) -> Vec<Step> + Send + Sync + 'static) -> Bench {
    let rest = legacy(|received| json(received, NO_TOOLS));
    Bench::new(move |number, received| match method(received).as_str() {
        "server/discover" => discovered(received),
        _ => rest(number, received),
    })
    .await
}

async fn version(bench: &Bench) -> Result<String, Code> {
    bench.discover().await.map(|found| found.protocol_version).map_err(|failure| {
        assert!(!failure.may_have_acted, "{failure}");
        failure.code
    })
}

#[tokio::test]
async fn seven_fall_back_to_the_legacy_handshake() {
    let legacy_only = r#"{"supportedVersions":["2025-06-18"],"capabilities":{}}"#;
    let unsupported = |received: &Received| {
        let body = r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32022,"message":"no","data":{"supported":["2025-11-25"],"requested":"2026-07-28"}}}"#;
        http(400, "application/json", &body.replace("ID", &received.json()["id"].to_string()))
    };
    let id_null = r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: Server not initialized"},"id":null}"#;
    for (what, bench) in [
        ("discovers legacy versions only", odd(move |received| json(received, legacy_only)).await),
        ("refuses the version, names legacy ones", odd(unsupported).await),
        ("400 with garbage", odd(|_| http(400, "text/plain", "what?")).await),
        ("404 and nothing", odd(|_| http(404, "text/plain", "")).await),
        ("200 with a page", odd(|_| http(200, "text/html", "<html>")).await),
        ("500", odd(|_| http(500, "text/plain", "")).await),
        ("error without id", odd(move |_| http(400, "application/json", id_null)).await),
    ] {
        assert_eq!(version(&bench).await.as_deref(), Ok("2025-06-18"), "{what}");
        assert_eq!(
            bench.methods(),
            ["server/discover", "initialize", "notifications/initialized", "tools/list"]
        );
    }
}

#[tokio::test]
async fn an_upstream_that_wants_credentials_gets_no_other_era() {
    for status in [401, 403] {
        let bench = odd(move |_| http(status, "text/plain", "")).await;
        assert_eq!(version(&bench).await, Err(codes::UPSTREAM_UNAUTHORIZED));
        assert_eq!(bench.methods(), ["server/discover"]);
    }
}

#[tokio::test]
async fn what_cannot_be_spoken_with_is_said_plainly() {
    for (status, code) in
        [(302, codes::UPSTREAM_REDIRECT), (429, codes::UPSTREAM_ERROR), (503, codes::UPSTREAM_ERROR)]
    {
        let bench = Bench::new(move |_, _| http(status, "text/plain", "")).await;
        assert_eq!(version(&bench).await, Err(code), "{status}");
    }
    let modern_refusal = Bench::new(|_, received| error(received, 400, -32020)).await;
    assert_eq!(version(&modern_refusal).await, Err(codes::UPSTREAM_INCOMPATIBLE));
    let not_mcp = Bench::new(|_, _| http(404, "text/plain", "")).await;
    assert_eq!(version(&not_mcp).await, Err(codes::UPSTREAM_INCOMPATIBLE));
    let no_handshake = Bench::new(|number, received| match method(received).as_str() {
        "notifications/initialized" => http(400, "text/plain", ""),
        _ => legacy(|_| Vec::new())(number, received),
    })
    .await;
    assert_eq!(version(&no_handshake).await, Err(codes::UPSTREAM_PROTOCOL));
}

#[tokio::test]
async fn a_pin_admits_one_version() {
    let bench = Bench::new(legacy(|received| json(received, NO_TOOLS))).await;
    let mut target = bench.target();
    for (pin, expected) in [
        (ProtocolPin::V2025_06_18, Ok("2025-06-18")),
        (ProtocolPin::V2025_11_25, Err(codes::UPSTREAM_INCOMPATIBLE)),
        (ProtocolPin::V2026_07_28, Err(codes::UPSTREAM_INCOMPATIBLE)),
    ] {
        target.pin = pin;
        let found = bench.client.discover(&tenant("a"), &target, &dispatch(2000)).await;
        let found =
            found.as_ref().map(|found| found.protocol_version.as_str()).map_err(|failure| failure.code);
        assert_eq!(found, expected, "{pin}");
    }
}
