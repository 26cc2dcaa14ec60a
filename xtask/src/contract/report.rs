//! What `contract diff` says: text for people, JSON for machines.

use serde::Serialize;

use super::change::{Change, Verdict};

/// So many subjects are named in a line of text; JSON names all.
const NAMED: usize = 3;

/// The changes since a revision, sorted: by contract, what breaks first.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    revision: Asked,
    changes: Vec<Change>,
    summary: Summary,
}

#[derive(Debug, Serialize)]
struct Asked {
    asked: String,
    commit: String,
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    breaking: usize,
    review: usize,
    compatible: usize,
}

impl Report {
    pub(crate) fn new(rev: &str, commit: &str, mut changes: Vec<Change>) -> Self {
        changes.sort_by(Change::order);
        let mut summary = Summary::default();
        for change in &changes {
            match change.breaks {
                Verdict::Breaking { .. } => summary.breaking += 1,
                Verdict::Review { .. } => summary.review += 1,
                Verdict::Compatible => summary.compatible += 1,
            }
        }
        Self { revision: Asked { asked: rev.to_owned(), commit: commit.to_owned() }, changes, summary }
    }

    /// Whether somebody is broken.
    pub(crate) fn breaks(&self) -> bool {
        self.summary.breaking > 0
    }

    /// A line for each change, or for the same change of several subjects, and the counts.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for same in self.same() {
            let first = same[0];
            let why = first.breaks.why().map_or_else(String::new, |why| format!("; {why}"));
            text.push_str(&format!(
                "{:<7} {:<13} {}: {}{why}\n",
                first.breaks.label(),
                first.contract.name(),
                subjects(&same),
                first.what
            ));
        }
        let Summary { breaking, review, compatible } = &self.summary;
        let commit = self.revision.commit.get(..12).unwrap_or(&self.revision.commit);
        text.push_str(&format!(
            "{breaking} breaking, {review} to review, {compatible} compatible changes since {commit}, by the snapshots \
             of the working tree; the tests keep them true to the code\n"
        ));
        text
    }

    /// `{ "revision": {..}, "changes": [..], "summary": {..} }`.
    pub(crate) fn json(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self).map(|json| format!("{json}\n")).map_err(|error| error.to_string())
    }

    /// Changes that differ in their subject alone, in the order of their first.
    fn same(&self) -> Vec<Vec<&Change>> {
        let mut groups: Vec<Vec<&Change>> = Vec::new();
        for change in &self.changes {
            let alike = |group: &&mut Vec<&Change>| {
                let first = group[0];
                (first.contract, &first.breaks, &first.what)
                    == (change.contract, &change.breaks, &change.what)
            };
            match groups.iter_mut().find(alike) {
                Some(group) => group.push(change),
                None => groups.push(vec![change]),
            }
        }
        groups
    }
}

/// `a, b, c and 4 more`.
fn subjects(changes: &[&Change]) -> String {
    let named: Vec<&str> = changes.iter().take(NAMED).map(|change| change.subject.as_str()).collect();
    let more = changes.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::change::Contract;
    use super::*;

    fn report() -> Report {
        let mut changes: Vec<Change> = ["a", "b", "c", "d", "e"]
            .map(|name| Contract::Operations.compatible(name, "output: worded anew"))
            .into();
        changes.push(Contract::Codes.breaks("frozen", "removed", "callers that look for it never see it"));
        changes.push(Contract::Operations.review("a", "effect was write, is read", "look why"));
        changes.push(Contract::Operations.breaks("z", "removed", "callers of it are refused"));
        Report::new("HEAD~1", "91e7621d4c6d0c2b1f0f7f3f6f3c9f4a54e2f3a1", changes)
    }

    #[test]
    fn text_is_grouped_by_contract_with_what_breaks_on_top() {
        insta::assert_snapshot!(report().text(), @r"
        BREAKS  operations    z: removed; callers of it are refused
        REVIEW  operations    a: effect was write, is read; look why
        ok      operations    a, b, c and 2 more: output: worded anew
        BREAKS  codes         frozen: removed; callers that look for it never see it
        2 breaking, 1 to review, 5 compatible changes since 91e7621d4c6d, by the snapshots of the working tree; the tests keep them true to the code
        ");
    }

    #[test]
    fn json_holds_the_same() {
        let changes = vec![
            Contract::Operations.compatible("b", "added"),
            Contract::Operations.breaks("z", "removed", "callers of it are refused"),
            Contract::Operations.compatible("a", "added"),
        ];
        insta::assert_snapshot!(Report::new("HEAD~1", "91e7621d", changes).json().unwrap(), @r#"
        {
          "revision": {
            "asked": "HEAD~1",
            "commit": "91e7621d"
          },
          "changes": [
            {
              "contract": "operations",
              "subject": "z",
              "what": "removed",
              "verdict": "breaking",
              "why": "callers of it are refused"
            },
            {
              "contract": "operations",
              "subject": "a",
              "what": "added",
              "verdict": "compatible"
            },
            {
              "contract": "operations",
              "subject": "b",
              "what": "added",
              "verdict": "compatible"
            }
          ],
          "summary": {
            "breaking": 1,
            "review": 0,
            "compatible": 2
          }
        }
        "#);
    }

    #[test]
    fn it_breaks_only_if_a_change_does() {
        assert!(report().breaks());
        let mild = vec![Contract::Codes.compatible("a", "x"), Contract::Codes.review("b", "y", "z")];
        assert!(!Report::new("HEAD", "abc", mild).breaks());
        assert!(!Report::new("HEAD", "abc", Vec::new()).breaks());
    }
}
