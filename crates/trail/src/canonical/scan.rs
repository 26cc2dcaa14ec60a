//! Whether bytes are in canonical form already, and where an object's members lie: one pass, no value built.
//!
//! Records are stored in the form that was hashed. A verifier that finds them so may hash the bytes as they are.

use std::ops::Range;

use super::by_code_units;
use crate::strict::{self, Limits};

/// Bytes are not the RFC 8785 form of a value. Says where, not what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not in canonical form, expected the one text of RFC 8785 that strict reading accepts; at byte {offset}"
)]
pub struct NotCanonical {
    offset: usize,
}

impl NotCanonical {
    /// Where the form is left, in bytes from the start; for a wrong order, the name that comes too late.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn at(offset: usize) -> Self {
        Self { offset }
    }
}

/// A member of the outermost object, by its place in the text.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// The name as written, without its quotes.
    pub(crate) name: Range<usize>,
    /// The value as written.
    pub(crate) value: Range<usize>,
}

/// Scans `text` and shows `visit` each member of the outermost object, in order; none if it is no object.
pub(super) fn scan(text: &str, visit: &mut dyn FnMut(&Member)) -> Result<(), NotCanonical> {
    let limits = Limits::default();
    let mut scanner =
        Scanner { text, bytes: text.as_bytes(), at: 0, nodes_left: limits.max_nodes, limits, visit };
    scanner.value(0)?;
    if scanner.at == text.len() { Ok(()) } else { Err(scanner.wrong()) }
}

type Scan = Result<(), NotCanonical>;

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// Offset of the next byte.
    at: usize,
    nodes_left: u32,
    limits: Limits,
    visit: &'t mut dyn FnMut(&Member),
}

impl Scanner<'_> {
    /// A value inside `depth` containers.
    fn value(&mut self, depth: u32) -> Scan {
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or(self.wrong())?;
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') if depth < self.limits.max_depth => self.object(depth),
            Some(b'[') if depth < self.limits.max_depth => self.array(depth + 1),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            _ => self.word(b"null"),
        }
    }

    fn object(&mut self, depth: u32) -> Scan {
        self.at += 1;
        if self.take(b'}') {
            return Ok(());
        }
        let mut before: Option<Range<usize>> = None;
        loop {
            let start = self.at;
            self.string()?;
            let name = start + 1..self.at - 1;
            if before.is_some_and(|before| !self.ascends(before, name.clone())) {
                return Err(NotCanonical { offset: start });
            }
            self.expect(b':')?;
            let start = self.at;
            self.value(depth + 1)?;
            if depth == 0 {
                (self.visit)(&Member { name: name.clone(), value: start..self.at });
            }
            before = Some(name);
            if self.take(b'}') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self, depth: u32) -> Scan {
        self.at += 1;
        if self.take(b']') {
            return Ok(());
        }
        loop {
            self.value(depth)?;
            if self.take(b']') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    /// A string with no escape but those that must be, in the shortest spelling.
    fn string(&mut self) -> Scan {
        self.expect(b'"')?;
        loop {
            self.at += plain(&self.bytes[self.at..]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                _ => return Err(self.wrong()),
            }
        }
    }

    fn escape(&mut self) -> Scan {
        match self.bytes[self.at + 1..] {
            [b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 2,
            // What has a letter of its own is not written in figures: 08, 09, 0a, 0c and 0d.
            [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => self.at += 6,
            _ => return Err(self.wrong()),
        }
        Ok(())
    }

    /// Integers of up to 15 digits have one spelling; for others the writer is asked.
    fn number(&mut self) -> Scan {
        let start = self.at;
        let negative = self.take(b'-');
        let first = self.peek();
        let digits = self.bytes[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        if digits <= 15 && !matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            let canonical = digits > 0 && (first != Some(b'0') || (digits == 1 && !negative));
            return if canonical { Ok(()) } else { Err(NotCanonical { offset: start }) };
        }
        while matches!(self.peek(), Some(b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
            self.at += 1;
        }
        let literal = &self.bytes[start..self.at];
        let read = strict::parse(literal, self.limits).ok();
        let written = read.and_then(|number| super::canonical_bytes(&number).ok());
        if written.as_deref() == Some(literal) { Ok(()) } else { Err(NotCanonical { offset: start }) }
    }

    fn word(&mut self, word: &'static [u8]) -> Scan {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.wrong());
        }
        self.at += word.len();
        Ok(())
    }

    /// Whether the second name comes after the first: never twice, and in the order of code units.
    fn ascends(&self, first: Range<usize>, second: Range<usize>) -> bool {
        let (first, second) = (&self.text[first], &self.text[second]);
        let spelled_as_is = |name: &str| name.is_ascii() && !name.contains('\\');
        if spelled_as_is(first) && spelled_as_is(second) {
            return first < second;
        }
        let decoded = |name: &str| serde_json::from_str::<String>(&format!("\"{name}\"")).ok();
        let (Some(first), Some(second)) = (decoded(first), decoded(second)) else { return false };
        by_code_units(&first, &second).is_lt()
    }

    fn expect(&mut self, byte: u8) -> Scan {
        if self.take(byte) { Ok(()) } else { Err(self.wrong()) }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn wrong(&self) -> NotCanonical {
        NotCanonical { offset: self.at }
    }
}

/// How many bytes at the front stand for themselves in a string: no quote, no backslash, no control character.
/// Eight at a time: most of a record is text.
fn plain(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let stops = below(word, 0x20) | below(word ^ each(b'"'), 1) | below(word ^ each(b'\\'), 1);
        if stops != 0 {
            return number * 8 + stops.trailing_zeros() as usize / 8;
        }
    }
    let stops = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    words.len() * 8 + tail.iter().position(stops).unwrap_or(tail.len())
}

/// The high bit of the lowest byte that is below `limit` (at most 128), and of no byte before it; what is set above it
/// means nothing, because subtracting borrows upwards only.
fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(each(limit)) & !word & each(0x80)
}

/// A word of eight times this byte.
const fn each(byte: u8) -> u64 {
    0x0101_0101_0101_0101 * byte as u64
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn plain_bytes_end_at_the_first_that_is_not() {
        let stops = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        for first in 0..=u8::MAX {
            for second in [0, b'"', b'\\', b'a', 0xff] {
                for at in 0..20 {
                    let mut bytes = [b'a'; 24];
                    (bytes[at], bytes[at + 3]) = (first, second);
                    let expected = bytes.iter().position(|byte| stops(*byte)).unwrap_or(24);
                    assert_eq!(plain(&bytes), expected, "{first} at {at}, then {second}");
                }
            }
        }
    }
}
