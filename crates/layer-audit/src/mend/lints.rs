//! LA-106: a manifest without `[lints]` gets one.

use super::Mend;
use crate::report::Report;

const RULE: &str = "LA-106";

pub(super) fn mends(report: &Report, read: &dyn Fn(&str) -> Option<String>) -> Vec<Mend> {
    let manifests = report.open().filter(|finding| finding.rule == RULE);
    manifests.filter_map(|finding| inherit(&finding.place.file, &read(&finding.place.file)?)).collect()
}

/// A manifest that sets lints of its own needs a decision.
fn inherit(file: &str, text: &str) -> Option<Mend> {
    let manifest: toml::Table = text.parse().ok()?;
    if manifest.contains_key("lints") {
        return None;
    }
    let (count, last) = text.lines().zip(1..).last().map_or((0, ""), |(line, number)| (number, line));
    let whole = text.is_empty() || text.ends_with('\n');
    let (lines, before) =
        if whole { (count + 1..count + 1, String::new()) } else { (count..count + 1, format!("{last}\n")) };
    Some(Mend {
        rule: RULE,
        file: file.to_owned(),
        subject: None,
        lines,
        text: format!("{before}\n[lints]\nworkspace = true\n"),
        said: "inherits the workspace's lints".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mend::apply;

    #[test]
    fn a_manifest_without_lints_gets_them_at_its_end() {
        for text in ["[package]\nname = \"a\"\n", "[package]\nname = \"a\""] {
            let mend = inherit("Cargo.toml", text).expect("mechanical");
            assert_eq!(apply(text, &[&mend]), "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n");
        }
    }

    #[test]
    fn what_needs_a_decision_is_left_alone() {
        for text in ["[lints.clippy]\nall = \"deny\"\n", "lints.workspace = false\n", "not toml"] {
            assert_eq!(inherit("Cargo.toml", text), None, "{text}");
        }
    }
}
