//! Tests of versions and pins.

use super::*;

#[test]
fn versions_are_ordered_and_round_trip() {
    for pair in ProtocolVersion::ALL.windows(2) {
        assert!(pair[0] < pair[1]);
    }
    for version in ProtocolVersion::ALL {
        assert_eq!(version.to_string().parse(), Ok(version));
        assert_eq!(serde_json::to_string(&version).unwrap(), format!("\"{version}\""));
    }
    assert_eq!(ProtocolVersion::parse("2026-07-28 "), None);
}

#[test]
fn highest_mutual_keeps_to_the_era_and_skips_the_unknown() {
    let offered = ["2099-01-01", "2025-03-26", "2026-07-28", "2025-06-18"];
    assert_eq!(highest_mutual(&offered, Era::Modern), Some(ProtocolVersion::V2026_07_28));
    assert_eq!(highest_mutual(&offered, Era::Legacy), Some(ProtocolVersion::V2025_06_18));
    assert_eq!(highest_mutual(&["2024-11-05"], Era::Legacy), None, "never chosen by us");
    assert_eq!(highest_mutual::<&str>(&[], Era::Modern), None);
}

#[test]
fn a_pin_is_auto_or_a_spoken_version() {
    for (text, want) in [
        ("auto", Ok(Pin::Auto)),
        ("2025-11-25", Ok(Pin::Version(ProtocolVersion::V2025_11_25))),
        ("2024-11-05", Err(UnknownVersion)),
        ("AUTO", Err(UnknownVersion)),
        ("", Err(UnknownVersion)),
    ] {
        assert_eq!(text.parse::<Pin>(), want, "{text}");
    }
}
