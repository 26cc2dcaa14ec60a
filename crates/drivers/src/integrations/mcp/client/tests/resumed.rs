//! Streams of legacy servers that end before the response.

use portcullis_schemas::codes;

use super::{Bench, DONE, Received, event, json, legacy, method, response};
use crate::egress::scripted::{Step, chunked, http, unfinished};

/// The streams of one call: what the POST is answered with, then each GET.
async fn streams(parts: &'static [&'static str], cut: bool) -> Bench {
    let call = std::sync::Mutex::new(String::new());
    let gets = std::sync::atomic::AtomicUsize::new(0);
    Bench::new(legacy(move |received| {
        if method(received) == "tools/call" {
            *call.lock().unwrap() = response(received, DONE);
            return part(parts[0], "", cut);
        }
        let number = gets.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        match parts.get(number) {
            Some(text) => part(text, &call.lock().unwrap(), false),
            None => http(405, "text/plain", ""),
        }
    }))
    .await
}

fn part(text: &str, answer: &str, cut: bool) -> Vec<Step> {
    let text = text.replace("ANSWER", &event(answer));
    if !cut {
        return chunked("text/event-stream", &[text]);
    }
    let mut steps = unfinished("text/event-stream", &[text]);
    steps.push(Step::Close);
    steps
}

fn asked(bench: &Bench) -> Vec<(Option<String>, Option<String>)> {
    let gets = bench.upstream.seen().into_iter().filter(|seen| seen.verb() == "GET");
    let header = |seen: &Received, name| seen.header(name).map(str::to_owned);
    gets.map(|seen| (header(&seen, "last-event-id"), header(&seen, "mcp-session-id"))).collect()
}

#[tokio::test]
async fn a_stream_with_ids_is_resumed_until_its_response() {
    for cut in [false, true] {
        let parts = &[
            "id: 1\nretry: 1\ndata:\n\ndata: lost",
            "id: 2\ndata:\n\n",
            ": nothing new\n\n",
            "id: 3\n\nANSWER",
        ];
        let bench = streams(parts, cut).await;
        assert_eq!(bench.call().await.unwrap().result.as_str(), DONE);
        let session = Some("session-1".to_owned());
        let expected = ["1", "2", "2"].map(|id| (Some(id.to_owned()), session.clone()));
        assert_eq!(asked(&bench), expected, "cut: {cut}");
        let seen = bench.upstream.seen();
        let get = seen.iter().find(|seen| seen.verb() == "GET").unwrap();
        assert_eq!(get.header("accept"), Some("text/event-stream"));
        assert_eq!(get.header("authorization"), Some("Bearer sesame"));
        assert_eq!(get.header("mcp-protocol-version"), Some("2025-06-18"));
        assert_eq!(get.header("content-type"), None);
        assert_eq!(bench.methods().iter().filter(|method| *method == "tools/call").count(), 1);
    }
}

#[tokio::test]
async fn what_cannot_be_resumed_may_have_acted() {
    for (what, parts, gets) in [
        ("no id", &["data:\n\n"][..], 0),
        ("refused", &["id: 1\nretry: 1\n\n"][..], 1),
        ("later than there is time", &["id: 1\nretry: 60000\n\n"][..], 0),
        (
            "another's answer",
            &["id: 1\nretry: 1\n\n", "data: {\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{}}\n\n"][..],
            1,
        ),
    ] {
        let bench = streams(parts, false).await;
        let failure = bench.call().await.unwrap_err();
        assert_eq!((failure.code, failure.may_have_acted), (codes::UPSTREAM_PROTOCOL, true), "{what}");
        assert_eq!(asked(&bench).len(), gets, "{what}");
    }
}

#[tokio::test]
async fn a_stream_that_never_comes_to_its_response_is_given_up() {
    let bench = Bench::new(legacy(|_| chunked("text/event-stream", &["id: 1\nretry: 0\n\n".into()]))).await;
    assert_eq!(bench.call().await.unwrap_err().code, codes::UPSTREAM_PROTOCOL);
    assert_eq!(asked(&bench).len(), 16);
}

#[tokio::test]
async fn a_modern_stream_is_never_resumed() {
    let bench = Bench::new(super::modern(|received| match received.verb() {
        "GET" => json(received, DONE),
        _ => chunked("text/event-stream", &["id: 1\nretry: 1\n\n".into()]),
    }))
    .await;
    assert!(bench.call().await.unwrap_err().may_have_acted);
    assert_eq!(asked(&bench), []);
}
