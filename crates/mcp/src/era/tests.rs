//! Each rule of era detection, the eight odd upstreams, and the bound on its length.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::jsonrpc::{ErrorObject, UntrustedText};

const DISCOVER: &str =
    r#"{"resultType":"complete","supportedVersions":["2026-07-28","2025-11-25"],"capabilities":{}}"#;
const INITIALIZE: &str =
    r#"{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}"#;

fn result(status: u16, text: &str) -> ProbeAnswer {
    let raw = RawValue::from_string(text.to_owned()).unwrap();
    ProbeAnswer { status, session_id: None, answered: Some(Answered::Result(raw)) }
}

fn error(status: u16, code: i64, data: Option<&str>) -> ProbeAnswer {
    let data = data.map(|text| RawValue::from_string(text.to_owned()).unwrap());
    let error = ErrorObject { code, message: UntrustedText::new("x"), data };
    ProbeAnswer { status, session_id: None, answered: Some(Answered::Error(error)) }
}

/// No JSON-RPC response: an empty body, HTML, a wrong id.
fn nothing(status: u16) -> ProbeAnswer {
    ProbeAnswer { status, session_id: None, answered: None }
}

fn unsupported(status: u16, versions: &str) -> ProbeAnswer {
    error(status, -32022, Some(&format!(r#"{{"supported":[{versions}],"requested":"2026-07-28"}}"#)))
}

fn show(action: &Action) -> String {
    match action {
        Action::SendDiscover(version) => format!("discover {version}"),
        Action::SendInitialize(version) => format!("initialize {version}"),
        Action::Decided(Verdict::Modern { version, .. }) => format!("modern {version}"),
        Action::Decided(Verdict::Legacy { version, session, .. }) => {
            format!(
                "legacy {version}{}",
                session.as_ref().map_or(String::new(), |id| format!(" {}", id.as_str()))
            )
        }
        Action::Unavailable { why } => format!("unavailable {why:?}"),
        Action::AuthRequired { status } => format!("auth {status}"),
        Action::Incompatible { why } => format!("incompatible {why:?}"),
    }
}

/// All actions of a probe that gets these answers, the first one without any.
fn run(pin: &str, answers: &[ProbeAnswer]) -> String {
    let (mut probe, first) = EraProbe::start(pin.parse().unwrap());
    let mut actions = vec![show(&first)];
    actions.extend(answers.iter().map(|answer| show(&probe.on_answer(answer))));
    actions.join(" > ")
}

const D: &str = "discover 2026-07-28";
const I: &str = "initialize 2025-11-25";

#[test]
fn rules_1_and_2_discover() {
    for (versions, want) in [
        (r#""2026-07-28","2025-11-25""#, "modern 2026-07-28"),
        (r#""2099-01-01","2026-07-28""#, "modern 2026-07-28"),
        (r#""2025-06-18""#, I),
        (r#""2024-11-05""#, I),
        (r#""2099-01-01""#, "incompatible NoCommonVersion"),
        ("", "incompatible NoCommonVersion"),
    ] {
        let answer = result(200, &format!(r#"{{"supportedVersions":[{versions}]}}"#));
        assert_eq!(run("auto", &[answer]), format!("{D} > {want}"), "{versions}");
    }
}

#[test]
fn rule_3_unsupported_version_at_any_status() {
    for (status, versions, want) in [
        (400, r#""2026-07-28""#, D),
        (200, r#""2026-07-28""#, D),
        (503, r#""2026-07-28""#, D),
        (400, r#""2025-11-25","2025-03-26""#, I),
        (400, r#""2099-01-01""#, "incompatible NoCommonVersion"),
        (400, "", "incompatible NoCommonVersion"),
    ] {
        assert_eq!(
            run("auto", &[unsupported(status, versions)]),
            format!("{D} > {want}"),
            "{status} {versions}"
        );
    }
    let both = || unsupported(400, r#""2026-07-28","2025-11-25""#);
    assert_eq!(run("auto", &[both(), result(200, DISCOVER)]), format!("{D} > {D} > modern 2026-07-28"));
    assert_eq!(run("auto", &[both(), both()]), format!("{D} > {D} > {I}"), "one retry");
    let modern = || unsupported(400, r#""2026-07-28""#);
    assert_eq!(run("auto", &[modern(), modern()]), format!("{D} > {D} > incompatible NoCommonVersion"));
    for data in [None, Some("[]"), Some(r#"{"supported":"2025-11-25"}"#)] {
        let bare = error(400, -32022, data);
        assert_eq!(run("auto", &[bare]), format!("{D} > incompatible NoCommonVersion"), "{data:?}");
    }
}

#[test]
fn rule_4_other_modern_errors_never_fall_back() {
    for code in [-32020, -32021] {
        assert_eq!(
            run("auto", &[error(400, code, None)]),
            format!("{D} > incompatible ModernRefusal({code})")
        );
    }
}

#[test]
fn rule_5_no_verdict() {
    for (answer, want) in [
        (nothing(401), "auth 401"),
        (error(403, -32022, None), "auth 403"),
        (nothing(408), "unavailable Status(408)"),
        (error(429, -32000, None), "unavailable Status(429)"),
        (nothing(502), "unavailable Status(502)"),
        (nothing(503), "unavailable Status(503)"),
        (nothing(302), "incompatible Redirect(302)"),
    ] {
        assert_eq!(run("auto", &[answer]), format!("{D} > {want}"));
    }
    let (mut probe, _) = EraProbe::start(Pin::Auto);
    let action = probe.on_failure(TransportFailure::Tls);
    assert_eq!(show(&action), "unavailable Transport(Tls)");
    assert_eq!(show(&probe.on_answer(&result(200, DISCOVER))), "incompatible Ended");
}

#[test]
fn rule_5_one_fallback_after_500_and_501() {
    for status in [500, 501] {
        let ill = format!("unavailable Status({status})");
        for (second, want) in [
            (result(200, INITIALIZE), "legacy 2025-11-25"),
            (nothing(404), ill.as_str()),
            (error(200, -32601, None), &ill),
            (nothing(200), &ill),
            (nothing(401), "auth 401"),
        ] {
            assert_eq!(run("auto", &[nothing(status), second]), format!("{D} > {I} > {want}"));
        }
    }
}

#[test]
fn rule_6_everything_else_is_legacy() {
    let mut answers = vec![
        error(200, -32601, None),
        error(404, -32601, None),
        error(400, -32602, None),
        error(400, -32000, None),
        result(200, "{}"),
        result(200, r#"{"supportedVersions":[],"resultType":"task"}"#),
        result(404, DISCOVER),
    ];
    answers.extend([200, 202, 204, 400, 404, 405, 406, 415].map(nothing));
    for answer in answers {
        assert_eq!(run("auto", std::slice::from_ref(&answer)), format!("{D} > {I}"), "{answer:?}");
    }
}

#[test]
fn rule_7_initialize() {
    let counter = |version: &str| result(200, &INITIALIZE.replace("2025-11-25", version));
    for (answer, want) in [
        (counter("2025-11-25"), "legacy 2025-11-25"),
        (counter("2025-06-18"), "legacy 2025-06-18"),
        (counter("2025-03-26"), "incompatible CounterOffer"),
        (counter("2024-11-05"), "incompatible CounterOffer"),
        (counter("2026-07-28"), "incompatible CounterOffer"),
        (counter("1.0"), "incompatible CounterOffer"),
        (result(200, "{}"), "incompatible NotMcp(200)"),
        (error(400, -32020, None), "incompatible ModernRefusal(-32020)"),
        (error(200, -32602, None), "incompatible InitializeRefused(-32602)"),
        (nothing(503), "unavailable Status(503)"),
        (nothing(429), "unavailable Status(429)"),
        (nothing(307), "incompatible Redirect(307)"),
        (nothing(415), "incompatible NotMcp(415)"),
    ] {
        assert_eq!(run("auto", &[nothing(400), answer]), format!("{D} > {I} > {want}"));
    }
    for (id, want) in
        [("s-1", "legacy 2025-11-25 s-1"), ("a b", "incompatible SessionId"), ("", "incompatible SessionId")]
    {
        let answer = ProbeAnswer { session_id: Some(id.to_owned()), ..result(200, INITIALIZE) };
        assert_eq!(run("auto", &[nothing(400), answer]), format!("{D} > {I} > {want}"));
    }
}

#[test]
fn rule_7_a_slow_modern_server_is_probed_once_more() {
    let slow = || unsupported(400, r#""2026-07-28""#);
    assert_eq!(
        run("auto", &[nothing(400), slow(), result(200, DISCOVER)]),
        format!("{D} > {I} > {D} > modern 2026-07-28")
    );
    assert_eq!(
        run("auto", &[nothing(400), slow(), nothing(400), slow()]),
        format!("{D} > {I} > {D} > {I} > incompatible NoCommonVersion")
    );
}

#[test]
fn rule_8_no_streamable_http() {
    for status in [400, 404, 405] {
        assert_eq!(
            run("auto", &[nothing(404), nothing(status)]),
            format!("{D} > {I} > incompatible NoStreamableHttp({status})")
        );
    }
}

#[test]
fn pins_limit_the_machine() {
    assert_eq!(run("2026-07-28", &[result(200, DISCOVER)]), format!("{D} > modern 2026-07-28"));
    for (answer, want) in [
        (nothing(400), "incompatible NotModern(V2026_07_28)"),
        (error(200, -32601, None), "incompatible NotModern(V2026_07_28)"),
        (result(200, r#"{"supportedVersions":["2025-11-25"]}"#), "incompatible NoCommonVersion"),
        (unsupported(400, r#""2025-11-25""#), "incompatible NoCommonVersion"),
        (nothing(500), "unavailable Status(500)"),
    ] {
        assert_eq!(run("2026-07-28", &[answer]), format!("{D} > {want}"));
    }
    let offer = "initialize 2025-06-18";
    for (answer, want) in [
        (result(200, &INITIALIZE.replace("2025-11-25", "2025-06-18")), "legacy 2025-06-18"),
        (result(200, INITIALIZE), "incompatible CounterOffer"),
        (unsupported(400, r#""2026-07-28""#), "incompatible NoCommonVersion"),
        (nothing(404), "incompatible NoStreamableHttp(404)"),
    ] {
        assert_eq!(run("2025-06-18", &[answer]), format!("{offer} > {want}"));
    }
}

/// Odd upstreams that real clients met: what they answer to discover, and then to `initialize`.
#[test]
fn the_eight_odd_upstreams() {
    let works = || result(200, INITIALIZE);
    for (name, discover, want) in [
        (
            "disc-legacy",
            result(200, r#"{"supportedVersions":["2025-11-25","2025-06-18"]}"#),
            "legacy 2025-11-25",
        ),
        ("err-legacy", unsupported(400, r#""2025-11-25""#), "legacy 2025-11-25"),
        ("garbage400", nothing(400), "legacy 2025-11-25"),
        ("empty404", nothing(404), "legacy 2025-11-25"),
        ("html200", nothing(200), "legacy 2025-11-25"),
        ("e500", nothing(500), "legacy 2025-11-25"),
        ("id-null", error(400, -32000, None), "legacy 2025-11-25"),
    ] {
        assert_eq!(run("auto", &[discover, works()]), format!("{D} > {I} > {want}"), "{name}");
    }
    // "Missing authorization" as 401: the auth path, and no verdict.
    assert_eq!(run("auto", &[nothing(401)]), format!("{D} > auth 401"), "m401");
}

fn answers() -> impl Strategy<Value = ProbeAnswer> {
    let status = prop_oneof![Just(200_u16), Just(400), Just(404), Just(500), Just(503), 100_u16..600];
    let versions = prop_oneof![
        Just(r#""2026-07-28""#),
        Just(r#""2025-11-25""#),
        Just(r#""2026-07-28","2025-11-25""#),
        Just(r#""x""#),
    ];
    (status, versions, 0..6).prop_map(|(status, versions, kind)| match kind {
        0 => nothing(status),
        1 => unsupported(status, versions),
        2 => error(status, -32601, None),
        3 => error(status, -32020, None),
        4 => result(status, &format!(r#"{{"supportedVersions":[{versions}]}}"#)),
        _ => result(status, INITIALIZE),
    })
}

proptest! {
    #[test]
    fn every_probe_ends(
        pin in prop_oneof![Just("auto"), Just("2026-07-28"), Just("2025-11-25"), Just("2025-03-26")],
        answers in proptest::collection::vec(answers(), MAX_SENDS..20),
    ) {
        let (mut probe, mut action) = EraProbe::start(pin.parse().unwrap());
        let mut sends = 0;
        for answer in &answers {
            match action {
                Action::SendDiscover(version) => prop_assert_eq!(version.era(), Era::Modern),
                Action::SendInitialize(version) => {
                    prop_assert_eq!(version.era(), Era::Legacy);
                    prop_assert_ne!(pin, "2026-07-28", "a modern pin never falls back");
                }
                _ => break,
            }
            sends += 1;
            prop_assert!(sends <= MAX_SENDS);
            action = probe.on_answer(answer);
        }
        prop_assert!(!matches!(action, Action::SendDiscover(_) | Action::SendInitialize(_)));
        prop_assert_eq!(show(&probe.on_answer(&nothing(200))), "incompatible Ended");
    }
}
