//! A cheap scan of raw JSON before it is parsed: nesting depth, node count, duplicate keys at every level, lone
//! surrogates, raw control characters. It never recurses and never builds a value. What arrives piece by piece is measured
//! by a [`Gauge`] meanwhile, so that a bomb is not read to its end.
//!
//! The scan judges structure only. Grammar is left to the parser that runs after it: a text that is no JSON at all
//! may pass here and must then fail there.

mod gauge;

use std::borrow::Cow;
use std::collections::HashSet;

pub use gauge::{Gauge, GaugeError};

/// What is done about an object that names a member twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplicateKeys {
    /// Refused at every level: two readers of one text could see two messages (CVE-2026-27896 and its kin).
    Refuse,
    /// Passed. Only for a text whose parts are judged again one by one, as the tools of a list are.
    Allow,
}

/// Limits of [`scan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonLimits {
    /// Open arrays and objects at once.
    pub max_depth: usize,
    /// Values (scalars, arrays and objects; member names are not counted).
    pub max_nodes: usize,
    /// Duplicate member names.
    pub duplicate_keys: DuplicateKeys,
}

impl JsonLimits {
    /// Depth 64, 200 000 nodes, duplicates refused. The default.
    pub const STRICT: Self =
        Self { max_depth: 64, max_nodes: 200_000, duplicate_keys: DuplicateKeys::Refuse };
    /// As [`Self::STRICT`] but duplicates pass, so that one bad tool does not cost the whole list.
    pub const STRUCTURE: Self = Self { duplicate_keys: DuplicateKeys::Allow, ..Self::STRICT };
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self::STRICT
    }
}

/// Why a text was refused before parsing. Offsets are in bytes. Holds nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// Nested deeper than `limit`.
    #[error("JSON: nested deeper than {limit} levels")]
    TooDeep {
        /// The limit that was passed.
        limit: usize,
    },
    /// More values than `limit`.
    #[error("JSON: more than {limit} values")]
    TooManyNodes {
        /// The limit that was passed.
        limit: usize,
    },
    /// An object names a member twice (after decoding of escapes).
    #[error("JSON: a member name occurs twice in one object, at byte {offset}")]
    DuplicateKey {
        /// Where the second one starts.
        offset: usize,
    },
    /// A `\u` escape that is half of a surrogate pair.
    #[error("JSON: a lone surrogate escape in the string at byte {offset}")]
    LoneSurrogate {
        /// Where the string starts.
        offset: usize,
    },
    /// The bytes are not UTF-8.
    #[error("JSON: not UTF-8, at byte {offset}")]
    NotUtf8 {
        /// The first byte that does not belong.
        offset: usize,
    },
    /// A byte order mark before the text.
    #[error("JSON: begins with a byte order mark")]
    ByteOrderMark,
    /// A control character that is not escaped.
    #[error("JSON: a control character in a string, at byte {offset}")]
    ControlCharacter {
        /// Where it stands.
        offset: usize,
    },
}

impl ScanError {
    /// Whether the text is none that JSON allows, whatever it would say: encoding, surrogates, raw control characters.
    #[must_use]
    pub fn is_of_text(&self) -> bool {
        matches!(
            self,
            Self::LoneSurrogate { .. }
                | Self::NotUtf8 { .. }
                | Self::ByteOrderMark
                | Self::ControlCharacter { .. }
        )
    }
}

/// Checks `bytes` against `limits`, in one pass.
///
/// # Errors
/// The first limit that is passed, in the order of the text.
pub fn scan(bytes: &[u8], limits: &JsonLimits) -> Result<(), ScanError> {
    let text =
        std::str::from_utf8(bytes).map_err(|error| ScanError::NotUtf8 { offset: error.valid_up_to() })?;
    if text.starts_with('\u{feff}') {
        return Err(ScanError::ByteOrderMark);
    }
    Scanner { text, at: 0, nodes: 0, open: Vec::new(), limits }.run()
}

/// One open array or object.
enum Frame<'a> {
    Array,
    Object { names: HashSet<Cow<'a, str>>, expects_name: bool },
}

struct Scanner<'a, 'l> {
    text: &'a str,
    at: usize,
    nodes: usize,
    open: Vec<Frame<'a>>,
    limits: &'l JsonLimits,
}

impl<'a> Scanner<'a, '_> {
    fn run(mut self) -> Result<(), ScanError> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'"' => self.string()?,
                b'{' => self.open(Frame::Object { names: HashSet::new(), expects_name: true })?,
                b'[' => self.open(Frame::Array)?,
                b'}' | b']' => {
                    self.open.pop();
                    self.at += 1;
                }
                b',' => {
                    if let Some(Frame::Object { expects_name, .. }) = self.open.last_mut() {
                        *expects_name = true;
                    }
                    self.at += 1;
                }
                b':' | b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                _ => self.scalar()?,
            }
        }
        Ok(())
    }

    fn open(&mut self, frame: Frame<'a>) -> Result<(), ScanError> {
        self.node()?;
        if self.open.len() >= self.limits.max_depth {
            return Err(ScanError::TooDeep { limit: self.limits.max_depth });
        }
        self.open.push(frame);
        self.at += 1;
        Ok(())
    }

    fn node(&mut self) -> Result<(), ScanError> {
        self.nodes += 1;
        if self.nodes > self.limits.max_nodes {
            return Err(ScanError::TooManyNodes { limit: self.limits.max_nodes });
        }
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), ScanError> {
        let rest = &self.text.as_bytes()[self.at..];
        let ends = |byte: &u8| {
            matches!(byte, b',' | b':' | b'"' | b'{' | b'}' | b'[' | b']' | b' ' | b'\t' | b'\r' | b'\n')
        };
        self.at += rest.iter().position(ends).unwrap_or(rest.len());
        self.node()
    }

    fn string(&mut self) -> Result<(), ScanError> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut escaped = false;
        self.at += 1;
        loop {
            let rest = &bytes[self.at..];
            let Some(step) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) else {
                self.at = bytes.len();
                return self.node(); // unterminated: the parser refuses it
            };
            self.at += step;
            match bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    break;
                }
                b'\\' => {}
                _ => return Err(ScanError::ControlCharacter { offset: self.at }),
            }
            escaped = true;
            self.at += escape_length(&bytes[self.at..]).ok_or(ScanError::LoneSurrogate { offset: start })?;
            self.at = self.at.min(bytes.len());
        }
        self.end_string(start, escaped)
    }

    /// A finished string is a member's name or a value.
    fn end_string(&mut self, start: usize, escaped: bool) -> Result<(), ScanError> {
        let literal = &self.text[start..self.at];
        let Some(Frame::Object { names, expects_name }) = self.open.last_mut() else { return self.node() };
        if !*expects_name {
            return self.node();
        }
        *expects_name = false;
        if self.limits.duplicate_keys == DuplicateKeys::Refuse && !names.insert(decoded(literal, escaped)) {
            return Err(ScanError::DuplicateKey { offset: start });
        }
        Ok(())
    }
}

/// The name behind a string literal (quotes included). A literal with a broken escape stands for itself: the parser
/// refuses it.
fn decoded(literal: &str, escaped: bool) -> Cow<'_, str> {
    if escaped && let Ok(name) = serde_json::from_str::<String>(literal) {
        return Cow::Owned(name);
    }
    Cow::Borrowed(&literal[1..literal.len() - 1])
}

/// Bytes of the escape at the start of `rest`; a surrogate pair counts as one. `None` for half a pair.
fn escape_length(rest: &[u8]) -> Option<usize> {
    match unit(rest) {
        None => Some(2),
        Some(0xD800..=0xDBFF) => match unit(&rest[6..]) {
            Some(0xDC00..=0xDFFF) => Some(12),
            _ => None,
        },
        Some(0xDC00..=0xDFFF) => None,
        Some(_) => Some(6),
    }
}

/// The code unit of a `\uXXXX` escape at the start of `rest`.
fn unit(rest: &[u8]) -> Option<u16> {
    let digits = rest.get(..6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0_u16, |unit, digit| Some(unit << 4 | (*digit as char).to_digit(16)? as u16))
}

#[cfg(test)]
mod tests;
