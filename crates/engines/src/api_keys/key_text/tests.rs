//! The text of keys: format, typos, and what never panics.

use portcullis_schemas::ids::KeyId;
use proptest::prelude::*;

use super::*;

const ID: &str = "key_01jd0000000000000000000000";

fn key(environment: &str, random: [u8; 32]) -> IssuedKey {
    issue(&KeyEnvironment::new(environment).unwrap(), &ID.parse::<KeyId>().unwrap(), &random)
}

#[test]
fn the_text_is_a_contract() {
    insta::assert_snapshot!(key("live", [0; 32]).text.0, @"pcl_live_01jd0000000000000000000000_00000000000000000000000000000000000000000001CoWnd");
    insta::assert_snapshot!(key("0123456789abcdef", [0xff; 32]).text.0, @"pcl_0123456789abcdef_01jd0000000000000000000000_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp10v3V20");
}

#[test]
fn environments_are_short_lower_case_words() {
    for good in ["a", "live", "test2", "0123456789abcdef"] {
        assert_eq!(KeyEnvironment::new(good).unwrap().as_str(), good);
    }
    for bad in ["", "Live", "li_ve", "0123456789abcdefg", "é"] {
        assert_eq!(KeyEnvironment::new(bad).unwrap_err().field(), Some("environment"), "{bad}");
    }
}

#[test]
fn a_true_checksum_does_not_excuse_a_wrong_form() {
    let secret = "a".repeat(43);
    let bodies = [
        String::new(),
        format!("pcl_live_01jd0000000000000000000000_{}", &secret[1..]),
        format!("pcl_live_01jd0000000000000000000000_{secret}a"),
        format!("pcl_live_01JD0000000000000000000000_{secret}"),
        format!("pcl_LIVE_01jd0000000000000000000000_{secret}"),
        format!("pcl__01jd0000000000000000000000_{secret}"),
        format!("pcl_live_x_01jd0000000000000000000000_{secret}"),
        format!("pcx_live_01jd0000000000000000000000_{secret}"),
        format!("pcl_live_01jd0000000000000000000000_{}+", &secret[1..]),
        format!("pcl_01jd0000000000000000000000_{secret}"),
    ];
    for body in bodies {
        assert!(parse(&format!("{body}{}", checksum(&body))).is_none(), "{body}");
    }
    let body = format!("pcl_live_01jd0000000000000000000000_{secret}");
    assert!(parse(&format!("{body}{}", checksum(&body))).is_some(), "the same with the right form");
}

#[test]
fn nothing_of_a_key_is_printed() {
    let issued = key("live", [7; 32]);
    let parsed = parse(&issued.text.0).unwrap();
    assert_eq!(format!("{issued:?}"), "IssuedKey { text: RevealedKey(..), secret: Secret(..) }");
    assert!(!format!("{parsed:?}").contains(parsed.secret.expose()));
}

proptest! {
    #[test]
    fn what_is_issued_is_read_back(environment in "[a-z0-9]{1,16}", random: [u8; 32]) {
        let issued = key(&environment, random);
        let parsed = parse(&issued.text.0).expect("it was issued");
        prop_assert_eq!(parsed.key_id.as_str(), ID);
        prop_assert_eq!(parsed.secret.expose(), issued.secret.expose());
    }

    #[test]
    fn different_randomness_gives_different_secrets(one: [u8; 32], other: [u8; 32]) {
        let same = key("live", one).secret.expose() == key("live", other).secret.expose();
        prop_assert_eq!(same, one == other);
    }

    #[test]
    fn one_wrong_character_is_refused(random: [u8; 32], at: prop::sample::Index, typed: char) {
        let text = key("live", random).text.0;
        let mut characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len());
        prop_assume!(characters[at] != typed);
        characters[at] = typed;
        prop_assert!(parse(&characters.into_iter().collect::<String>()).is_none());
    }

    #[test]
    fn a_missing_doubled_or_swapped_character_is_refused(random: [u8; 32], at: prop::sample::Index) {
        let text = key("live", random).text.0;
        let at = at.index(text.len() - 1);
        let (before, after) = text.split_at(at);
        let missing = format!("{before}{}", &after[1..]);
        let doubled = format!("{before}{}{after}", &after[..1]);
        let swapped = format!("{before}{}{}{}", &after[1..2], &after[..1], &after[2..]);
        prop_assert!(parse(&missing).is_none());
        prop_assert!(parse(&doubled).is_none());
        prop_assert!(swapped == text || parse(&swapped).is_none());
    }

    #[test]
    fn any_text_is_read_without_panic(text: String, tail in "pcl_[a-z0-9_]{0,120}") {
        prop_assert!(parse(&text).is_none());
        prop_assert!(parse(&tail).is_none());
    }
}
