//! Strict JSON: one text, one meaning.
//!
//! JSON parsers disagree about duplicate members, numbers beyond a double, lone surrogates and byte order marks;
//! whoever judges a message and whoever acts on it may then see different ones. This reader accepts RFC 8259 text
//! in UTF-8 and refuses what any two readers might see differently:
//!
//! | refused | why |
//! |---|---|
//! | a member name twice in one object, compared after escapes are decoded | some readers keep the first, some the last |
//! | a number whose RFC 8785 text denotes another decimal (`9007199254740993`, `1e400`, `1e-400`, `0.10000000000000001`) | it would be changed in silence |
//! | a lone surrogate escape, invalid UTF-8, a byte order mark | no common meaning |
//! | nesting beyond [`Limits::max_depth`], more than [`Limits::max_nodes`] values | stack and memory |
//! | anything after the value | a second message hides there |
//!
//! Accepted on purpose: every spelling of a number that keeps its value (`1.10`, `1e2`, `1.0`), and `-0`, which is
//! mathematically 0 and becomes 0; `\u0000` and noncharacters in strings, which are valid JSON.
//!
//! Callers bound the length in bytes before they parse; memory use is proportional to it.

mod error;
mod parser;

pub use error::{StrictError, StrictErrorKind};
use serde_json::Value;

/// How large a document may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Deepest nesting of arrays and objects; a document without either has depth 0. Default 64. Values above
    /// [`Limits::DEEPEST`] count as that: the reader recurses.
    pub max_depth: u32,
    /// Most values in the document: every object, array, string, number, boolean and null counts one, member
    /// names count none. Default 200 000.
    pub max_nodes: u32,
}

impl Limits {
    /// The deepest nesting that any setting allows.
    pub const DEEPEST: u32 = 256;
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_depth: 64, max_nodes: 200_000 }
    }
}

/// Reads one JSON value.
///
/// Equal values come out equal however they were spelled: a number that fits `u64` or `i64` is an integer, also
/// when written `1.0` or `1e2`. [`crate::canonical_bytes`] accepts every value that comes out of here.
///
/// # Errors
/// The first thing that is wrong, with its JSON pointer and byte offset; never a value of the document.
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Value, StrictError> {
    parser::parse(bytes, limits)
}

/// Whether [`parse`] would succeed, for callers that go on with the raw bytes. Costs what `parse` costs.
///
/// # Errors
/// Those of [`parse`].
pub fn check(bytes: &[u8], limits: Limits) -> Result<(), StrictError> {
    parser::parse(bytes, limits).map(drop)
}

#[cfg(test)]
mod tests;
