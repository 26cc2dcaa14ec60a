//! Walks a JSON text token by token, so that a secret is found behind the escapes of strings, and what comes out is
//! JSON again.

use super::{MARK, Redactor};
use crate::json_strings::{end_of_others, end_of_string, rewritten};

/// The text with marks; `None` when there is nothing to mark. `text` must be JSON.
pub(super) fn redact(text: &str, redactor: &Redactor) -> Option<String> {
    if !holds(text, redactor) {
        return None;
    }
    rewritten(text, |token| marked(token, redactor))
}

/// Whether there is something to mark, in two scans at most, however many strings the text has.
fn holds(text: &str, redactor: &Redactor) -> bool {
    if redactor.is_in_or_packed(text.as_bytes()) {
        return true;
    }
    if !text.contains('\\') {
        return false;
    }
    let (bytes, mut strings, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let end = if bytes[at] == b'"' { end_of_string(bytes, at) } else { end_of_others(bytes, at) };
        let token = &text[at..end];
        if token.starts_with('"') && token.contains('\\') {
            strings.extend(unescaped(token));
            // No text holds this byte, so nothing is found across two strings.
            strings.push(0xff);
        }
        at = end;
    }
    redactor.is_in_or_packed(&strings)
}

/// The token with marks, if there is something to mark.
fn marked(token: &str, redactor: &Redactor) -> Option<String> {
    let Some(inner) = token.strip_prefix('"') else {
        // A number, perhaps with punctuation around it: it becomes a string.
        return redactor.bytes(token.as_bytes()).map(|_| numbers_as_marks(token, redactor));
    };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let held = if inner.contains('\\') { unescaped(inner) } else { inner.as_bytes().to_vec() };
    let marked = redactor.bytes(&held)?;
    serde_json::to_string(&String::from_utf8_lossy(&marked)).ok()
}

/// What stands between strings, with every number that holds the secret replaced.
fn numbers_as_marks(text: &str, redactor: &Redactor) -> String {
    let mut out = String::with_capacity(text.len());
    let is_number = |sign: char| sign.is_ascii_digit() || matches!(sign, '.' | '-' | '+' | 'e' | 'E');
    for piece in text.split_inclusive(|sign: char| !is_number(sign)) {
        let (number, rest) = match piece.char_indices().last() {
            Some((at, sign)) if !is_number(sign) => piece.split_at(at),
            _ => (piece, ""),
        };
        if redactor.is_in(number.as_bytes()) {
            out.push_str(&format!("\"{MARK}\""));
        } else {
            out.push_str(number);
        }
        out.push_str(rest);
    }
    out
}

/// The bytes that a string stands for. A lone surrogate, which no text can hold, becomes U+FFFD.
fn unescaped(inner: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        let taken = match escape.as_bytes().first() {
            Some(b'u') => code_point(escape, &mut out),
            Some(byte) => {
                out.push(match byte {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'b' => 8,
                    b'f' => 12,
                    other => *other,
                });
                1
            }
            None => 0,
        };
        rest = escape.get(taken..).unwrap_or_default();
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// Adds the sign of `uXXXX`, or of a pair of surrogates; how many bytes that was.
fn code_point(escape: &str, out: &mut Vec<u8>) -> usize {
    let unit = |from: usize| escape.get(from..from + 4).and_then(|hex| u16::from_str_radix(hex, 16).ok());
    let units: Vec<u16> = match (unit(1), escape.get(5..7)) {
        (Some(first @ 0xd800..=0xdbff), Some("\\u")) => {
            [Some(first), unit(7)].into_iter().flatten().collect()
        }
        (first, _) => first.into_iter().collect(),
    };
    let mut signs = char::decode_utf16(units);
    let first = signs.next().and_then(Result::ok);
    let sign = first.unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
    // A pair is taken whole only if it is one.
    if u32::from(sign) > 0xffff { 11 } else { 5.min(escape.len()) }
}
