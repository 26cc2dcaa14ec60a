//! The reader: recursive descent over the bytes, one pass, depth-bounded.
//!
//! Written by hand because serde_json neither reports duplicates nor hands out number literals, and because an
//! error must know its pointer and offset. The pointer is built only when an error travels up.

use serde_json::{Map, Value};

use super::{Limits, StrictError, StrictErrorKind as Kind};
use crate::number;

type Read<T> = Result<T, StrictError>;

/// Reads `bytes` as one value with nothing around it but whitespace.
pub(super) fn parse(bytes: &[u8], limits: Limits) -> Read<Value> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(StrictError::new(Kind::ByteOrderMark, 0));
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| StrictError::new(Kind::Encoding, error.valid_up_to()))?;
    let mut reader = Reader {
        text,
        at: 0,
        nodes_left: limits.max_nodes,
        max_depth: limits.max_depth.min(Limits::DEEPEST),
        max_nodes: limits.max_nodes,
    };
    let value = reader.value(0)?;
    reader.skip_whitespace();
    if reader.peek().is_some() {
        return Err(reader.fail(Kind::Trailing));
    }
    Ok(value)
}

struct Reader<'t> {
    text: &'t str,
    /// Offset of the next byte; on a character boundary whenever text is cut.
    at: usize,
    nodes_left: u32,
    max_depth: u32,
    max_nodes: u32,
}

impl Reader<'_> {
    /// A value inside `depth` containers.
    fn value(&mut self, depth: u32) -> Read<Value> {
        self.skip_whitespace();
        let Some(first) = self.peek() else { return Err(self.fail(Kind::Syntax("a value"))) };
        self.nodes_left =
            self.nodes_left.checked_sub(1).ok_or_else(|| self.fail(Kind::Nodes(self.max_nodes)))?;
        match first {
            b'{' => self.enter(depth).and_then(|depth| self.object(depth)),
            b'[' => self.enter(depth).and_then(|depth| self.array(depth)),
            b'"' => self.string("a string").map(Value::String),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => Err(self.fail(Kind::Syntax("a value"))),
        }
    }

    fn enter(&self, depth: u32) -> Read<u32> {
        if depth >= self.max_depth { Err(self.fail(Kind::Depth(self.max_depth))) } else { Ok(depth + 1) }
    }

    fn object(&mut self, depth: u32) -> Read<Value> {
        let mut members = Map::new();
        self.at += 1;
        if self.take_after_whitespace(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_whitespace();
            let name_at = self.at;
            let name = self.string("a member name in double quotes")?;
            if members.contains_key(&name) {
                return Err(StrictError::new(Kind::DuplicateMember, name_at).within(&name));
            }
            if !self.take_after_whitespace(b':') {
                return Err(self.fail(Kind::Syntax("`:` after a member name")).within(&name));
            }
            let value = self.value(depth).map_err(|error| error.within(&name))?;
            members.insert(name, value);
            if self.take_after_whitespace(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.take_after_whitespace(b',') {
                return Err(self.fail(Kind::Syntax("`,` or `}` after a member")));
            }
        }
    }

    fn array(&mut self, depth: u32) -> Read<Value> {
        let mut elements = Vec::new();
        self.at += 1;
        if self.take_after_whitespace(b']') {
            return Ok(Value::Array(elements));
        }
        loop {
            let value = self.value(depth).map_err(|error| error.within_index(elements.len()))?;
            elements.push(value);
            if self.take_after_whitespace(b']') {
                return Ok(Value::Array(elements));
            }
            if !self.take_after_whitespace(b',') {
                return Err(self.fail(Kind::Syntax("`,` or `]` after an element")));
            }
        }
    }

    /// A string; `what` names it if there is none.
    fn string(&mut self, what: &'static str) -> Read<String> {
        if !self.take(b'"') {
            return Err(self.fail(Kind::Syntax(what)));
        }
        let mut decoded = String::new();
        loop {
            let start = self.at;
            let rest = self.rest();
            let plain = rest.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'));
            self.at += plain.unwrap_or(rest.len());
            decoded.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(decoded);
                }
                Some(b'\\') => decoded.push(self.escape()?),
                Some(_) => return Err(self.fail(Kind::ControlCharacter)),
                None => return Err(self.fail(Kind::Syntax("`\"` at the end of a string"))),
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let start = self.at;
        let letter = self.text.as_bytes().get(start + 1).copied();
        self.at += 2;
        Ok(match letter {
            Some(letter @ (b'"' | b'\\' | b'/')) => char::from(letter),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            _ => return Err(StrictError::new(Kind::Syntax("one of \" \\ / b f n r t u after `\\`"), start)),
        })
    }

    /// The rest of a `\u` escape that began at `start`: one code unit, or two that form a pair.
    fn unicode_escape(&mut self, start: usize) -> Read<char> {
        let lone = || StrictError::new(Kind::Surrogate, start);
        let first = self.code_unit(start)?;
        if !(0xd800..=0xdbff).contains(&first) {
            return char::from_u32(first).ok_or_else(lone);
        }
        if !self.rest().starts_with(b"\\u") {
            return Err(lone());
        }
        let second_at = self.at;
        self.at += 2;
        let second = self.code_unit(second_at)?;
        if !(0xdc00..=0xdfff).contains(&second) {
            return Err(lone());
        }
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or_else(lone)
    }

    fn code_unit(&mut self, start: usize) -> Read<u32> {
        let wrong = || StrictError::new(Kind::Syntax("four hexadecimal digits after `\\u`"), start);
        let mut unit = 0;
        for digit in self.rest().first_chunk::<4>().ok_or_else(wrong)? {
            unit = unit << 4 | char::from(*digit).to_digit(16).ok_or_else(wrong)?;
        }
        self.at += 4;
        Ok(unit)
    }

    fn number(&mut self) -> Read<Value> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        let number = number::exact(&self.text[start..self.at]);
        number.map(Value::Number).ok_or_else(|| StrictError::new(Kind::Number, start))
    }

    fn digits(&mut self) -> Read<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.fail(Kind::Syntax("a digit"))) } else { Ok(()) }
    }

    fn word(&mut self, word: &'static str, value: Value) -> Read<Value> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.fail(Kind::Syntax("a value")));
        }
        self.at += word.len();
        Ok(value)
    }

    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take_after_whitespace(&mut self, byte: u8) -> bool {
        self.skip_whitespace();
        self.take(byte)
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn fail(&self, kind: Kind) -> StrictError {
        StrictError::new(kind, self.at)
    }
}
