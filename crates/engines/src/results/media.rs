//! Images and sounds: of an allowed type, and what their first bytes say that they are, with nothing in or behind them
//! that another program would run.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::ContentProblem;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What no image or sound holds, and browsers or readers of documents look for: signs, and tags, whose names must end, since
/// compressed data holds the first four bytes of a tag by chance.
const SIGNS: [&[u8]; 3] = [b"<!doctype", b"<?php", b"%pdf-"];
const TAGS: [&[u8]; 4] = [b"<script", b"<svg", b"<html", b"<iframe"];
/// What ends the name of a tag (HTML 13.2.5.8), or the prefix of one (XML namespaces).
const ENDS_A_NAME: &[u8] = b" \t\n\x0c\r/>:";

/// Whether a type is one of images or sounds, which are looked at closely.
pub(super) fn is_media(kind: &str) -> bool {
    let kind = kind.trim_start().to_ascii_lowercase();
    kind.starts_with("image/") || kind.starts_with("audio/")
}

/// Judges the data of a block of this class, `image` or `audio`; of any for a resource.
pub(super) fn judge(class: Option<&str>, kind: &str, data: &str) -> Result<(), ContentProblem> {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if class.is_some_and(|class| kind.split('/').next() != Some(class)) {
        return Err(ContentProblem("an image or a sound whose mimeType is of another class"));
    }
    let Some(is_of_kind) = signature(&kind) else {
        return Err(ContentProblem(
            "an image or a sound of a type that is not handed on: expected PNG, JPEG, GIF, WebP, WAV, MP3, Ogg, FLAC or MP4",
        ));
    };
    let Ok(bytes) = BASE64.decode(data) else {
        return Err(ContentProblem("an image or a sound whose data is not base64"));
    };
    if !is_of_kind(&bytes) {
        return Err(ContentProblem("an image or a sound whose bytes are not of its mimeType"));
    }
    if is_active(&bytes) {
        return Err(ContentProblem("an image or a sound that holds a page, a script or a document as well"));
    }
    Ok(())
}

/// Whether data that calls itself something else begins as a page or a drawing does.
pub(super) fn is_page(data: &str) -> bool {
    // A prefix is enough, cut where groups of base64 end.
    let prefix = data.get(..data.len().min(1024) / 4 * 4).unwrap_or_default();
    let Ok(bytes) = BASE64.decode(prefix) else { return false };
    let start = bytes.trim_ascii_start().to_ascii_lowercase();
    let is_drawing = start.starts_with(b"<?xml") && start.windows(4).any(|window| window == b"<svg");
    is_drawing || [&b"<svg"[..], b"<html", b"<!doctype html"].iter().any(|sign| start.starts_with(sign))
}

type Signature = fn(&[u8]) -> bool;

fn signature(kind: &str) -> Option<Signature> {
    Some(match kind {
        "image/png" => |bytes| bytes.starts_with(b"\x89PNG\r\n\x1a\n") && png_ends(bytes),
        "image/jpeg" | "image/jpg" => |bytes| bytes.starts_with(b"\xff\xd8\xff"),
        "image/gif" => {
            |bytes| (bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a")) && bytes.ends_with(b"\x3b")
        }
        "image/webp" => |bytes| riff(bytes, b"WEBP"),
        "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => |bytes| riff(bytes, b"WAVE"),
        "audio/mpeg" | "audio/mp3" => |bytes| bytes.starts_with(b"ID3") || frame_sync(bytes),
        "audio/ogg" | "audio/opus" => |bytes| bytes.starts_with(b"OggS"),
        "audio/flac" | "audio/x-flac" => |bytes| bytes.starts_with(b"fLaC"),
        "audio/mp4" | "audio/m4a" | "audio/x-m4a" => |bytes| bytes.get(4..8) == Some(b"ftyp"),
        "audio/aac" => frame_sync,
        "audio/webm" => |bytes| bytes.starts_with(b"\x1a\x45\xdf\xa3"),
        _ => return None,
    })
}

/// Walks the chunks (PNG 5.3): nothing may stand behind `IEND`.
fn png_ends(bytes: &[u8]) -> bool {
    let mut rest = &bytes[8..];
    while let (Some(length), Some(kind)) = (rest.first_chunk::<4>(), rest.get(4..8)) {
        let size = u32::from_be_bytes(*length) as usize;
        let end = size.saturating_add(12);
        if kind == b"IEND" {
            return rest.len() <= end;
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    // Cut short: it shows nothing, and hides nothing.
    true
}

/// A RIFF file of this form, with nothing behind what it declares.
fn riff(bytes: &[u8], form: &[u8; 4]) -> bool {
    let declared =
        bytes.get(4..8).and_then(|size| size.first_chunk::<4>()).map(|size| u32::from_le_bytes(*size));
    let end = declared.map_or(0, |size| (size as usize).saturating_add(9));
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(form) && bytes.len() <= end
}

/// The eleven set bits before a frame of MPEG audio or ADTS.
fn frame_sync(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, second, ..] if second & 0xe0 == 0xe0)
}

fn is_active(bytes: &[u8]) -> bool {
    memchr::memchr2_iter(b'<', b'%', bytes).any(|at| {
        let rest = &bytes[at..];
        SIGNS.iter().any(|sign| begins(rest, sign)) || TAGS.iter().any(|tag| begins_as_tag(rest, tag))
    })
}

fn begins(bytes: &[u8], sign: &[u8]) -> bool {
    bytes.get(..sign.len()).is_some_and(|found| found.eq_ignore_ascii_case(sign))
}

fn begins_as_tag(bytes: &[u8], tag: &[u8]) -> bool {
    begins(bytes, tag) && bytes.get(tag.len()).is_some_and(|next| ENDS_A_NAME.contains(next))
}
