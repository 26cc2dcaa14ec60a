//! A name for each finding that survives moved lines and new versions of the audit: 16 hexadecimal digits.

use std::collections::BTreeMap;

use crate::finding::Finding;

/// The fingerprints of `findings`, in their order. Rule, file, subject and the place among equals count; neither line
/// nor message does.
pub fn fingerprints(findings: &[Finding]) -> Vec<String> {
    let mut equals: BTreeMap<[&str; 3], usize> = BTreeMap::new();
    let mut all = Vec::with_capacity(findings.len());
    for finding in findings {
        let key = [finding.rule, &finding.place.file, &finding.subject];
        let before = equals.entry(key).or_default();
        all.push(format!("{:016x}", hash(&[key[0], key[1], key[2], &before.to_string()])));
        *before += 1;
    }
    all
}

fn hash(parts: &[&str]) -> u64 {
    // No text holds the byte 255, so that parts cannot run into each other.
    fnv(parts.iter().flat_map(|part| part.bytes().chain([255])))
}

/// FNV-1a in 64 bits. Written out because the standard library's hashers may change with its version, and what others
/// have stored must not.
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Place, Severity, Standing};

    fn finding(file: &str, line: usize, subject: &str) -> Finding {
        Finding {
            place: Place::line(file, line),
            rule: "LA-201",
            severity: Severity::Blocking,
            subject: subject.to_owned(),
            message: "names it".to_owned(),
            standing: Standing::Open,
            stale: false,
        }
    }

    #[test]
    fn lines_do_not_count_and_equals_are_told_apart() {
        let one = fingerprints(&[finding("a.rs", 1, "std::fs"), finding("a.rs", 9, "std::fs")]);
        let moved = fingerprints(&[finding("a.rs", 5, "std::fs"), finding("a.rs", 6, "std::fs")]);
        assert_eq!(one, moved);
        assert_ne!(one[0], one[1]);
        let others =
            [finding("b.rs", 1, "std::fs"), finding("a.rs", 1, "std::env"), finding("a.rss", 1, "td::fs")];
        for other in fingerprints(&others) {
            assert!(!one.contains(&other), "{other}");
        }
    }

    /// Others store fingerprints: a change here makes every stored one void.
    #[test]
    fn the_value_never_changes() {
        // Published values of FNV-1a 64.
        assert_eq!(fnv("".bytes()), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv("foobar".bytes()), 0x8594_4171_f739_67e8);
        assert_eq!(fingerprints(&[finding("a.rs", 1, "std::fs")]), ["d20d05732fd3cbd6"]);
    }
}
