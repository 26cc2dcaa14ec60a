//! The credential in the forms in which programs hand texts on, and where it is found again. It shares no code with the
//! gate's own redactor, so that a form which that one makes wrongly is noticed.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// What must not come out: it has every sign that an escape changes, and no sign that a header may not have.
pub(crate) const CANARY: &str = "cnry-7Q\"<&'>\\/%+zW2~Kx.9vT";

/// The forms, by name, as an upstream would send them.
pub(super) fn disguised() -> Vec<(&'static str, String)> {
    vec![
        ("raw", CANARY.to_owned()),
        ("base64, alignment 0", STANDARD.encode(format!("{CANARY};"))),
        ("base64, alignment 1", STANDARD.encode(format!("={CANARY};"))),
        ("base64, alignment 2", STANDARD.encode(format!("k={CANARY};"))),
        ("base64url", URL_SAFE.encode(format!("{CANARY}??>"))),
        ("hex, lower case", CANARY.bytes().map(|byte| format!("{byte:02x}")).collect()),
        ("hex, upper case", CANARY.bytes().map(|byte| format!("{byte:02X}")).collect()),
        ("percent", percent(CANARY)),
        ("json", CANARY.replace('\\', "\\\\").replace('"', "\\\"")),
        ("html", html(CANARY)),
        ("reversed", CANARY.chars().rev().collect()),
        ("UTF-16", CANARY.chars().flat_map(|sign| [sign, '\0']).collect()),
        ("gzip", STANDARD.encode(gzip(format!("authorization: Bearer {CANARY}\n").repeat(3).as_bytes()))),
    ]
}

/// As it stands in a URL.
pub(super) fn percent(text: &str) -> String {
    let sign = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(sign).collect()
}

/// The names of the forms that are in these bytes, as they are and with the escapes of JSON taken off.
pub(super) fn found_in(bytes: &[u8]) -> Vec<&'static str> {
    let text = String::from_utf8_lossy(bytes);
    let views = [bytes.to_vec(), without_json_escapes(&text).into_bytes()];
    let mut found: Vec<&'static str> = Vec::new();
    for (name, needle) in needles() {
        if views.iter().any(|view| contains(view, &needle)) {
            found.push(name);
        }
    }
    if views.iter().any(|view| members(view).iter().any(|content| contains(content, CANARY.as_bytes()))) {
        found.push("gzip");
    }
    found
}

/// What is sure to stand there, whatever stands before and after it.
fn needles() -> Vec<(&'static str, Vec<u8>)> {
    let mut needles: Vec<(&'static str, Vec<u8>)> = disguised()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("base64") && *name != "gzip")
        .map(|(name, form)| (name, form.into_bytes()))
        .collect();
    let alignments = ["base64, alignment 0", "base64, alignment 1", "base64, alignment 2"];
    for (before, name) in alignments.into_iter().enumerate() {
        needles.push((name, shared(before, |bytes| STANDARD_NO_PAD.encode(bytes))));
        needles.push(("base64url", shared(before, |bytes| URL_SAFE_NO_PAD.encode(bytes))));
    }
    needles.push(("UTF-16", CANARY.bytes().flat_map(|byte| [byte, 0]).collect()));
    needles
}

/// The signs that an encoding has whether zeros or ones stand around.
fn shared(before: usize, encode: impl Fn(&[u8]) -> String) -> Vec<u8> {
    let around = |filler: u8| {
        let mut bytes = vec![filler; before];
        bytes.extend_from_slice(CANARY.as_bytes());
        bytes.extend_from_slice(&[filler; 3]);
        encode(&bytes).into_bytes()
    };
    let pairs: Vec<(u8, u8)> = around(0).into_iter().zip(around(0xff)).collect();
    let is_same = |pair: &(u8, u8)| pair.0 == pair.1;
    let from = pairs.iter().position(is_same).unwrap_or_default();
    pairs[from..].iter().take_while(|pair| is_same(pair)).map(|pair| pair.0).collect()
}

fn html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    member.extend(miniz_oxide::deflate::compress_to_vec(content, 9));
    // Checksum and length; readers that look for a secret do not ask whether they are right.
    member.extend([0; 8]);
    member
}

/// The contents of gzip members, plain and within base64.
fn members(bytes: &[u8]) -> Vec<Vec<u8>> {
    let starts = |head: &'static [u8]| {
        bytes.windows(head.len()).enumerate().filter(move |(_, window)| *window == head).map(|(at, _)| at)
    };
    let mut contents: Vec<Vec<u8>> = starts(b"\x1f\x8b\x08").map(|at| inflated(&bytes[at..])).collect();
    for at in starts(b"H4sI") {
        let is_sign = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
        let run: Vec<u8> = bytes[at..].iter().take_while(is_sign).copied().collect();
        let standard: String = String::from_utf8_lossy(&run).replace('-', "+").replace('_', "/");
        for length in (0..=standard.len()).rev().take(4) {
            if let Ok(member) = STANDARD_NO_PAD.decode(&standard[..length]) {
                contents.push(inflated(&member));
                break;
            }
        }
    }
    contents
}

fn inflated(member: &[u8]) -> Vec<u8> {
    let deflated = member.get(10..).unwrap_or_default();
    match miniz_oxide::inflate::decompress_to_vec_with_limit(deflated, 1 << 20) {
        Ok(content) => content,
        Err(broken) => broken.output,
    }
}

/// Good enough for a search: every escape of JSON is taken off, wherever it stands.
fn without_json_escapes(text: &str) -> String {
    let (mut out, mut signs) = (String::with_capacity(text.len()), text.chars());
    while let Some(sign) = signs.next() {
        if sign != '\\' {
            out.push(sign);
            continue;
        }
        match signs.next() {
            Some('u') => {
                let digits: String = signs.clone().take(4).collect();
                match u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32) {
                    Some(escaped) if digits.len() == 4 => {
                        out.push(escaped);
                        signs.nth(3);
                    }
                    _ => out.push_str("\\u"),
                }
            }
            Some('n') => out.push('\n'),
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_found_alone_and_within_json() {
        for (name, form) in disguised() {
            let around = format!("before {form} after");
            assert!(found_in(around.as_bytes()).contains(&name), "{name}: {form}");
            let json = serde_json::json!({ "text": [around] }).to_string();
            assert!(found_in(json.as_bytes()).contains(&name), "{name} in {json}");
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let half = &CANARY[..CANARY.len() / 2];
        for text in ["", half, "H4sIAAAAAAAA", "[redacted]", &STANDARD.encode(half)] {
            assert_eq!(found_in(text.as_bytes()), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn raw_gzip_is_opened() {
        assert_eq!(found_in(&gzip(CANARY.repeat(2).as_bytes())), ["gzip"]);
    }
}
