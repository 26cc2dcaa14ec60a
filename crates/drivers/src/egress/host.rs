//! Host names: their form, and the names that are refused whatever DNS answers.

/// Whether a canonical (lower-case ASCII) host is a name of two labels or more, each of letters, digits, hyphens
/// and underscores, not starting or ending with a hyphen, at most 63 octets each and 253 together (RFC 1123, 2.1).
/// A single label would resolve through search domains.
pub(super) fn is_full_name(host: &str) -> bool {
    host.len() <= 253 && host.contains('.') && host.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Names refused together with everything below them: the IANA special-use registry (RFC 6761), names that ICANN
/// will never delegate, names of clusters and local networks, and metadata services with a public-looking name.
const SPECIAL_SUFFIXES: [&str; 19] = [
    "alt",
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "metadata.goog",
    "onion",
    "private",
    "svc",
    "test",
    "workgroup",
];

/// Whether a canonical host is, or lies below, a special name.
pub(super) fn is_special_name(host: &str) -> bool {
    SPECIAL_SUFFIXES
        .iter()
        .any(|suffix| host.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}
