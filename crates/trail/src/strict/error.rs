//! What strict reading refuses, and where.

use crate::pointer::Pointer;

/// Why a text was refused, and where. Prints the rule and what was expected, never a value of the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}; at {pointer}, byte {offset}")]
pub struct StrictError {
    kind: StrictErrorKind,
    pointer: Pointer,
    offset: usize,
}

impl StrictError {
    /// The rule that was broken.
    #[must_use]
    pub fn kind(&self) -> StrictErrorKind {
        self.kind
    }

    /// The JSON pointer (RFC 6901) of the member or element at fault; empty for the whole document. Made for
    /// people: unprintable characters are escaped, long names and long pointers are cut with `…`.
    #[must_use]
    pub fn pointer(&self) -> &str {
        self.pointer.as_str()
    }

    /// Where the fault begins, in bytes from the start of the text.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn new(kind: StrictErrorKind, offset: usize) -> Self {
        Self { kind, pointer: Pointer::default(), offset }
    }

    pub(super) fn within(self, name: &str) -> Self {
        Self { pointer: self.pointer.within(name), ..self }
    }

    pub(super) fn within_index(self, index: usize) -> Self {
        Self { pointer: self.pointer.within_index(index), ..self }
    }
}

/// The rule that a text broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StrictErrorKind {
    /// The text starts with U+FEFF.
    #[error("byte order mark found, expected text without one")]
    ByteOrderMark,
    /// The text is not UTF-8.
    #[error("invalid utf-8, expected text in utf-8")]
    Encoding,
    /// A `\u` escape is half of a surrogate pair.
    #[error("lone surrogate, expected a pair of \\u escapes or a code point outside d800 to dfff")]
    Surrogate,
    /// A control character stands in a string as it is.
    #[error("control character in a string, expected an escape such as \\n or \\u001f")]
    ControlCharacter,
    /// The grammar of RFC 8259 is broken; holds what was expected.
    #[error("malformed json, expected {0}")]
    Syntax(&'static str),
    /// An object names a member twice.
    #[error("duplicate member, expected each name once in an object")]
    DuplicateMember,
    /// A double would change the number.
    #[error("number does not round-trip, expected one that a 64-bit float keeps, or a string")]
    Number,
    /// Nested deeper than the limit, which it holds.
    #[error("too deep, expected at most {0} levels of arrays and objects")]
    Depth(u32),
    /// More values than the limit, which it holds.
    #[error("too many values, expected at most {0}")]
    Nodes(u32),
    /// Something follows the value.
    #[error("data after the value, expected the end of the text")]
    Trailing,
}

impl StrictErrorKind {
    /// A stable name of the rule, for error codes and records.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ByteOrderMark | Self::Encoding | Self::Surrogate | Self::ControlCharacter => "json_text",
            Self::Syntax(_) | Self::Trailing => "json_syntax",
            Self::DuplicateMember => "json_duplicate",
            Self::Number => "json_number",
            Self::Depth(_) => "json_depth",
            Self::Nodes(_) => "json_nodes",
        }
    }
}
