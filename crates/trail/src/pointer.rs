//! Where in a document something is wrong: an RFC 6901 JSON pointer, made safe to print.

use std::fmt;

/// A member name longer than this (characters) is cut, so that a hostile name cannot fill an error message.
const SEGMENT_CHARS: usize = 64;
/// Once a pointer is this long (bytes), outer segments are left out and `…` stands for them.
const POINTER_BYTES: usize = 512;

/// A JSON pointer, built from the inside out while an error travels up; the empty pointer is the whole document.
///
/// Printable by construction: characters other than letters, digits and visible ASCII stand as `\u{..}`, long
/// names are cut with `…`. It names a place for a person; it is not meant to be resolved by a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pointer(String);

impl Pointer {
    /// The same place, seen from the object that holds it as member `name`.
    pub(crate) fn within(self, name: &str) -> Self {
        if self.0.len() >= POINTER_BYTES {
            return if self.0.starts_with('…') { self } else { Self(format!("…{}", self.0)) };
        }
        let mut text = String::from("/");
        for (count, character) in name.chars().enumerate() {
            if count == SEGMENT_CHARS {
                text.push('…');
                break;
            }
            push_printable(&mut text, character);
        }
        text.push_str(&self.0);
        Self(text)
    }

    /// The same place, seen from the array that holds it as element `index`.
    pub(crate) fn within_index(self, index: usize) -> Self {
        self.within(&index.to_string())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("the top level") } else { write!(f, "`{}`", self.0) }
    }
}

/// RFC 6901 section 3 escapes, then anything that could disturb a terminal or a log line.
fn push_printable(text: &mut String, character: char) {
    match character {
        '~' => text.push_str("~0"),
        '/' => text.push_str("~1"),
        c if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() => text.push(c),
        c => text.extend(c.escape_unicode()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_escaped_and_printable() {
        let pointer = Pointer::default().within("a/b~c").within_index(3).within("x\u{202e}\n");
        assert_eq!(pointer.as_str(), "/x\\u{202e}\\u{a}/3/a~1b~0c");
        assert_eq!(Pointer::default().to_string(), "the top level");
    }

    #[test]
    fn a_hostile_name_cannot_fill_a_message() {
        let mut pointer = Pointer::default();
        for _ in 0..64 {
            pointer = pointer.within(&"\u{e0041}".repeat(100_000));
        }
        assert!(pointer.as_str().len() < 2 * 1024, "{} bytes", pointer.as_str().len());
        assert!(pointer.as_str().starts_with('…'));
    }
}
