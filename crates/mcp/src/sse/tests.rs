//! Table and property tests of the event stream.

use proptest::prelude::*;

use super::*;

fn event(data: &str) -> Event {
    Event { data: Some(data.to_owned()), ..Event::default() }
}

fn read(limits: SseLimits, chunks: &[&[u8]]) -> (Vec<Event>, Result<(), SseError>) {
    let mut parser = Parser::new(limits);
    let mut out = Vec::new();
    let result = chunks.iter().try_for_each(|chunk| parser.push(chunk, &mut out));
    (out, result)
}

fn events(text: &str) -> Vec<Event> {
    let (events, result) = read(SseLimits::default(), &[text.as_bytes()]);
    assert_eq!(result, Ok(()), "{text:?}");
    events
}

#[test]
fn line_ends_comments_and_fields() {
    for (text, want) in [
        ("data: a\n\n", vec![event("a")]),
        ("data: a\r\n\r\n", vec![event("a")]),
        ("data: a\r\ndata: b\r\n\r\n", vec![event("a\nb")]),
        ("data: a\rdata: b\r\r", vec![event("a\nb")]),
        ("data: a\r\rdata: b\r\r", vec![event("a"), event("b")]),
        ("data: a\r\n\rdata: b\n\r\n", vec![event("a"), event("b")]),
        ("\u{feff}data: a\n\n", vec![event("a")]),
        ("data: \u{feff}a\n\n", vec![event("\u{feff}a")]),
        (":ok\n\n: more\ndata: a\n:x\ndata: b\n\n", vec![event("a\nb")]),
        ("data:a\ndata:  b\ndata\n\n", vec![event("a\n b\n")]),
        ("data:\n\n", vec![event("")]),
        ("data: cut", vec![]),
        ("data: cut\n", vec![]),
        ("foo: bar\nDATA: a\n\n\n\n", vec![]),
    ] {
        assert_eq!(events(text), want, "{text:?}");
    }
}

#[test]
fn id_event_and_retry_are_kept() {
    let found =
        events("id: 7\ndata:\n\nretry: 250\n\nevent: endpoint\nid\nretry: 1x\ndata: /m\n\nid: a\0b\n\n");
    let want = [
        Event { id: Some("7".into()), data: Some(String::new()), ..Event::default() },
        Event { retry: Some(250), ..Event::default() },
        Event {
            event: Some("endpoint".into()),
            id: Some(String::new()),
            data: Some("/m".into()),
            retry: None,
        },
    ];
    assert_eq!(found, want);
    assert_eq!(found.iter().map(Event::message).collect::<Vec<_>>(), [None, None, None]);
    assert_eq!(event("x").message(), Some("x"));
}

#[test]
fn the_last_id_is_that_of_a_finished_event() {
    let mut parser = Parser::new(SseLimits::default());
    let mut out = Vec::new();
    parser.push(b"id: 1\n", &mut out).unwrap();
    assert_eq!((parser.last_event_id(), parser.has_partial()), (None, true));
    parser.push(b"\ndata: x\n\n", &mut out).unwrap();
    assert_eq!((parser.last_event_id(), parser.has_partial()), (Some("1"), false));
    parser.push(b"id\n\n", &mut out).unwrap();
    assert_eq!(parser.last_event_id(), None);
}

#[test]
fn a_stream_is_resumed_behind_its_last_event() {
    let limits = SseLimits { max_event_bytes: 40, max_total_bytes: 65 };
    let (mut parser, mut out) = (Parser::new(limits), Vec::new());
    parser.push(b"id: 1\nretry: 250\n\nid: 2\nretry: 9\ndata: cut\r", &mut out).unwrap();
    assert_eq!(
        (parser.last_event_id(), parser.retry()),
        (Some("1"), Some(250)),
        "what was cut off does not count"
    );
    parser.restart();
    assert!(!parser.has_partial());
    parser.push("\u{feff}data: a\n\nid: 3\n\n".as_bytes(), &mut out).unwrap();
    assert_eq!((parser.last_event_id(), parser.retry()), (Some("3"), Some(250)));
    assert_eq!(out[1], event("a"));
    parser.restart();
    assert_eq!(
        parser.push(b"data: b\n\n", &mut out),
        Err(SseError::StreamTooLarge { limit: 65 }),
        "bytes add up"
    );
}

#[test]
fn caps_hold_and_events_before_them_are_kept() {
    let limits = SseLimits { max_event_bytes: 10, max_total_bytes: 40 };
    let (found, result) = read(limits, &[b"data: a\n\ndata: 456789"]);
    assert_eq!((found, result), (vec![event("a")], Err(SseError::EventTooLarge { limit: 10 })));
    let (_, result) = read(limits, &[b"data:1\ndata:2\n\n"]);
    assert_eq!(result, Err(SseError::EventTooLarge { limit: 10 }), "lines of one event add up");
    let (found, result) = read(limits, &[&b":12345678\n".repeat(5)]);
    assert_eq!((found.len(), result), (0, Err(SseError::StreamTooLarge { limit: 40 })), "comments count");
    let (found, result) = read(limits, &[b"data:1\n\ndata:\xff\n\n"]);
    assert_eq!((found.len(), result), (1, Err(SseError::NotUtf8)));
}

#[test]
fn an_error_stays() {
    let mut parser = Parser::new(SseLimits { max_event_bytes: 4, max_total_bytes: 100 });
    let mut out = Vec::new();
    assert!(parser.push(b"data: long", &mut out).is_err());
    assert!(parser.push(b"\n\n", &mut out).is_err());
    assert!(out.is_empty());
}

#[test]
fn written_events() {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    assert_eq!(text(encode(None, None, "{\"a\":1}")), "data: {\"a\":1}\n\n");
    assert_eq!(
        text(encode(Some("x\ny"), Some("1"), "a\r\nb\rc\n")),
        "event: xy\nid: 1\ndata: a\ndata: b\ndata: c\ndata: \n\n"
    );
    assert_eq!(text(comment("keep\nalive")), ": keep alive\n\n");
}

/// Streams made of what matters to the parser.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 13] = [
        b"data: a",
        b"data",
        b"id: 1",
        b"event: e",
        b"retry: 5",
        b":c",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\xef\xbb\xbf",
        b"\xc3\xbc",
        b"\xff",
    ];
    let piece = prop::sample::select(pieces.to_vec());
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn every_chunking_gives_the_same(
        bytes in stream(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        max_event_bytes in 1_usize..60,
        max_total_bytes in 1_u64..200,
    ) {
        let limits = SseLimits { max_event_bytes, max_total_bytes };
        let whole = read(limits, &[&bytes]);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(&read(limits, &chunks), &whole);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&read(limits, &single), &whole);
    }

    #[test]
    fn what_is_written_reads_back(data in "[^\r]*", id in proptest::option::of("[a-z0-9]{1,8}")) {
        let (found, result) = read(SseLimits::default(), &[&encode(None, id.as_deref(), &data)]);
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(found, vec![Event { data: Some(data), id, ..Event::default() }]);
    }
}
