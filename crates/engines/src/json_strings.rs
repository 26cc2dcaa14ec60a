//! Where the tokens of a JSON text end, for those who change some of its strings and leave all else as it is.

/// The text with some of its tokens written anew, strings and what stands between them alike; `None` if all of them stay.
pub(crate) fn rewritten(text: &str, mut anew: impl FnMut(&str) -> Option<String>) -> Option<String> {
    let (bytes, mut out, mut kept, mut at) = (text.as_bytes(), String::new(), 0, 0);
    while at < bytes.len() {
        let end = if bytes[at] == b'"' { end_of_string(bytes, at) } else { end_of_others(bytes, at) };
        if let Some(token) = anew(&text[at..end]) {
            out.push_str(&text[kept..at]);
            out.push_str(&token);
            kept = end;
        }
        at = end;
    }
    if kept == 0 {
        return None;
    }
    out.push_str(&text[kept..]);
    Some(out)
}

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
