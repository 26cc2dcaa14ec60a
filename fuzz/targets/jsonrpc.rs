//! Any bytes are read or refused; what was read is written and read again as the same message.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_mcp::jsonrpc::{Message, Outcome, notification, parse, request, result_response};
use portcullis_mcp::scan::JsonLimits;

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = parse(bytes, &JsonLimits::STRICT) else { return };
    let written = match &message {
        Message::Request(it) => request(&it.id, &it.method, it.params),
        Message::Notification(it) => notification(&it.method, it.params),
        Message::Response(it) => match (&it.id, &it.outcome) {
            (Some(id), Outcome::Result(result)) => result_response(id, result),
            _ => return,
        },
    };
    match (message, parse(&written, &JsonLimits::STRICT)) {
        (Message::Request(one), Ok(Message::Request(other))) => {
            assert_eq!((&one.id, &one.method), (&other.id, &other.method));
            assert_eq!(one.params.map(|raw| raw.get()), other.params.map(|raw| raw.get()));
        }
        (Message::Notification(one), Ok(Message::Notification(other))) => {
            assert_eq!(one.method, other.method);
            assert_eq!(one.params.map(|raw| raw.get()), other.params.map(|raw| raw.get()));
        }
        (Message::Response(one), Ok(Message::Response(other))) => assert_eq!(one.id, other.id),
        (one, other) => panic!("{one:?} was read again as {other:?}"),
    }
});
