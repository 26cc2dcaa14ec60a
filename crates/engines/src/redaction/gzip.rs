//! A gzip member (RFC 1952) within base64, which is how JSON carries one.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;

/// What the head of a gzip member (`1f 8b 08`) is in base64.
const HEAD: &[u8] = b"H4sI";
/// Bytes that are inflated of one member; what comes later is not looked at.
const MOST_INFLATED: usize = 1024 * 1024;
/// Members that are looked into.
const MOST_MEMBERS: usize = 16;

/// The runs of base64 signs that hold a gzip member for whose content `is_found` says so.
pub(super) fn runs(bytes: &[u8], is_found: &dyn Fn(&[u8]) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for at in memmem::find_iter(bytes, HEAD).take(MOST_MEMBERS) {
        let length = bytes[at..].iter().take_while(|byte| is_sign(**byte)).count();
        let run = &bytes[at..at + length];
        if decoded(run).and_then(|member| inflated(&member)).is_some_and(|content| is_found(&content)) {
            let padding = bytes[at + length..].iter().take(2).take_while(|byte| **byte == b'=').count();
            found.push((at, at + length + padding));
        }
    }
    found
}

fn is_sign(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

fn decoded(run: &[u8]) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let standard: Vec<u8> = run
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => *byte,
        })
        .collect();
    // A sign alone at the end decodes to nothing.
    let whole = if standard.len() % 4 == 1 { &standard[..standard.len() - 1] } else { &standard };
    GeneralPurpose::new(&alphabet::STANDARD, lenient).decode(whole).ok()
}

/// The content, as far as it can be had: a member that is cut off or broken gives what came before.
fn inflated(member: &[u8]) -> Option<Vec<u8>> {
    let deflated = member.get(end_of_header(member)?..)?;
    match miniz_oxide::inflate::decompress_to_vec_with_limit(deflated, MOST_INFLATED) {
        Ok(content) => Some(content),
        Err(broken) => Some(broken.output),
    }
}

/// RFC 1952 section 2.3: ten bytes, then the fields that the flags name.
fn end_of_header(member: &[u8]) -> Option<usize> {
    let [checksum, extra, name, comment] = [2, 4, 8, 16];
    let flags = *member.get(3)?;
    let mut at = 10;
    if flags & extra != 0 {
        let length = [*member.get(at)?, *member.get(at + 1)?];
        at += 2 + usize::from(u16::from_le_bytes(length));
    }
    for text in [name, comment] {
        if flags & text != 0 {
            at += 1 + member.get(at..)?.iter().position(|byte| *byte == 0)?;
        }
    }
    if flags & checksum != 0 {
        at += 2;
    }
    Some(at)
}
