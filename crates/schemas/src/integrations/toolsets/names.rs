//! The names of toolsets and of their tools. Their grammars are those of a URL's part and of the MCP specification.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// In a toolset of disclosure `search`, the tool by which agents find others. No tool may be selected under this name.
pub const SEARCH_TOOLS: &str = "search_tools";
/// The tool by which they call what they found; reserved likewise.
pub const CALL_TOOL: &str = "call_tool";

/// Why a name was refused. Never holds the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct InvalidName {
    /// The grammar, in words.
    pub expected: &'static str,
}

/// The name of a toolset: 1 to 64 of `a-z`, `0-9` and `-`, the first one no `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ToolsetName(String);

impl ToolsetName {
    const PATTERN: &'static str = "^[a-z0-9][a-z0-9-]{0,63}$";

    /// Checks a name.
    ///
    /// # Errors
    /// [`InvalidName`].
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = (1..=64).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(is_word);
        let expected = "1 to 64 of `a-z`, `0-9` and `-`, the first one no `-`";
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidName { expected }) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a tool as agents see it: 1 to 128 of `A-Z`, `a-z`, `0-9`, `_`, `.` and `-` (MCP 2026-07-28, tool names).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ExposedToolName(String);

impl ExposedToolName {
    const PATTERN: &'static str = "^[A-Za-z0-9_.-]{1,128}$";

    /// Checks a name.
    ///
    /// # Errors
    /// [`InvalidName`].
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        let is_name = (1..=128).contains(&text.len()) && text.bytes().all(is_word);
        let expected = "1 to 128 of `A-Z`, `a-z`, `0-9`, `_`, `.` and `-`";
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidName { expected }) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of anything in a toolset as agents see it: of a tool or a prompt an [`ExposedToolName`], of a resource its
/// URI, of a template its URI template. These have a scheme and so a colon, which no other name has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ExposedName(String);

impl ExposedName {
    const PATTERN: &'static str = "^([A-Za-z0-9_.-]{1,128}|[A-Za-z][A-Za-z0-9+.-]*:[!-~]{0,1000})$";

    /// Checks a name.
    ///
    /// # Errors
    /// [`InvalidName`].
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        match ExposedToolName::new(text) {
            Ok(name) => Ok(name.into()),
            Err(_) => Self::uri(text),
        }
    }

    /// Checks a URI or a URI template: a scheme (RFC 3986, section 3.1) of at most 23 characters, a colon, and at most
    /// 1000 of visible ASCII.
    ///
    /// # Errors
    /// [`InvalidName`].
    pub fn uri(text: &str) -> Result<Self, InvalidName> {
        let expected = "a scheme, `:` and at most 1000 characters of visible ASCII";
        let Some((scheme, rest)) = text.split_once(':') else { return Err(InvalidName { expected }) };
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-');
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.len() <= 23
            && scheme.bytes().all(is_part);
        let is_rest = rest.len() <= 1000 && rest.bytes().all(|byte| byte.is_ascii_graphic());
        if is_scheme && is_rest { Ok(Self(text.to_owned())) } else { Err(InvalidName { expected }) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<ExposedToolName> for ExposedName {
    fn from(name: ExposedToolName) -> Self {
        Self(name.0)
    }
}

macro_rules! as_text {
    ($name:ident, $schema:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $schema.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": Self::PATTERN })
            }
        }
    };
}

as_text!(ToolsetName, "ToolsetName");
as_text!(ExposedToolName, "ExposedToolName");
as_text!(ExposedName, "ExposedName");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_grammar() {
        let long = "a".repeat(64);
        for good in ["a", "0", "support-eu", &long] {
            assert!(ToolsetName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a_b", "a/b", "a b", "é", &"a".repeat(65)] {
            assert!(ToolsetName::new(bad).is_err(), "{bad}");
        }
        for good in ["a", "github__get_issue", "A.b-c_9", &"a".repeat(128)] {
            assert!(ExposedToolName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a/b", "p\u{0430}y", "read\u{200b}", &"a".repeat(129)] {
            assert!(ExposedToolName::new(bad).is_err(), "{bad}");
        }
        for good in ["a", "file:///a/b.txt", "test://x/{id}", "urn:x", &format!("a:{}", "b".repeat(1000))] {
            assert!(ExposedName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "a/b", "1a:b", ":b", "a: b", "a:\u{e9}", &format!("a:{}", "b".repeat(1001))] {
            assert!(ExposedName::new(bad).is_err(), "{bad}");
        }
    }
}
