//! LA-106: a manifest without `[lints]` gets one, where the workspace has lints to inherit.

use super::{Left, Mend};
use crate::finding::Standing;
use crate::manifest::{ROOT, offers_lints};
use crate::report::Report;

const RULE: &str = "LA-106";

/// For each finding the mend, or why there is none. What the baseline knows is mended as well: that is how it shrinks.
pub(super) fn mends(report: &Report, read: &dyn Fn(&str) -> Option<String>) -> Vec<Result<Mend, Left>> {
    let found = report.findings.iter().filter(|one| one.rule == RULE && one.standing != Standing::Allowed);
    let manifests: Vec<&str> = found.map(|finding| finding.place.file.as_str()).collect();
    if manifests.is_empty() {
        return Vec::new();
    }
    let inheritable = read(ROOT).is_some_and(|root| offers_lints(&root));
    let mend = |file: &str| {
        let text = read(file).ok_or("cannot be read")?;
        inherit(file, &text, inheritable)
    };
    let left = |file: &str, why: &str| Left { rule: RULE, file: file.to_owned(), why: why.to_owned() };
    manifests.into_iter().map(|file| mend(file).map_err(|why| left(file, why))).collect()
}

/// The text with `[lints] workspace = true` at its end, or which decision is missing.
fn inherit(file: &str, text: &str, inheritable: bool) -> Result<Mend, &'static str> {
    let manifest: toml::Table = text.parse().map_err(|_| "is not TOML")?;
    if manifest.contains_key("lints") {
        return Err("sets lints of its own: decide which of them go to [workspace.lints]");
    }
    if !inheritable {
        return Err("the root Cargo.toml has no [workspace.lints] to inherit: decide what stands there");
    }
    let (count, last) = text.lines().zip(1..).last().map_or((0, ""), |(line, number)| (number, line));
    let whole = text.is_empty() || text.ends_with('\n');
    let (lines, before) =
        if whole { (count + 1..count + 1, String::new()) } else { (count..count + 1, format!("{last}\n")) };
    Ok(Mend {
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
            let mend = inherit("Cargo.toml", text, true).expect("mechanical");
            assert_eq!(apply(text, &[&mend]), "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n");
        }
    }

    #[test]
    fn what_needs_a_decision_is_left_alone() {
        let cases = [
            ("[lints.clippy]\nall = \"deny\"\n", true, "of its own"),
            ("lints.workspace = false\n", true, "of its own"),
            ("not toml", true, "not TOML"),
            ("[package]\nname = \"a\"\n", false, "no [workspace.lints]"),
        ];
        for (text, inheritable, why) in cases {
            let left = inherit("Cargo.toml", text, inheritable).expect_err(text);
            assert!(left.contains(why), "{text}: {left}");
        }
    }

    #[test]
    fn there_is_something_to_inherit_only_under_workspace() {
        let cases = [
            ("[workspace.lints.rust]\nunsafe_code = \"forbid\"\n", true),
            ("[workspace]\nlints = {}\n", true),
            ("[workspace]\nmembers = []\n[lints.rust]\nunsafe_code = \"forbid\"\n", false),
            ("[package]\nname = \"a\"\n", false),
            ("not toml", false),
        ];
        for (root, expected) in cases {
            assert_eq!(offers_lints(root), expected, "{root}");
        }
    }
}
