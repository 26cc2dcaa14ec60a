//! Paths of documents, of the files that they become, and in links; always with forward slashes.

/// The document that stands for its folder.
pub(super) const README: &str = "README.md";

/// The path without empty, `.` and `..` segments, so that nothing lands outside the site.
pub(super) fn clean(path: &str) -> String {
    let segments: Vec<_> = path.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | "..")).collect();
    segments.join("/")
}

/// The file that a document becomes.
pub(super) fn output(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let name = if name == README { "index" } else { name.strip_suffix(".md").unwrap_or(name) };
    if folder.is_empty() { format!("{name}.html") } else { format!("{folder}/{name}.html") }
}

/// What leads from a file to the root: `../` for every folder that it is in.
pub(super) fn to_root(path: &str) -> String {
    "../".repeat(path.matches('/').count())
}

/// Where a relative path leads from a document, without a slash at its end; `None` if above the root.
pub(super) fn join(from: &str, relative: &str) -> Option<String> {
    let mut segments: Vec<&str> = from.split('/').collect();
    segments.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            name => segments.push(name),
        }
    }
    Some(segments.join("/"))
}

/// Percent-encodes what has a meaning in a URL; other scripts stay readable.
pub(super) fn encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for character in path.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '/' | '-' | '_' | '.' | '~' => out.push(character),
            ascii if ascii.is_ascii() => out.push_str(&format!("%{:02X}", u32::from(ascii))),
            other => out.push(other),
        }
    }
    out
}

/// Undoes percent-encoding; what is not valid stays as it stands.
pub(super) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|digits| !digits.starts_with('+'));
        let coded = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, coded) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_become_files() {
        for (path, file) in [
            ("README.md", "index.html"),
            ("orders/README.md", "orders/index.html"),
            ("audit/checks.md", "audit/checks.html"),
            ("notes", "notes.html"),
        ] {
            assert_eq!(output(path), file, "{path}");
        }
        assert_eq!(clean("/a//../b/./c.md"), "a/b/c.md");
        assert_eq!([to_root("a.html"), to_root("a/b/c.html")], ["", "../../"]);
    }

    #[test]
    fn relative_paths_stay_below_the_root() {
        for (from, relative, expected) in [
            ("orders/README.md", "../spine/README.md", Some("spine/README.md")),
            ("orders/README.md", "./a/../b.md", Some("orders/b.md")),
            ("orders/README.md", "../spine/", Some("spine")),
            ("orders/README.md", "..", Some("")),
            ("orders/README.md", "../../src/lib.rs", None),
            ("README.md", "../x", None),
        ] {
            assert_eq!(join(from, relative).as_deref(), expected, "{from} {relative}");
        }
    }

    #[test]
    fn percent_codes() {
        assert_eq!(encode("a b/ü:\"?#%.html"), "a%20b/ü%3A%22%3F%23%25.html");
        assert_eq!(decode("a%20b%C3%BC"), "a bü");
        for text in ["100%", "%zz", "%+1", "%ff", "%é"] {
            assert_eq!(decode(text), text);
        }
    }
}
