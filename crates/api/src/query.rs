//! Query strings, read strictly: a broken escape is an error, not a guess.

use portcullis_schemas::Error;

/// The pairs of a query in `application/x-www-form-urlencoded` form, decoded, in order.
///
/// # Errors
/// `invalid_field` with field `query` when an escape is broken, or the text is not UTF-8.
pub(crate) fn pairs(query: &str) -> Result<Vec<(String, String)>, Error> {
    let mut pairs = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        pairs.push((decoded(name).ok_or_else(broken)?, decoded(value).ok_or_else(broken)?));
    }
    Ok(pairs)
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b'+' => b' ',
            _ => byte,
        });
    }
    String::from_utf8(out).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn broken() -> Error {
    Error::invalid("query", "expected `name=value` pairs in UTF-8, with `%` only before two hex digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_decoding() {
        let table = [
            ("", Some("")),
            ("limit=2&cursor=a_b", Some("limit: 2, cursor: a_b")),
            ("run_id=a%20b+c%2B", Some("run_id: a b c+")),
            ("flag", Some("flag: ")),
            ("a=b=c", Some("a: b=c")),
            ("&&a=1&", Some("a: 1")),
            ("%61=%C3%A9", Some("a: é")),
            ("a=%", None),
            ("a=%4", None),
            ("a=%zz", None),
            ("a=%+1", None),
            ("a=%ff", None),
            ("%=1", None),
        ];
        for (query, expected) in table {
            let shown = |pairs: Vec<(String, String)>| {
                pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
            };
            assert_eq!(pairs(query).ok().map(shown).as_deref(), expected, "{query}");
        }
    }
}
