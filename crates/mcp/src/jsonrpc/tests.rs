//! Table and property tests of the envelope.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::scan::{JsonLimits, ScanError};

fn read(text: &str) -> Result<Message<'_>, EnvelopeError> {
    parse(text.as_bytes(), &JsonLimits::STRICT)
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

#[test]
fn reads_each_kind_and_keeps_the_raw_parts() {
    let Message::Request(request) =
        read(r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"x": 1.10 },"extra":[1]}"#).unwrap()
    else {
        panic!("expected a request")
    };
    assert_eq!((request.id, &*request.method), (Id::Integer(7), "tools/call"));
    assert_eq!(request.params.unwrap().get(), r#"{"x": 1.10 }"#);

    let Message::Notification(notification) =
        read(r#"{"jsonrpc":"2.0","method":"notifications\/initialized","params":null}"#).unwrap()
    else {
        panic!("expected a notification")
    };
    assert_eq!(notification.method, "notifications/initialized");
    assert!(notification.params.is_none());

    let Message::Response(response) =
        read(r#"{"jsonrpc":"2.0","id":"a","result":{"n":123456789012345678901234567890}}"#).unwrap()
    else {
        panic!("expected a response")
    };
    assert_eq!(response.id, Some(Id::from("a")));
    let Outcome::Result(result) = response.outcome else { panic!("expected a result") };
    assert_eq!(result.get(), r#"{"n":123456789012345678901234567890}"#);
}

#[test]
fn an_error_may_have_no_id() {
    for text in [
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no\u001b[0m"}}"#,
        r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"no\u001b[0m","data":null,"x":1}}"#,
    ] {
        let Message::Response(response) = read(text).unwrap() else { panic!("expected a response") };
        assert_eq!(response.id, None);
        let Outcome::Error(error) = response.outcome else { panic!("expected an error") };
        assert_eq!((error.code, error.message.as_untrusted_str()), (-32000, "no\u{1b}[0m"));
        assert_eq!(format!("{:?}", error.message), "UntrustedText(6 bytes)");
    }
}

#[test]
fn refusals_name_the_member_and_keep_the_id() {
    use EnvelopeProblem::*;
    let member = |member, rule| Member { member, rule };
    for (text, problem, id) in [
        ("", NotJson, None),
        ("{", NotJson, None),
        ("\u{feff}{}", Limit(ScanError::ByteOrderMark), None),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"} x"#, NotJson, None),
        ("[]", Batch, None),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, Batch, None),
        ("3", NotAnObject, None),
        (r#"{"id":1,"method":"ping"}"#, member("jsonrpc", "expected \"2.0\""), Some(1)),
        (r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, member("jsonrpc", "expected \"2.0\""), Some(1)),
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
            member("id", "expected a string or an integer, not null"),
            None,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
            member("id", "expected a string or an integer"),
            None,
        ),
        (
            r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#,
            member("id", "expected a string or an integer"),
            None,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":4}"#, member("method", "expected a string"), Some(1)),
        (r#"{"jsonrpc":"2.0","id":1,"method":""}"#, member("method", "expected 1 to 256 bytes"), Some(1)),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}"#,
            member("params", "expected an object"),
            Some(1),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"a","result":1}"#,
            member("method", "a request has neither `result` nor `error`"),
            Some(1),
        ),
    ] {
        assert_eq!(read(text).unwrap_err(), EnvelopeError { problem, id: id.map(Id::Integer) }, "{text}");
    }
}

#[test]
fn a_response_has_one_outcome_and_an_id() {
    use EnvelopeProblem::*;
    let member = |member, rule| Member { member, rule };
    for (text, problem, id) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1,"message":""}}"#,
            member("result", "a response has `result` or `error`, not both"),
            Some(1),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"Result":{}}"#,
            member("method", "expected one of `method`, `result`, `error`"),
            Some(1),
        ),
        (
            r#"{"jsonrpc":"2.0","id":null,"result":{}}"#,
            member("id", "a result needs the id of its request"),
            None,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":"1","message":""}}"#,
            member("error", "expected an object with an integer `code` and a string `message`"),
            Some(1),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}"#,
            Limit(ScanError::DuplicateKey { offset: 37 }),
            None,
        ),
    ] {
        assert_eq!(read(text).unwrap_err(), EnvelopeError { problem, id: id.map(Id::Integer) }, "{text}");
    }
}

#[test]
fn envelope_duplicates_are_refused_even_where_inner_ones_pass() {
    let inner = br#"{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}"#;
    assert!(parse(inner, &JsonLimits::STRUCTURE).is_ok());
    let outer = br#"{"jsonrpc":"2.0","id":1,"result":{},"\u0069d":2}"#;
    assert_eq!(parse(outer, &JsonLimits::STRUCTURE).unwrap_err().problem, EnvelopeProblem::Duplicate("id"));
}

#[test]
fn codes_of_refusals() {
    assert_eq!(read("{").unwrap_err().code(), ErrorCode::PARSE_ERROR);
    assert_eq!(parse(b"\xff", &JsonLimits::STRICT).unwrap_err().code(), ErrorCode::PARSE_ERROR);
    assert_eq!(read("[]").unwrap_err().code(), ErrorCode::INVALID_REQUEST);
}

#[test]
fn no_code_can_be_invented_in_the_reserved_range() {
    for code in [-32768, -32700, -32099, -32050, -32000] {
        assert_eq!(ErrorCode::application(code), None, "{code}");
    }
    for code in [-31999, -32769, 0, 1000] {
        assert_eq!(ErrorCode::application(code).map(ErrorCode::value), Some(code));
    }
}

#[test]
fn written_messages() {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let id = Id::from("k\"1");
    insta::assert_snapshot!(text(request(&id, "ping", None)), @r#"{"jsonrpc":"2.0","id":"k\"1","method":"ping"}"#);
    insta::assert_snapshot!(
        text(notification("notifications/cancelled", Some(&raw(r#"{"requestId": "x"}"#)))),
        @r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId": "x"}}"#
    );
    insta::assert_snapshot!(
        text(result_response(&Id::Integer(-3), &raw("{\"n\":1.10}"))),
        @r#"{"jsonrpc":"2.0","id":-3,"result":{"n":1.10}}"#
    );
    let error =
        RpcError::new(ErrorCode::UNSUPPORTED_PROTOCOL_VERSION, "no").with_data(&json!({"supported": []}));
    insta::assert_snapshot!(
        text(error_response(None, &error)),
        @r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32022,"message":"no","data":{"supported":[]}}}"#
    );
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes, &JsonLimits::STRICT);
    }

    /// Texts near to a message, so that the deeper branches are reached.
    #[test]
    fn never_panics_near_a_message(
        id in prop_oneof![Just("1"), Just("null"), Just("\"\\ud800\""), Just("[]"), Just("9e99"), Just("1.0")],
        tail in r#"[",:{}\[\]a-z0-9\\]{0,60}"#,
    ) {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m","params":{{{tail}}}}}"#);
        let _ = parse(text.as_bytes(), &JsonLimits::STRICT);
    }

    #[test]
    fn a_written_request_reads_back(id in "\\PC{0,40}", method in "\\PC{1,40}") {
        let bytes = request(&Id::from(id.as_str()), &method, Some(&raw("{\"a\":[1]}")));
        let Message::Request(request) = parse(&bytes, &JsonLimits::STRICT).unwrap() else {
            return Err(TestCaseError::fail("not a request"));
        };
        prop_assert_eq!(request.id, Id::Text(id));
        prop_assert_eq!(&*request.method, method.as_str());
        prop_assert_eq!(request.params.map(RawValue::get), Some("{\"a\":[1]}"));
    }
}
