//! Tests of the `_meta` block.

use super::*;
use crate::jsonrpc::to_raw;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn outgoing(version: ProtocolVersion) -> OutgoingMeta {
    OutgoingMeta {
        version,
        capabilities: ClientCapabilities::default(),
        client: Implementation { name: "portcullis".into(), version: "0.1.0".into() },
        trace: TraceContext::checked(Some(PARENT.into()), None, None),
        progress_token: Some("p1".into()),
    }
}

#[test]
fn a_modern_block_carries_all_and_a_legacy_one_only_token_and_trace() {
    insta::assert_snapshot!(
        to_raw(&outgoing(ProtocolVersion::V2026_07_28).block()).get(),
        @r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"portcullis","version":"0.1.0"},"io.modelcontextprotocol/clientCapabilities":{},"progressToken":"p1","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}"#
    );
    let mut legacy = outgoing(ProtocolVersion::V2025_11_25);
    legacy.trace = TraceContext::default();
    insta::assert_snapshot!(to_raw(&legacy.block()).get(), @r#"{"progressToken":"p1"}"#);
    legacy.progress_token = None;
    assert!(legacy.block().is_none());
}

#[test]
fn reads_back_what_is_written() {
    let params = to_raw(&serde_json::json!({ "_meta": outgoing(ProtocolVersion::V2026_07_28).block() }));
    let meta = RequestMeta::parse(Some(&params)).unwrap();
    assert_eq!(meta.protocol_version.as_deref(), Some("2026-07-28"));
    assert_eq!(meta.client_capabilities.unwrap().get(), "{}");
    assert_eq!(meta.client_info.unwrap().name, "portcullis");
    assert_eq!(meta.progress_token, Some(Id::from("p1")));
    assert_eq!(meta.trace.traceparent.as_deref(), Some(PARENT));
}

#[test]
fn wrong_types_are_named() {
    for (text, field) in [
        (r#"{"_meta":[]}"#, "params._meta"),
        (r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":1}}"#, PROTOCOL_VERSION),
        (r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":[]}}"#, CLIENT_CAPABILITIES),
        (r#"{"_meta":{"progressToken":1.5}}"#, PROGRESS_TOKEN),
    ] {
        let params = RawValue::from_string(text.to_owned()).unwrap();
        assert_eq!(RequestMeta::parse(Some(&params)).unwrap_err().field, field, "{text}");
    }
}

#[test]
fn malformed_trace_context_is_dropped() {
    let state = || Some("a=b".to_owned());
    for bad in
        ["", "00-0-0-00", &PARENT.to_uppercase(), &PARENT.replace("00-0", "ff-0"), &format!("{PARENT}-x")]
    {
        assert_eq!(
            TraceContext::checked(Some(bad.to_owned()), state(), None),
            TraceContext::default(),
            "{bad}"
        );
    }
    let zero = format!("00-{}-b7ad6b7169203331-01", "0".repeat(32));
    assert_eq!(TraceContext::checked(Some(zero), None, Some("a\r\nb".into())), TraceContext::default());
    assert_eq!(TraceContext::checked(Some(PARENT.into()), state(), None).tracestate, state());
}
