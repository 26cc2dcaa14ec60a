//! Lists are pages with an opaque cursor, newest first unless an operation says otherwise.
//!
//! Consumers: drivers, portcullis, spine

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Pass this as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page from one item more than the limit: the extra one only says that there is a next page.
    /// `position` gives the text from which the next page goes on.
    pub fn from_overfetch(mut items: Vec<T>, limit: PageLimit, position: impl Fn(&T) -> String) -> Self {
        let size = usize::from(limit.get());
        let more = items.len() > size;
        items.truncate(size);
        let next_cursor = if more { items.last().map(position) } else { None };
        Self { items, next_cursor }
    }

    /// The same page of other items.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next_cursor: self.next_cursor }
    }
}

/// How many items a page may have: 1 to 100, 50 unless asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PageLimit(u16);

impl PageLimit {
    /// The most.
    pub const MAX: u16 = 100;

    /// The limit.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// A limit from a number.
    ///
    /// # Errors
    /// When it is not within 1 to 100.
    pub fn new(limit: u16) -> Result<Self, &'static str> {
        if (1..=Self::MAX).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err("expected a number from 1 to 100")
        }
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for PageLimit {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u16::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for PageLimit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PageLimit".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": PageLimit::MAX, "default": 50 })
    }
}

/// Where a page starts: the position of the last item that the caller has seen, as the store wrote it.
/// It carries no authority: every query is bound to the caller's tenant whatever the cursor says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// The position.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A cursor from a position that a store wrote.
    ///
    /// # Errors
    /// When it is not 1 to 128 of letters, digits, `_` and `-`.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if text.is_empty() || text.len() > 128 || !text.bytes().all(is_word) {
            return Err("expected the next_cursor of a page");
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Cursor {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cursor".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$" })
    }
}

/// What every list request has. Flattened into requests by hand, because unknown fields are refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// At most this many items.
    pub limit: PageLimit,
    /// From here on; from the start when absent.
    pub cursor: Option<Cursor>,
}

impl PageRequest {
    /// From a request's fields.
    pub fn new(limit: Option<PageLimit>, cursor: Option<Cursor>) -> Self {
        Self { limit: limit.unwrap_or_default(), cursor }
    }

    /// Rows to fetch: one more than the limit, to learn whether there is a next page.
    pub fn fetch(&self) -> u64 {
        u64::from(self.limit.get()) + 1
    }
}
