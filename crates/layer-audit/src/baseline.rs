//! The baseline: findings that were there when the audit came. It has no line numbers, is sorted, and may only shrink.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Standing};

/// Rule, file and subject: what stays the same when lines move.
pub(crate) type Key = (String, String, String);

/// How many findings of each key are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    known: BTreeMap<Key, usize>,
}

/// A baseline that cannot be read. The message says where.
#[derive(Debug)]
pub struct BaselineError(String);

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BaselineError {}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    #[serde(default)]
    known: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    file: String,
    subject: String,
    count: usize,
}

const HEAD: &str = "# Findings that were there when the audit came. Only `--update-baseline` writes here, and only to remove.\n\
                    # `most` in layers.toml says how many they are.\n";

impl Baseline {
    /// Reads the text of a baseline file. Strict: a key twice, or a count of 0, is an error.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let file: File = toml::from_str(text).map_err(|error| BaselineError(error.to_string()))?;
        if file.schema != 1 {
            return Err(BaselineError(format!("schema = {}: this audit reads schema 1", file.schema)));
        }
        let mut known = BTreeMap::new();
        for Entry { rule, file, subject, count } in file.known {
            let twice =
                format!("{rule} {file} {subject}: stands there twice, or with count 0; merge or remove it");
            if count == 0 || known.insert((rule, file, subject), count).is_some() {
                return Err(BaselineError(twice));
            }
        }
        Ok(Self { known })
    }

    /// Everything that counts now, but nothing about the law itself.
    pub fn of(findings: &[Finding]) -> Self {
        let mut known = BTreeMap::new();
        let counts = |finding: &&Finding| finding.standing != Standing::Allowed && !finding.is_of_the_law();
        for finding in findings.iter().filter(counts) {
            *known.entry(key(finding)).or_default() += 1;
        }
        Self { known }
    }

    /// The text of the file: sorted, without line numbers.
    pub fn text(&self) -> String {
        let entry = |((rule, file, subject), count): (&Key, &usize)| Entry {
            rule: rule.clone(),
            file: file.clone(),
            subject: subject.clone(),
            count: *count,
        };
        let file = File { schema: 1, known: self.known.iter().map(entry).collect() };
        format!("{HEAD}{}", toml::to_string(&file).unwrap_or_default())
    }

    /// What of it may stand there: `may` judges rule, file and subject.
    pub(crate) fn of_which(self, may: impl Fn(&str, &str, &str) -> bool) -> Self {
        let may = |((rule, file, subject), _): &(Key, usize)| may(rule, file, subject);
        Self { known: self.known.into_iter().filter(may).collect() }
    }

    /// What both know: each key with the smaller count. It never holds more than `self`.
    pub fn shrunk_to(&self, now: &Self) -> Self {
        let smaller = |(key, count): (&Key, &usize)| {
            let count = now.known.get(key).copied().unwrap_or(0).min(*count);
            (count > 0).then(|| (key.clone(), count))
        };
        Self { known: self.known.iter().filter_map(smaller).collect() }
    }

    /// Number of known findings.
    pub fn len(&self) -> usize {
        self.known.values().sum()
    }

    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Marks the open findings that are known, and returns the keys of which fewer are left than are known.
    pub(crate) fn mark(&self, findings: &mut [Finding], ran: impl Fn(&str) -> bool) -> Vec<(Key, usize)> {
        let mut left = self.known.clone();
        let is_open = |finding: &&mut Finding| finding.standing == Standing::Open && !finding.is_of_the_law();
        for finding in findings.iter_mut().filter(is_open) {
            if let Some(count) = left.get_mut(&key(finding)).filter(|count| **count > 0) {
                *count -= 1;
                finding.standing = Standing::Known;
            }
        }
        left.into_iter().filter(|((rule, ..), count)| *count > 0 && ran(rule)).collect()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.known.keys()
    }
}

fn key(finding: &Finding) -> Key {
    (finding.rule.to_owned(), finding.place.file.clone(), finding.subject.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(entries: &[(&str, usize)]) -> Baseline {
        let key = |subject: &str| ("LA-201".to_owned(), "a.rs".to_owned(), subject.to_owned());
        Baseline { known: entries.iter().map(|(subject, count)| (key(subject), *count)).collect() }
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        let known = baseline(&[("std::fs", 2), ("std::env", 1)]);
        assert_eq!(Baseline::parse(&known.text()).expect("its own text"), known);
        assert_eq!(Baseline::parse("schema = 1").expect("empty").len(), 0);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let entry = "[[known]]\nrule = \"LA-201\"\nfile = \"a\"\nsubject = \"b\"\n";
        let cases = [
            String::new(),
            "schema = 2".to_owned(),
            format!("schema = 1\n{entry}count = 0"),
            format!("schema = 1\n{entry}count = 1\n{entry}count = 1"),
            format!("schema = 1\n{entry}count = 1\nline = 3"),
        ];
        for text in cases {
            assert!(Baseline::parse(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn it_only_shrinks() {
        let (known, now) = (baseline(&[("a", 2), ("b", 1)]), baseline(&[("a", 1), ("c", 5)]));
        assert_eq!(known.shrunk_to(&now), baseline(&[("a", 1)]));
    }
}
