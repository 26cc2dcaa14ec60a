//! The forms that a secret takes on its way through other programs.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// The secrets in a header's value: what follows the scheme, and for `Basic` what that encodes, and its password.
pub(super) fn secrets(value: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let token = value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("Basic ")).unwrap_or(value);
    let mut secrets = vec![Zeroizing::new(token.as_bytes().to_vec())];
    if value.starts_with("Basic ")
        && let Ok(pair) = STANDARD.decode(token).map(Zeroizing::new)
    {
        let password = pair.iter().position(|byte| *byte == b':').map(|at| pair[at + 1..].to_vec());
        secrets.extend(password.map(Zeroizing::new));
        secrets.push(pair);
    }
    secrets
}

/// Adds every form, each once.
pub(super) fn add_all(secret: &[u8], needles: &mut Vec<Zeroizing<Vec<u8>>>) {
    let mut add = |form: Vec<u8>| {
        let form = Zeroizing::new(form);
        if !needles.contains(&form) {
            needles.push(form);
        }
    };
    add(secret.to_vec());
    for before in 0..3 {
        let (standard, url_safe) = base64_within(secret, before);
        add(standard);
        add(url_safe);
    }
    add(each(secret, |byte| format!("{byte:02x}")));
    add(each(secret, |byte| format!("{byte:02X}")));
    add(each(secret, |byte| format!("%{byte:02x}")));
    add(each(secret, |byte| format!("%{byte:02X}")));
    add(each(secret, |byte| if is_unreserved(byte) { plain(byte) } else { format!("%{byte:02X}") }));
    add(each(secret, |byte| if is_unreserved(byte) { plain(byte) } else { format!("%{byte:02x}") }));
    // Within a string that is JSON itself; the escapes of the JSON around it are taken off before.
    add(each(secret, |byte| json(byte, "/")));
    add(each(secret, |byte| json(byte, "\\/")));
    add(each(secret, |byte| format!("\\u{byte:04x}")));
    for apostrophe in ["&#39;", "&#x27;", "&apos;"] {
        add(each(secret, |byte| html(byte, apostrophe)));
    }
    add(each(secret, |byte| format!("&#{byte};")));
    add(each(secret, |byte| format!("&#x{byte:x};")));
    add(secret.iter().rev().copied().collect());
    // Without the zero at the end, which is what both byte orders share.
    let mut wide: Vec<u8> = secret.iter().flat_map(|byte| [*byte, 0]).collect();
    wide.pop();
    add(wide);
}

/// The signs of base64 that the secret alone decides when `before` bytes stand in its group before it.
fn base64_within(secret: &[u8], before: usize) -> (Vec<u8>, Vec<u8>) {
    let mut padded = Zeroizing::new(vec![0; before]);
    padded.extend_from_slice(secret);
    let cut = |encoded: String| {
        let encoded = Zeroizing::new(encoded);
        // Six bits a sign: the first whole one after the bytes before, the last whole one of the secret.
        let (from, to) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        encoded.as_bytes()[from..to].to_vec()
    };
    (cut(STANDARD.encode(&*padded)), cut(URL_SAFE_NO_PAD.encode(&*padded)))
}

fn each(secret: &[u8], form: impl Fn(u8) -> String) -> Vec<u8> {
    // An escape of JSON's is the longest form of a byte: no buffer is left behind by growing.
    let mut out = Vec::with_capacity(secret.len() * 6);
    for byte in secret {
        out.extend_from_slice(form(*byte).as_bytes());
    }
    out
}

fn plain(byte: u8) -> String {
    char::from(byte).to_string()
}

/// RFC 3986 section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn json(byte: u8, slash: &str) -> String {
    match byte {
        b'"' => "\\\"".to_owned(),
        b'\\' => "\\\\".to_owned(),
        b'/' => slash.to_owned(),
        byte => plain(byte),
    }
}

fn html(byte: u8, apostrophe: &str) -> String {
    match byte {
        b'&' => "&amp;".to_owned(),
        b'<' => "&lt;".to_owned(),
        b'>' => "&gt;".to_owned(),
        b'"' => "&quot;".to_owned(),
        b'\'' => apostrophe.to_owned(),
        byte => plain(byte),
    }
}
