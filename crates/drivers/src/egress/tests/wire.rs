//! The egress against an upstream that misbehaves, on loopback by a waived origin.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::egress::{
    Egress, EgressError, EgressLimits, EgressPurpose, EgressRequest, EgressResponse, EgressStage,
    HeaderValue, HttpMethod,
};
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::secret::Secret;

use super::TableResolver;
use crate::egress::scripted::{Scripted, Step, chunked, http, http_with, unfinished};
use crate::egress::{EgressRules, HyperEgress, TlsRoots};

fn egress(upstream: &Scripted) -> HyperEgress {
    HyperEgress::new(EgressRules::waiving([upstream.origin()]).unwrap(), TlsRoots::mozilla()).unwrap()
}

fn tenant(name: &str) -> TenantId {
    TenantId::from_trusted(name).unwrap()
}

fn request(url: &str) -> EgressRequest {
    EgressRequest {
        purpose: EgressPurpose::McpServer,
        method: HttpMethod::Post,
        url: url.to_owned(),
        headers: vec![("x-a".to_owned(), HeaderValue::Plain("1".to_owned()))],
        body: Bytes::from_static(b"{}"),
        limits: EgressLimits {
            connect: Duration::from_millis(200),
            headers: Duration::from_millis(150),
            total: Duration::from_millis(300),
            body_bytes: 1000,
        },
    }
}

async fn text(mut response: EgressResponse) -> Result<String, EgressError> {
    let mut text = Vec::new();
    while let Some(chunk) = response.body.next_chunk().await? {
        text.extend_from_slice(&chunk);
    }
    response.body.reuse();
    Ok(String::from_utf8(text).unwrap())
}

async fn fetch(egress: &HyperEgress, who: &str, url: &str) -> Result<String, EgressError> {
    text(egress.send(&tenant(who), request(url)).await?).await
}

#[tokio::test]
async fn sends_what_was_asked_under_the_judged_name() {
    let upstream = Scripted::start(|_, _| http_with(200, &[("X-B", "2"), ("x-c", "\u{e9}")], "hi")).await;
    let origin = format!("http://upstream.internal:{}", upstream.port);
    let resolver = Arc::new(TableResolver::of(&[("upstream.internal", &["127.0.0.1", "127.0.0.9"])]));
    let egress = HyperEgress::new(EgressRules::waiving([&origin]).unwrap(), TlsRoots::mozilla()).unwrap();
    let egress = egress.with_resolver(resolver.clone());
    let response = egress.send(&tenant("a"), request(&format!("{origin}/p?q=1#f"))).await.unwrap();
    assert_eq!((response.status, response.header("x-b"), response.header("x-c")), (200, Some("2"), None));
    assert_eq!(text(response).await.unwrap(), "hi");
    assert_eq!(resolver.lookups(), 1);
    let seen = &upstream.seen()[0];
    assert!(seen.head.starts_with("POST /p?q=1 HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!(seen.header("host"), Some(format!("upstream.internal:{}", upstream.port).as_str()));
    assert_eq!((seen.header("accept-encoding"), seen.header("x-a")), (Some("identity"), Some("1")));
    assert_eq!(seen.body, "{}");
}

#[tokio::test]
async fn connections_are_reused_by_their_tenant_alone() {
    let upstream = Scripted::start(|_, _| chunked("text/plain", &["a".into(), "b".into()])).await;
    let egress = egress(&upstream);
    for who in ["a", "a", "a", "b", "a"] {
        assert_eq!(fetch(&egress, who, &upstream.url()).await.unwrap(), "ab");
    }
    assert_eq!((upstream.seen().len(), upstream.connections()), (5, 2));
}

#[tokio::test]
async fn a_pooled_connection_that_the_upstream_closed_is_replaced() {
    let upstream = Scripted::start(|_, _| {
        let mut steps = http(200, "text/plain", "x");
        steps.push(Step::Close);
        steps
    })
    .await;
    let egress = egress(&upstream);
    for _ in 0..20 {
        assert_eq!(fetch(&egress, "a", &upstream.url()).await.unwrap(), "x");
        tokio::task::yield_now().await;
    }
    assert_eq!(upstream.seen().len(), 20, "no request was sent twice");
}

#[tokio::test]
async fn a_body_that_is_not_read_to_its_end_closes_the_connection() {
    let upstream = Scripted::start(|_, _| {
        let mut steps = unfinished("text/plain", &["a".into()]);
        steps.push(Step::Hang);
        steps
    })
    .await;
    let egress = egress(&upstream);
    let mut response = egress.send(&tenant("a"), request(&upstream.url())).await.unwrap();
    assert_eq!(response.body.next_chunk().await.unwrap().unwrap(), "a");
    drop(response);
    upstream.hangups(1).await;
}

#[tokio::test]
async fn headers_cannot_be_injected_or_taken_over() {
    let upstream = Scripted::start(|_, _| http(200, "text/plain", "")).await;
    let egress = egress(&upstream);
    for (name, value) in [
        ("x-a", "1\r\nx-evil: 1"),
        ("x-a", "caf\u{e9}"),
        ("x-a", "a\tb"),
        ("x a", "1"),
        ("Host", "evil.example"),
        ("content-length", "3"),
        ("Transfer-Encoding", "chunked"),
        ("accept-encoding", "gzip"),
    ] {
        for value in
            [HeaderValue::Plain(value.to_owned()), HeaderValue::Secret(Secret::new(value.to_owned()))]
        {
            let mut request = request(&upstream.url());
            request.headers = vec![(name.to_owned(), value)];
            assert_eq!(egress.send(&tenant("a"), request).await.unwrap_err(), EgressError::refused("header"));
        }
    }
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn a_hostile_answer_fails_with_its_stage_and_code() {
    use EgressStage::{Body, Exchange, Unanswered};
    let send = |text: String| vec![Step::Send(text.into_bytes())];
    let closing = |mut steps: Vec<Step>| {
        steps.push(Step::Close);
        steps
    };
    let rows: Vec<(&str, Vec<Step>, EgressStage, Code)> = vec![
        ("nothing", vec![Step::Close], Unanswered, codes::UPSTREAM_PROTOCOL),
        ("silence", vec![Step::Hang], Exchange, codes::UPSTREAM_TIMEOUT),
        ("slow head", vec![Step::Trickle(vec![b'H'; 100])], Exchange, codes::UPSTREAM_TIMEOUT),
        ("not http", send("SSH-2.0-x\r\n\r\n".into()), Exchange, codes::UPSTREAM_PROTOCOL),
        (
            "101 lines",
            send(format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(101))),
            Exchange,
            codes::UPSTREAM_PROTOCOL,
        ),
        (
            "64 KiB line",
            send(format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(70_000))),
            Exchange,
            codes::UPSTREAM_PROTOCOL,
        ),
        (
            "two framings",
            send(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n".into(),
            ),
            Exchange,
            codes::UPSTREAM_PROTOCOL,
        ),
        ("coding", http_with(200, &[("content-encoding", "gzip")], "x"), Exchange, codes::UPSTREAM_PROTOCOL),
        (
            "upgrade",
            send("HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n".into()),
            Exchange,
            codes::UPSTREAM_PROTOCOL,
        ),
        (
            "declared too large",
            send(format!("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n{}", "x".repeat(1001))),
            Body,
            codes::UPSTREAM_TOO_LARGE,
        ),
        (
            "more than declared",
            send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabc".into()),
            Exchange,
            codes::UPSTREAM_PROTOCOL,
        ),
        (
            "interim answers without end",
            send("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(11)),
            Exchange,
            codes::UPSTREAM_PROTOCOL,
        ),
        ("bare line feeds", send("HTTP/1.1 200 OK\n\n".into()), Exchange, codes::UPSTREAM_PROTOCOL),
        ("too large", chunked("text/plain", &vec!["x".repeat(100); 11]), Body, codes::UPSTREAM_TOO_LARGE),
        (
            "cut",
            closing(send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc".into())),
            Body,
            codes::UPSTREAM_PROTOCOL,
        ),
        (
            "endless",
            {
                let mut steps = unfinished("text/plain", &["a".into()]);
                steps.push(Step::Hang);
                steps
            },
            Body,
            codes::UPSTREAM_TIMEOUT,
        ),
    ];
    for (what, steps, stage, code) in rows {
        let upstream = Scripted::start(move |_, _| steps.clone()).await;
        let started = std::time::Instant::now();
        let error = fetch(&egress(&upstream), "a", &upstream.url()).await.unwrap_err();
        assert_eq!((error.stage, error.code), (stage, code), "{what}: {error}");
        assert!(error.may_have_acted(), "{what}");
        assert!(started.elapsed() < Duration::from_secs(1), "{what}");
    }
}

#[tokio::test]
async fn redirects_are_handed_back() {
    let upstream = Scripted::start(|_, _| http_with(302, &[("location", "http://127.0.0.1:1/")], "")).await;
    let response = egress(&upstream).send(&tenant("a"), request(&upstream.url())).await.unwrap();
    assert_eq!((response.status, upstream.seen().len()), (302, 1));
}

#[tokio::test]
async fn what_is_refused_or_unreachable_has_not_acted() {
    let upstream = Scripted::start(|_, _| vec![Step::Hang]).await;
    let tls_origin = format!("https://127.0.0.1:{}", upstream.port);
    let rules = EgressRules::waiving(["http://127.0.0.1:1", &tls_origin]).unwrap();
    let resolver = TableResolver::of(&[("inner.example.com", &["127.0.0.1"])]);
    let egress = HyperEgress::new(rules, TlsRoots::mozilla()).unwrap().with_resolver(Arc::new(resolver));
    for (url, code, detail) in [
        (upstream.url().as_str(), codes::EGRESS_REFUSED, "scheme"),
        ("https://inner.example.com/", codes::EGRESS_REFUSED, "addr"),
        ("https://absent.example.com/", codes::UPSTREAM_UNREACHABLE, "dns_fail"),
        ("http://127.0.0.1:1/", codes::UPSTREAM_UNREACHABLE, "the connection was refused"),
        (&tls_origin, codes::UPSTREAM_TIMEOUT, "no connection within the deadline"),
    ] {
        let error = fetch(&egress, "a", url).await.unwrap_err();
        assert_eq!(
            (error.code, error.detail.as_str(), error.may_have_acted()),
            (code, detail, false),
            "{url}"
        );
    }
    assert_eq!(
        egress.judge(&tenant("a"), "https://inner.example.com/").await,
        Err(EgressError::refused("addr"))
    );
    assert_eq!(
        egress.judge(&tenant("a"), "HTTP://127.0.0.1:1?q#f").await,
        Ok("http://127.0.0.1:1/?q".to_owned())
    );
    assert_eq!(upstream.seen().len(), 0);
}
