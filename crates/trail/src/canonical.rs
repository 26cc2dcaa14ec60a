//! Canonical JSON (RFC 8785, JCS): the one form in which a value is hashed.
//!
//! Members are sorted by the UTF-16 code units of their names, numbers are written as ECMAScript writes them, strings
//! carry the shortest escapes, nothing else is added. The order in which serde_json keeps members does not matter,
//! so its `preserve_order` feature, which any dependency may switch on, cannot change a hash.

mod scan;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

pub(crate) use self::scan::Member;
pub use self::scan::NotCanonical;
use crate::digest::{Digest, sha256};
use crate::number;
use crate::pointer::Pointer;

/// The RFC 8785 form of `value`, in UTF-8.
///
/// # Errors
/// An integer that a double does not hold. Values from [`crate::strict::parse`] have none; values built in code may
/// (a nanosecond time stamp), and rounding would give two records one hash.
pub fn canonical_bytes(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::with_capacity(256);
    write_value(value, &mut out)?;
    Ok(out)
}

/// SHA-256 of [`canonical_bytes`].
///
/// # Errors
/// Those of [`canonical_bytes`].
pub fn canonical_hash(value: &Value) -> Result<Digest, CanonicalError> {
    canonical_bytes(value).map(|bytes| sha256(&bytes))
}

/// Whether `bytes` are a canonical form: exactly what [`canonical_bytes`] writes for the value that
/// [`crate::strict::parse`] reads from them. Builds no value, so it costs a fraction of that.
///
/// # Errors
/// The first place where they are not, or where the default [`Limits`](crate::strict::Limits) end.
pub fn check_canonical(bytes: &[u8]) -> Result<(), NotCanonical> {
    members(bytes, &mut |_| ()).map(drop)
}

/// Does as [`check_canonical`] does, and shows the members of the outermost object on the way. The text of `bytes`.
pub(crate) fn members<'b>(bytes: &'b [u8], visit: &mut dyn FnMut(&Member)) -> Result<&'b str, NotCanonical> {
    let text = std::str::from_utf8(bytes).map_err(|error| NotCanonical::at(error.valid_up_to()))?;
    scan::scan(text, visit)?;
    Ok(text)
}

/// A number has no RFC 8785 form. Names its place, not its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("integer exceeds a 64-bit float, expected one within 2^53 or a string; at {pointer}")]
pub struct CanonicalError {
    pointer: Pointer,
}

impl CanonicalError {
    /// The JSON pointer (RFC 6901) of the number; printable, long names are cut with `…`.
    #[must_use]
    pub fn pointer(&self) -> &str {
        self.pointer.as_str()
    }
}

/// The value of a member, borrowed as whoever writes it has it: an object need not be copied into a [`Value`] first.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Part<'p> {
    /// Any value.
    Value(&'p Value),
    /// A string.
    Text(&'p str),
    /// A whole number.
    Whole(u64),
    /// An object.
    Object(&'p Map<String, Value>),
}

impl<'p> Part<'p> {
    pub(crate) fn as_str(self) -> Option<&'p str> {
        match self {
            Part::Value(value) => value.as_str(),
            Part::Text(text) => Some(text),
            Part::Whole(_) | Part::Object(_) => None,
        }
    }

    pub(crate) fn as_u64(self) -> Option<u64> {
        match self {
            Part::Value(value) => value.as_u64(),
            Part::Whole(number) => Some(number),
            Part::Text(_) | Part::Object(_) => None,
        }
    }
}

/// The RFC 8785 form of an object as if it had no member `left_out`.
pub(crate) fn object_without(
    members: &Map<String, Value>,
    left_out: &str,
) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::with_capacity(1024);
    write_members(parts(members).filter(|(name, _)| *name != left_out), &mut out)?;
    Ok(out)
}

/// The RFC 8785 form of the object of these members, and the place in it where a member `name`, which is none of them,
/// would stand: behind the members that sort before it.
pub(crate) fn object_with_room(
    members: BTreeMap<&str, Part<'_>>,
    name: &str,
) -> Result<(Vec<u8>, usize), CanonicalError> {
    let mut out = Vec::with_capacity(1024);
    let mut room = 1;
    out.push(b'{');
    for (index, (other, part)) in sorted(members).into_iter().enumerate() {
        write_member(index, other, part, &mut out)?;
        if by_code_units(other, name) == Ordering::Less {
            room = out.len();
        }
    }
    out.push(b'}');
    Ok((out, room))
}

/// The members of an object that is a value.
pub(crate) fn parts(members: &Map<String, Value>) -> impl Iterator<Item = (&str, Part<'_>)> {
    members.iter().map(|(name, value)| (name.as_str(), Part::Value(value)))
}

fn write_value(value: &Value, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(number, out)?,
        Value::String(text) => write_string(text, out),
        Value::Array(elements) => {
            out.push(b'[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(element, out)
                    .map_err(|error| CanonicalError { pointer: error.pointer.within_index(index) })?;
            }
            out.push(b']');
        }
        Value::Object(members) => write_members(parts(members), out)?,
    }
    Ok(())
}

fn write_members<'m>(
    members: impl Iterator<Item = (&'m str, Part<'m>)>,
    out: &mut Vec<u8>,
) -> Result<(), CanonicalError> {
    out.push(b'{');
    for (index, (name, part)) in sorted(members).into_iter().enumerate() {
        write_member(index, name, part, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_member(index: usize, name: &str, part: Part<'_>, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    if index > 0 {
        out.push(b',');
    }
    write_string(name, out);
    out.push(b':');
    write_part(part, out).map_err(|error| CanonicalError { pointer: error.pointer.within(name) })
}

fn write_part(part: Part<'_>, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    match part {
        Part::Value(value) => write_value(value, out)?,
        Part::Text(text) => write_string(text, out),
        Part::Whole(number) => write_number(&number.into(), out)?,
        Part::Object(members) => write_members(parts(members), out)?,
    }
    Ok(())
}

fn write_number(number: &Number, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    if number::write(number, out) { Ok(()) } else { Err(CanonicalError { pointer: Pointer::default() }) }
}

fn sorted<'m>(members: impl IntoIterator<Item = (&'m str, Part<'m>)>) -> Vec<(&'m str, Part<'m>)> {
    let mut sorted: Vec<_> = members.into_iter().collect();
    sorted.sort_unstable_by(|(left, _), (right, _)| by_code_units(left, right));
    sorted
}

/// RFC 8785 section 3.2.3. Bytes and code units order alike up to U+D7FF, so ASCII needs no decoding.
fn by_code_units(left: &str, right: &str) -> Ordering {
    if left.is_ascii() && right.is_ascii() {
        left.cmp(right)
    } else {
        left.encode_utf16().cmp(right.encode_utf16())
    }
}

/// RFC 8785 section 3.2.2.2.
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    out.push(b'"');
    while let Some(at) = rest.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\')) {
        out.extend_from_slice(&rest[..at]);
        write_escape(rest[at], out);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    let letter = match byte {
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        0x00..0x20 => return out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        _ => byte,
    };
    out.extend_from_slice(&[b'\\', letter]);
}

#[cfg(test)]
mod tests;
