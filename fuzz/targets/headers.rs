//! Header values are decoded to what encodes back to the same text, and a server's ladder judges any request.
//!
//! The input is lines of `name: value`, an empty line, and the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_mcp::headers::{HeaderLines, decode_value, encode_value};
use portcullis_mcp::ladder::{Accepted, ServerProfile, judge};
use portcullis_mcp::messages::method;
use portcullis_mcp::scan::JsonLimits;
use portcullis_mcp::version::ProtocolVersion;

const PROFILE: ServerProfile<'static> = ServerProfile {
    versions: &ProtocolVersion::SPOKEN,
    modern_methods: &[method::DISCOVER, method::TOOLS_LIST, method::TOOLS_CALL],
    legacy_methods: &[method::INITIALIZE, method::PING, method::TOOLS_LIST, method::TOOLS_CALL],
    hosts: None,
    origins: &[],
    limits: JsonLimits::STRICT,
};

fuzz_target!(|bytes: &[u8]| {
    let mut lines = HeaderLines::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if line.is_empty() {
            break;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let value = line[colon + 1..].trim_ascii();
        if let Ok(text) = decode_value(value) {
            assert_eq!(decode_value(encode_value(&text).as_bytes()).as_deref(), Ok(text.as_str()));
        }
        if let Ok(name) = std::str::from_utf8(&line[..colon]) {
            lines.push(name, value);
        }
    }
    match judge(&PROFILE, "POST", &lines, rest) {
        Ok(Accepted::Request(accepted)) => assert!(PROFILE.versions.contains(&accepted.version)),
        Ok(Accepted::Notification { .. }) => {}
        Err(refusal) => {
            assert!([200, 400, 403, 404, 405, 406, 415].contains(&refusal.status), "{}", refusal.status);
            assert!(serde_json::from_slice::<serde_json::Value>(&refusal.body()).is_ok());
        }
    }
});
