//! Mends: changes that need no decision, as values. Text in, text out; who asks for them reads and writes the files.

mod allowances;
mod known;
mod lints;

use std::ops::Range;

use crate::config::Config;
use crate::finding::Finding;
use crate::report::Report;
use crate::workspace::Workspace;

pub(crate) use known::{MOST, begun, lowered, may_be_known};
pub use known::{Shrunk, first_baseline, update_baseline};

/// A change to whole lines of one file, which makes a finding go away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mend {
    /// The rule whose finding goes away.
    pub rule: &'static str,
    /// The file, as the finding gives it.
    pub file: String,
    /// The subject of that finding; nothing where the change serves every finding of the rule in that file.
    pub subject: Option<String>,
    /// The lines that go, from 1. An empty range stands before its line.
    pub lines: Range<usize>,
    /// What comes instead: whole lines.
    pub text: String,
    /// What it does, in a few words.
    pub said: String,
}

impl Mend {
    /// It makes this finding go away.
    pub fn serves(&self, finding: &Finding) -> bool {
        self.rule == finding.rule
            && self.file == finding.place.file
            && self.subject.as_ref().is_none_or(|subject| *subject == finding.subject)
    }
}

/// A finding of a rule that can often be mended, and why it cannot be here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The rule.
    pub rule: &'static str,
    /// The file, as the finding gives it.
    pub file: String,
    /// The decision that is missing.
    pub why: String,
}

/// What can be mended, and what is left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mends {
    /// Changes that need no decision.
    pub mends: Vec<Mend>,
    /// What needs one, although others of its rule do not.
    pub left: Vec<Left>,
}

/// Every mend for what counts in `report` or is known to its baseline. `read` gives the text of a file by its path from the root.
pub fn mends(
    report: &Report,
    workspace: &Workspace,
    config: &Config,
    read: &dyn Fn(&str) -> Option<String>,
) -> Mends {
    let mut all = Mends::default();
    for mend in lints::mends(report, read) {
        match mend {
            Ok(mend) => all.mends.push(mend),
            Err(left) => all.left.push(left),
        }
    }
    all.mends.extend(allowances::mends(report, config, read));
    all.mends.extend(known::mends(report, workspace, config, read));
    all
}

/// The text with these changes, which must not overlap.
pub(crate) fn apply(text: &str, mends: &[&Mend]) -> String {
    let mut mends = mends.to_vec();
    mends.sort_by_key(|mend| mend.lines.start);
    let mut mended = String::new();
    let mut lines = text.split_inclusive('\n').zip(1..).peekable();
    for mend in mends {
        while let Some((line, _)) = lines.next_if(|(_, number)| *number < mend.lines.start) {
            mended.push_str(line);
        }
        mended.push_str(&mend.text);
        while lines.next_if(|(_, number)| *number < mend.lines.end).is_some() {}
    }
    mended.extend(lines.map(|(line, _)| line));
    mended
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mend(lines: Range<usize>, text: &str) -> Mend {
        let (file, said) = ("a".to_owned(), String::new());
        Mend { rule: "LA-106", file, subject: None, lines, text: text.to_owned(), said }
    }

    #[test]
    fn lines_go_and_come_where_they_should() {
        let text = "one\ntwo\nthree";
        let cases = [
            (vec![], "one\ntwo\nthree"),
            (vec![(1..2, "")], "two\nthree"),
            (vec![(2..2, "new\n")], "one\nnew\ntwo\nthree"),
            (vec![(3..4, "last\n")], "one\ntwo\nlast\n"),
            (vec![(3..4, ""), (1..2, "first\n")], "first\ntwo\n"),
            (vec![(4..4, "\nend\n")], "one\ntwo\nthree\nend\n"),
        ];
        for (changes, expected) in cases {
            let mends: Vec<Mend> = changes.iter().map(|(lines, text)| mend(lines.clone(), text)).collect();
            assert_eq!(apply(text, &mends.iter().collect::<Vec<_>>()), expected, "{changes:?}");
        }
    }
}
