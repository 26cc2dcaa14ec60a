//! Where the tokens of a JSON text end, for those who change some of its strings and leave all else as it is.

/// Behind the closing quote of the string that begins here.
pub(crate) fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Before the next string.
pub(crate) fn end_of_others(bytes: &[u8], from: usize) -> usize {
    memchr::memchr(b'"', &bytes[from..]).map_or(bytes.len(), |found| from + found)
}
