//! Writing events.

/// One event. Line ends inside `data` start a new `data` field, so that a reader gets LF in their place; in `event`
/// and `id` line ends and NUL are dropped.
#[must_use]
pub fn encode(event: Option<&str>, id: Option<&str>, data: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + 32);
    for (name, value) in [("event", event), ("id", id)] {
        if let Some(value) = value {
            field(&mut out, name, &value.replace(['\r', '\n', '\0'], ""));
        }
    }
    for line in data.replace("\r\n", "\n").split(['\r', '\n']) {
        field(&mut out, "data", line);
    }
    out.push(b'\n');
    out
}

/// A comment: the keep-alive of a long stream.
#[must_use]
pub fn comment(text: &str) -> Vec<u8> {
    format!(": {}\n\n", text.replace(['\r', '\n'], " ")).into_bytes()
}

fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}
