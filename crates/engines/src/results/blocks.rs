//! Blocks of content, each by what it says that it is.

use portcullis_mcp::members::Members;
use portcullis_schemas::integrations::mcp::invocation::Sanitised;
use serde_json::value::RawValue;

use super::{ContentProblem, is_variant, media, retain};

/// Members of a block that decide something.
const DECIDING: [&str; 9] =
    ["type", "text", "data", "mimeType", "resource", "uri", "blob", "name", "annotations"];
const OF_A_MESSAGE: [&str; 2] = ["role", "content"];
/// Types that a client may render with whatever is in them.
const RENDERED: [&str; 3] = ["text/html", "application/xhtml+xml", "image/svg+xml"];

/// What becomes of a block.
pub(super) enum Verdict {
    Keep,
    Change(Members),
    Drop,
}

/// Judges one block. Of a kind that is not known it stays as it is: it is data, and a client that does not know it either
/// ignores it.
pub(super) fn judge(block: &RawValue, counts: &mut Sanitised) -> Result<Verdict, ContentProblem> {
    let Some(mut members) = Members::of(block.get()) else { return Ok(Verdict::Keep) };
    let mut is_changed = retain(&mut members, counts, |name| !is_variant(name, &DECIDING));
    let text = |name: &str| members.value::<String>(name);
    match text("type").unwrap_or_default().as_str() {
        kind @ ("image" | "audio") => {
            let data = text("data").ok_or(ContentProblem("an image or a sound without data"))?;
            media::judge(Some(kind), &text("mimeType").unwrap_or_default(), &data)?;
        }
        "resource" => {
            if let Some(resource) = members.value::<Members>("resource") {
                judge_resource(&resource)?;
            }
        }
        "resource_link" if !text("uri").is_some_and(|uri| may_be_linked(&uri)) => {
            counts.links += 1;
            return Ok(Verdict::Drop);
        }
        "resource_link" if is_rendered(&text("mimeType").unwrap_or_default()) => {
            counts.links += 1;
            return Ok(Verdict::Drop);
        }
        _ => {}
    }
    if members.has("icons") {
        members.retain(|name| name != "icons");
        counts.icons += 1;
        is_changed = true;
    }
    Ok(if is_changed { Verdict::Change(members) } else { Verdict::Keep })
}

/// Judges the message of a prompt: it is as good as its content.
pub(super) fn judge_message(message: &RawValue, counts: &mut Sanitised) -> Result<Verdict, ContentProblem> {
    let Some(mut members) = Members::of(message.get()) else { return Ok(Verdict::Keep) };
    let mut is_changed = retain(&mut members, counts, |name| !is_variant(name, &OF_A_MESSAGE));
    let content = members.value::<Box<RawValue>>("content");
    match content.map_or(Ok(Verdict::Keep), |content| judge(&content, counts))? {
        Verdict::Keep => {}
        Verdict::Change(content) => {
            members.put("content", &content);
            is_changed = true;
        }
        Verdict::Drop => return Ok(Verdict::Drop),
    }
    Ok(if is_changed { Verdict::Change(members) } else { Verdict::Keep })
}

/// Judges what a resource holds, as that of one which is embedded.
pub(super) fn judge_contents(contents: &RawValue, counts: &mut Sanitised) -> Result<Verdict, ContentProblem> {
    let Some(mut members) = Members::of(contents.get()) else { return Ok(Verdict::Keep) };
    let is_changed = retain(&mut members, counts, |name| !is_variant(name, &DECIDING));
    judge_resource(&members)?;
    Ok(if is_changed { Verdict::Change(members) } else { Verdict::Keep })
}

fn judge_resource(resource: &Members) -> Result<(), ContentProblem> {
    let kind = resource.value::<String>("mimeType").unwrap_or_default();
    if is_rendered(&kind) {
        return Err(ContentProblem("an embedded page or drawing (HTML, SVG), which a client might run"));
    }
    match resource.value::<String>("blob") {
        Some(blob) if media::is_media(&kind) => media::judge(None, &kind, &blob),
        Some(blob) if media::is_page(&blob) => {
            Err(ContentProblem("an embedded page or drawing (HTML, SVG) under another name"))
        }
        _ => Ok(()),
    }
}

fn is_rendered(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    RENDERED.contains(&kind.as_str())
}

/// Links lead to a named host over `https`, and nowhere within: no file, no address, no local name, no user, no scheme of
/// which we do not know what a client does with it.
pub(super) fn may_be_linked(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("https://") else { return false };
    if !uri.bytes().all(|byte| matches!(byte, 0x21..=0x7e) && byte != b'\\') {
        return false;
    }
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last = labels.last().copied().unwrap_or_default().to_ascii_lowercase();
    labels.len() >= 2
        && labels.iter().all(is_label)
        && last.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !last.starts_with("0x")
        && !["localhost", "local", "internal", "localdomain", "home", "lan", "arpa", "onion"]
            .contains(&last.as_str())
        && port.bytes().all(|byte| byte.is_ascii_digit())
}
