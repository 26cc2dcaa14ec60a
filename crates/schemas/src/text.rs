//! Bounded texts: the lengths of every field that people or agents fill in.
//!
//! Consumers: api, drivers, engines, portcullis, server, spine

use std::fmt;

bounded_text!(/// A short name for people: servers, keys, policies, credentials, tenants.
    Name, 1..=128);
bounded_text!(/// What a thing is for. May hold line feeds and tabs.
    Description, 0..=4096, check_lines);
bounded_text!(/// A URL as given; judged by the egress rules, not here.
    UrlText, 1..=2048);
bounded_text!(/// Why somebody did something; required where a person overrides a control.
    Reason, 1..=512);
bounded_text!(/// A label for grouping.
    Tag, 1..=64);
bounded_text!(/// The id of an agent's run, chosen by the caller.
    RunId, 1..=100);
bounded_text!(/// A credential reference as given (`cus-vault://`, `encrypted://`, `env://`), parsed by the vault; or
/// `connection://caller`, for the secret of whoever calls.
    CredentialRefText, 1..=16384);
bounded_text!(/// An HTTP header name (RFC 9110 section 5.1); the token grammar is checked where it is used.
    HeaderNameText, 1..=64);
bounded_text!(/// What an agent looks for.
    SearchText, 1..=200);
bounded_text!(/// A caller's idempotency key, opaque to us.
    IdempotencyKey, 1..=255);

/// The source of a policy in the Cedar language. Unlike names it may hold line breaks and tabs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct PolicyText(String);

impl PolicyText {
    /// Most bytes allowed.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// The text, checked for length only; its grammar is judged against the schema on write.
    ///
    /// # Errors
    /// [`InvalidText`] when it is empty or too long.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidText> {
        let text = text.into();
        if text.trim().is_empty() || text.len() > Self::MAX_BYTES {
            return Err(InvalidText::Length { min: 1, max: Self::MAX_BYTES });
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> serde::Deserialize<'de> for PolicyText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for PolicyText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PolicyText".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": PolicyText::MAX_BYTES })
    }
}

/// Why a text was refused. Never holds the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Too short or too long, in characters.
    #[error("expected {min} to {max} characters")]
    Length {
        /// Fewest.
        min: usize,
        /// Most.
        max: usize,
    },
    /// A character that would be invisible, or would break a log line or a header.
    #[error("character U+{code_point:04X} is not allowed: use visible characters and plain spaces")]
    Character {
        /// The refused code point.
        code_point: u32,
    },
}

/// A name that is not one of the expected ones. Never holds the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// What was expected.
    pub expected: &'static [&'static str],
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected one of: {}", self.expected.join(", "))
    }
}

impl std::error::Error for UnknownName {}

/// Whether a character changes what a person sees without being seen: controls, bidi overrides, zero-width
/// characters, tag characters, variation selectors, byte order marks.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
            | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB
            | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

pub(crate) fn check(text: &str, min: usize, max: usize) -> Result<(), InvalidText> {
    check_but(text, min, max, &[])
}

/// As [`check`], of a text that may have several lines.
pub(crate) fn check_lines(text: &str, min: usize, max: usize) -> Result<(), InvalidText> {
    check_but(text, min, max, &['\n', '\t'])
}

fn check_but(text: &str, min: usize, max: usize, allowed: &[char]) -> Result<(), InvalidText> {
    let length = text.chars().count();
    if length < min || length > max {
        return Err(InvalidText::Length { min, max });
    }
    match text.chars().find(|character| is_hidden(*character) && !allowed.contains(character)) {
        Some(character) => Err(InvalidText::Character { code_point: u32::from(character) }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(Name::new("é".repeat(128)).is_ok());
        assert_eq!(Name::new("é".repeat(129)), Err(InvalidText::Length { min: 1, max: 128 }));
        assert_eq!(Name::new(""), Err(InvalidText::Length { min: 1, max: 128 }));
    }

    #[test]
    fn a_description_may_have_lines() {
        assert!(Description::new("one\n\ttwo").is_ok());
        assert!(Name::new("one\ntwo").is_err());
        for hidden in ["a\u{200b}", "a\r\n", "a\u{1b}[31m"] {
            assert!(Description::new(hidden).is_err(), "{hidden:?}");
        }
    }

    #[test]
    fn hidden_characters_are_named_by_code_point() {
        let error = Name::new("pay\u{202e}roll").map_err(|error| error.to_string());
        assert_eq!(
            error,
            Err("character U+202E is not allowed: use visible characters and plain spaces".to_owned())
        );
    }
}
