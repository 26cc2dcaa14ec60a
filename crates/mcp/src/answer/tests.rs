//! Table and property tests of the collector.

use proptest::prelude::*;

use super::*;
use crate::jsonrpc::EnvelopeProblem;
use crate::scan::ScanError;
use crate::sse::encode;

const OK: &str = r#"{"jsonrpc":"2.0","id":"me","result":{"n":1.10, "big":123456789012345678901234567890}}"#;

fn expected(era: Era) -> Expected {
    Expected {
        id: Id::from("me"),
        era,
        progress_token: Some("p".into()),
        accepts: ClientCapabilities::default(),
    }
}

fn json(status: u16, body: &str) -> Result<Answered, AnswerError> {
    let limits = AnswerLimits { max_body_bytes: 1000, ..AnswerLimits::default() };
    let mut collector =
        Collector::begin(status, Some("Application/JSON; charset=utf-8"), expected(Era::Modern), limits)?;
    collector.push(body.as_bytes())?;
    assert!(!collector.is_complete());
    collector.finish().map(|(answered, _)| answered)
}

fn stream(era: Era) -> Collector {
    let limits = AnswerLimits { max_notifications: 3, ..AnswerLimits::default() };
    Collector::begin(200, Some("text/event-stream"), expected(era), limits).unwrap()
}

fn message(text: &str) -> Vec<u8> {
    encode(Some("message"), None, text)
}

fn text(result: Result<(Answered, Oddities), AnswerError>) -> String {
    raw(result.map(|(answered, _)| answered))
}

fn raw(result: Result<Answered, AnswerError>) -> String {
    match result {
        Ok(Answered::Result(raw)) => raw.get().to_owned(),
        Ok(Answered::Error(error)) => format!("error {}", error.code),
        Err(error) => panic!("{error}"),
    }
}

/// Whichever way a server answers.
#[test]
fn a_result_may_be_as_large_in_a_stream() {
    let large = format!(r#"{{"jsonrpc":"2.0","id":"me","result":{{"text":"{}"}}}}"#, "x".repeat(3 << 20));
    for (content_type, body) in
        [("application/json", large.clone().into_bytes()), ("text/event-stream", message(&large))]
    {
        let limits = AnswerLimits::default();
        let mut collector = Collector::begin(200, Some(content_type), expected(Era::Legacy), limits).unwrap();
        collector.push(&body).unwrap();
        assert!(text(collector.finish()).len() > 3 << 20, "{content_type}");
    }
}

#[test]
fn status_and_content_type_are_judged_first() {
    for (status, content_type, want) in [
        (202, Some("application/json"), Some(AnswerError::NoAnswer(202))),
        (204, None, Some(AnswerError::NoAnswer(204))),
        (200, Some("text/html"), Some(AnswerError::ContentType)),
        (200, Some("application/jsonp"), Some(AnswerError::ContentType)),
        (200, None, Some(AnswerError::ContentType)),
        (502, Some("text/html"), Some(AnswerError::HttpStatus(502))),
        (400, Some("application/json"), None),
        (200, Some("TEXT/event-stream;x=y"), None),
    ] {
        let got =
            Collector::begin(status, content_type, expected(Era::Modern), AnswerLimits::default()).err();
        assert_eq!(got, want, "{status} {content_type:?}");
    }
}

#[test]
fn a_json_body_is_our_response_or_an_error() {
    assert_eq!(raw(json(200, OK)), r#"{"n":1.10, "big":123456789012345678901234567890}"#);
    let no_id = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"x"}}"#;
    assert_eq!(raw(json(400, no_id)), "error -32000", "an error without id belongs to its POST");
    let envelope = |problem, id| AnswerError::Envelope(EnvelopeError { problem, id });
    for (status, body, want) in [
        (200, "", AnswerError::Empty),
        (200, " \n", AnswerError::Empty),
        (200, r#"{"jsonrpc":"2.0","id":"you","result":{}}"#, AnswerError::IdMismatch),
        (200, r#"{"jsonrpc":"2.0","id":"you","error":{"code":1,"message":""}}"#, AnswerError::IdMismatch),
        (200, r#"{"jsonrpc":"2.0","method":"notifications/progress"}"#, AnswerError::NotAResponse),
        (200, &format!("[{OK}]"), envelope(EnvelopeProblem::Batch, None)),
        (200, &" ".repeat(1001), AnswerError::BodyTooLarge { limit: 1000 }),
        (404, r#"{"detail":"Not Found"}"#, AnswerError::HttpStatus(404)),
        (500, "", AnswerError::HttpStatus(500)),
    ] {
        assert_eq!(json(status, body).unwrap_err(), want, "{body}");
    }
}

#[test]
fn ids_match_in_type_and_value() {
    let integer = Expected { id: Id::Integer(1), progress_token: None, ..expected(Era::Modern) };
    let mut collector = Collector::begin(200, Some(JSON), integer, AnswerLimits::default()).unwrap();
    collector.push(br#"{"jsonrpc":"2.0","id":"1","result":{}}"#).unwrap();
    assert_eq!(collector.finish().unwrap_err(), AnswerError::IdMismatch);
}

#[test]
fn a_stream_stops_at_our_response() {
    let mut collector = stream(Era::Legacy);
    assert!(collector.push(b": hi\r\nid: 9\ndata:\n\n").unwrap().is_empty(), "a priming event");
    assert_eq!(collector.last_event_id(), Some("9"));
    let ours =
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":1}}"#;
    let other =
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"q","progress":1}}"#;
    let signals = collector.push(&[message(ours), message(other)].concat()).unwrap();
    assert!(
        matches!(&signals[..], [Signal::Progress(params)] if params.get().contains(r#""progressToken":"p""#))
    );
    let after =
        [message(OK), message(r#"{"jsonrpc":"2.0","id":"me","result":{"second":1}}"#), message("garbage")];
    assert!(collector.push(&after.concat()).unwrap().is_empty());
    assert!(collector.is_complete());
    assert!(collector.push(b"\xff\n\n").unwrap().is_empty(), "nothing behind the response undoes it");
    let oddities = Oddities { answered_twice: true, ..Oddities::default() };
    assert_eq!(collector.oddities(), oddities);
    assert_eq!(text(collector.finish()), r#"{"n":1.10, "big":123456789012345678901234567890}"#);
}

#[test]
fn a_legacy_stream_that_ends_early_is_resumed() {
    for (era, sent, want) in [
        (Era::Legacy, "id: 7\nretry: 20\ndata:\n\n", Some(("7", 20))),
        (Era::Legacy, "id: 7\n\n", Some(("7", 1000))),
        (Era::Legacy, "data: \n\n", None),
        (Era::Legacy, "id: 7", None),
        (Era::Legacy, "id: a b\n\n", None),
        (Era::Legacy, "id: \u{fc}\n\n", None),
        (Era::Modern, "id: 7\n\n", None),
    ] {
        let mut collector = stream(era);
        collector.push(sent.as_bytes()).unwrap();
        let want = want.map(|(id, millis)| Resumption {
            last_event_id: id.to_owned(),
            wait: Duration::from_millis(millis),
        });
        assert_eq!(collector.resumption(), want, "{sent:?}");
    }
    let mut collector = stream(Era::Legacy);
    collector.push(b"id: 7\n\ndata: {\"cut\":").unwrap();
    assert_eq!(collector.resume(404, Some("text/event-stream")), Err(AnswerError::HttpStatus(404)));
    assert_eq!(collector.resume(200, Some("application/json")), Err(AnswerError::ContentType));
    collector.resume(200, Some("text/event-stream")).unwrap();
    collector.push(&message(OK)).unwrap();
    assert_eq!(collector.resumption(), None, "there is nothing left to wait for");
    assert_eq!(text(collector.finish()), r#"{"n":1.10, "big":123456789012345678901234567890}"#);
    let mut body = Collector::begin(200, Some(JSON), expected(Era::Legacy), AnswerLimits::default()).unwrap();
    assert!(!body.is_stream() && stream(Era::Legacy).is_stream());
    assert_eq!(
        (body.resumption(), body.resume(200, Some("text/event-stream"))),
        (None, Err(AnswerError::ContentType))
    );
}

#[test]
fn requests_of_a_legacy_server_are_surfaced_with_their_reply() {
    let mut collector = stream(Era::Legacy);
    let ping = message(r#"{"jsonrpc":"2.0","id":5,"method":"ping"}"#);
    let sampling = message(r#"{"jsonrpc":"2.0","id":"s","method":"sampling/createMessage","params":{}}"#);
    let replies: Vec<String> = collector
        .push(&[ping, sampling].concat())
        .unwrap()
        .iter()
        .map(|signal| match signal {
            Signal::ServerRequest(request) => String::from_utf8(request.reply()).unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    insta::assert_snapshot!(replies.join("\n"), @r#"
    {"jsonrpc":"2.0","id":5,"result":{}}
    {"jsonrpc":"2.0","id":"s","error":{"code":-32601,"message":"the client does not let itself be asked for this here"}}
    "#);
}

#[test]
fn a_legacy_server_may_ask_for_what_it_was_told_of() {
    let roots = message(r#"{"jsonrpc":"2.0","id":"r","method":"roots/list"}"#);
    let sampling = message(r#"{"jsonrpc":"2.0","id":"s","method":"sampling/createMessage","params":{}}"#);
    let accepts = ClientCapabilities { roots: true, ..ClientCapabilities::default() };
    let begin = |era, accepts| {
        let expected = Expected { accepts, ..expected(era) };
        Collector::begin(200, Some("text/event-stream"), expected, AnswerLimits::default()).unwrap()
    };
    let mut collector = begin(Era::Legacy, accepts);
    let signals = collector.push(&[roots.as_slice(), &sampling].concat()).unwrap();
    assert!(matches!(signals[..], [Signal::Question(_), Signal::ServerRequest(_)]), "{signals:?}");
    assert_eq!(collector.oddities().refused_requests, 1, "what was not declared is odd, the other is not");
    let mut modern = begin(Era::Modern, accepts);
    assert_eq!(
        modern.push(&roots).unwrap_err(),
        AnswerError::ServerRequest,
        "it has no business on a stream"
    );
}

#[test]
fn a_stream_that_breaks_a_rule_ends() {
    let notice = message(r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#);
    let request = message(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    let other = message(r#"{"jsonrpc":"2.0","id":"you","result":{}}"#);
    for (era, bytes, want) in [
        (Era::Modern, request, AnswerError::ServerRequest),
        (Era::Modern, notice.repeat(4), AnswerError::TooManyNotifications { limit: 3 }),
        (Era::Legacy, other.repeat(4), AnswerError::TooManyNotifications { limit: 3 }),
        (Era::Legacy, b"data: \xff\n\n".to_vec(), AnswerError::Sse(SseError::NotUtf8)),
    ] {
        assert_eq!(stream(era).push(&bytes).unwrap_err(), want);
    }
    let mut cut = stream(Era::Modern);
    cut.push(&notice).unwrap();
    cut.push(&message(OK)[..20]).unwrap();
    assert_eq!(cut.finish().unwrap_err(), AnswerError::Truncated);
}

#[test]
fn answers_of_others_reach_nobody_and_ours_may_still_come() {
    let other = r#"{"jsonrpc":"2.0","id":"you","result":{"secret":1}}"#;
    let (plain, numbered) = (message(other), encode(Some("message"), Some("7"), other));
    let mut patient = stream(Era::Legacy);
    patient.push(&[plain.clone(), message(OK)].concat()).unwrap();
    assert_eq!(patient.oddities().foreign_answers, 1);
    assert_eq!(text(patient.finish()), r#"{"n":1.10, "big":123456789012345678901234567890}"#);
    for (bytes, want) in [(plain, AnswerError::IdMismatch), (numbered, AnswerError::ForeignEvents)] {
        let mut collector = stream(Era::Legacy);
        collector.push(&bytes).unwrap();
        assert!(!collector.is_complete());
        assert_eq!(collector.unanswered().as_ref(), Some(&want));
        assert_eq!(collector.finish().unwrap_err(), want);
    }
}

#[test]
fn members_in_another_case_are_dropped_and_told() {
    let body = OK.replace(r#""result""#, r#""Result":{"smuggled":1},"re\u017fult":2,"result""#);
    let mut collector =
        Collector::begin(200, Some(JSON), expected(Era::Modern), AnswerLimits::default()).unwrap();
    collector.push(body.as_bytes()).unwrap();
    let (answered, oddities) = collector.finish().unwrap();
    assert!(matches!(answered, Answered::Result(raw) if raw.get().contains("1.10")));
    assert!(oddities.case_variants);
}

#[test]
fn a_bomb_is_not_read_to_its_end() {
    let limit =
        |problem| AnswerError::Envelope(EnvelopeError { problem: EnvelopeProblem::Limit(problem), id: None });
    let state = r#"{"jsonrpc":"2.0","id":"me","result":{"resultType":"input_required","requestState":""#;
    for (start, more, want) in [
        ("[".to_owned(), "[".repeat(100), limit(ScanError::TooDeep { limit: 64 })),
        ("[".to_owned(), "1,".repeat(200_000), limit(ScanError::TooManyNodes { limit: 200_000 })),
        (state.to_owned(), "s".repeat(20_000), AnswerError::StateTooLarge { limit: 16 << 10 }),
    ] {
        let mut collector =
            Collector::begin(200, Some(JSON), expected(Era::Modern), AnswerLimits::default()).unwrap();
        collector.push(start.as_bytes()).unwrap();
        assert_eq!(collector.push(more.as_bytes()).unwrap_err(), want);
    }
}

proptest! {
    #[test]
    fn never_panics(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6), events: bool) {
        let kind = if events { EVENT_STREAM } else { JSON };
        let mut collector = Collector::begin(200, Some(kind), expected(Era::Legacy), AnswerLimits::default()).unwrap();
        if chunks.iter().all(|chunk| collector.push(chunk).is_ok()) {
            let _ = collector.finish();
        }
    }

    /// No stream of other people's ids is ever taken for ours.
    #[test]
    fn another_id_is_never_delivered(id in "[a-z]{1,3}") {
        prop_assume!(id != "me");
        let mut collector = stream(Era::Legacy);
        let response = message(&format!(r#"{{"jsonrpc":"2.0","id":"{id}","result":{{}}}}"#));
        prop_assert!(collector.push(&response).unwrap().is_empty());
        prop_assert!(!collector.is_complete());
        prop_assert_eq!(collector.finish().unwrap_err(), AnswerError::IdMismatch);
    }
}
