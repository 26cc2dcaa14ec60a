//! The suite of [`Egress`], for one without waivers: what must be refused. It opens nothing.

use bytes::Bytes;
use portcullis_schemas::codes;
use portcullis_schemas::egress::{
    Egress, EgressError, EgressLimits, EgressPurpose, EgressRequest, EgressStage, HttpMethod,
};

use crate::fixtures;

/// URLs that no gateway may open by default. None of them needs a name to be resolved.
const REFUSED: &[&str] = &[
    // scheme and form
    "",
    "mcp.example",
    "//mcp.example/",
    "http://mcp.example/",
    "ftp://mcp.example/",
    "file:///etc/passwd",
    "gopher://mcp.example/",
    "javascript:alert(1)",
    "https://",
    "https:///path",
    "https://user:hunter2@mcp.example/",
    "https://mcp.example\\@evil.example/",
    "https://mcp.example /",
    "https://mcp.example/\r\nX-Evil: 1",
    "https://mcp.example/\u{0}",
    "https://mcp.exam\u{200b}ple/",
    "https://bücher.example/",
    // addresses
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://168.63.129.16/",
    "https://8.8.8.8/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[64:ff9b::7f00:1]/",
    // special names and ports
    "https://localhost/",
    "https://LOCALHOST/",
    "https://a.localhost/",
    "https://localhost./",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://mcp.example:22/",
    "https://mcp.example:0/",
];

/// What is refused is refused before anything is opened, by `judge` and `send` alike, and says nothing of the URL.
pub async fn egress(egress: &dyn Egress) {
    let tenant = fixtures::tenant(1);
    let too_long = format!("https://mcp.example/{}", "a".repeat(2048));
    for url in REFUSED.iter().copied().chain([too_long.as_str()]) {
        match egress.judge(&tenant, url).await {
            Ok(_) => panic!("judging {url:?} must be refused"),
            Err(error) => expect_refusal(&error, url),
        }
        match egress.send(&tenant, request(url)).await {
            Ok(_) => panic!("sending to {url:?} must be refused"),
            Err(error) => expect_refusal(&error, url),
        }
    }
}

fn expect_refusal(error: &EgressError, url: &str) {
    assert_eq!((error.stage, error.code), (EgressStage::Judged, codes::EGRESS_REFUSED), "refusing {url:?}");
    assert!(!error.may_have_acted(), "a refused URL has been sent nothing");
    assert!(!error.detail.is_empty(), "a refusal names its rule");
    let leaks = error.detail.contains("hunter2") || (url.len() > 3 && error.detail.contains(url));
    assert!(!leaks, "a refusal does not repeat the URL");
}

fn request(url: &str) -> EgressRequest {
    EgressRequest {
        purpose: EgressPurpose::McpServer,
        method: HttpMethod::Post,
        url: url.to_owned(),
        headers: Vec::new(),
        body: Bytes::from_static(b"{}"),
        limits: EgressLimits::default(),
    }
}
