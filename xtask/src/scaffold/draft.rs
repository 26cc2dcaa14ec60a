//! A plan in the making: what is to be written and inserted, on top of the texts that are there.

use std::collections::BTreeMap;

use super::tree::Tree;

/// One file of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A file that is not there yet.
    Write {
        /// Its whole text.
        text: String,
    },
    /// A file that is there.
    Insert {
        /// Its whole text afterwards.
        text: String,
        /// What was added, for people.
        added: Vec<String>,
    },
}

impl Change {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Write { text } | Self::Insert { text, .. } => text,
        }
    }
}

/// A test that owns a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contract {
    /// Arguments of `cargo`, split at blanks.
    pub(crate) test: &'static str,
    /// Where its snapshots stand.
    pub(crate) snapshots: &'static str,
}

/// What a scaffold does, as a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// By path.
    pub(crate) changes: BTreeMap<String, Change>,
    /// Contracts that follow from it.
    pub(crate) contracts: Vec<Contract>,
    /// What a person does next, in order.
    pub(crate) next: Vec<String>,
    /// The domain that gets its first document.
    pub(crate) new_domain: Option<String>,
}

/// Texts, with the changes so far on top of them.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    tree: &'a Tree,
    changes: BTreeMap<String, Change>,
}

impl<'a> Draft<'a> {
    pub(crate) fn of(tree: &'a Tree) -> Self {
        Self { tree, changes: BTreeMap::new() }
    }

    /// The text of a file, changes included.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.changes.get(path).map(Change::text).or_else(|| self.tree.text(path))
    }

    /// A new file.
    ///
    /// # Errors
    /// When there is one: nothing is overwritten.
    pub(crate) fn write(&mut self, path: &str, text: String) -> Result<(), String> {
        if self.text(path).is_some() {
            return Err(format!("{path} is there already, and nothing is overwritten: choose another name"));
        }
        self.changes.insert(path.to_owned(), Change::Write { text });
        Ok(())
    }

    /// Something more in a file: `step` makes the new text of the old, `added` says it to people.
    ///
    /// # Errors
    /// When there is no such file, or `step` does not find its place in it.
    pub(crate) fn insert(
        &mut self,
        path: &str,
        added: impl Into<String>,
        step: impl FnOnce(&str) -> Result<String, String>,
    ) -> Result<(), String> {
        let old =
            self.text(path).ok_or_else(|| format!("{path} is not there, so nothing can be added to it"))?;
        let text = step(old).map_err(|problem| format!("{path}: {problem}"))?;
        let added = added.into();
        match self.changes.get_mut(path) {
            Some(Change::Write { text: planned }) => *planned = text,
            Some(Change::Insert { text: planned, added: so_far }) => {
                *planned = text;
                so_far.push(added);
            }
            None => {
                self.changes.insert(path.to_owned(), Change::Insert { text, added: vec![added] });
            }
        }
        Ok(())
    }

    /// The plan.
    pub(crate) fn plan(self, contracts: &[Contract], next: Vec<String>) -> Plan {
        Plan { changes: self.changes, contracts: contracts.to_vec(), next, new_domain: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_add_up_and_overwrite_nothing() {
        let tree = Tree::new([("a".to_owned(), "1".to_owned())]);
        let mut draft = Draft::of(&tree);
        let more = |text: &str| Ok(format!("{text}+"));
        assert!(draft.write("a", String::new()).is_err());
        assert!(draft.insert("b", "", more).is_err());
        assert_eq!(draft.write("b", "2".to_owned()), Ok(()));
        assert!(draft.write("b", String::new()).is_err());
        for path in ["a", "a", "b"] {
            assert_eq!(draft.insert(path, "plus", more), Ok(()));
        }
        let refused = draft.insert("a", "", |_| Err("no place".to_owned()));
        assert_eq!(refused, Err("a: no place".to_owned()));
        let plan = draft.plan(&[], Vec::new());
        let added = vec!["plus".to_owned(), "plus".to_owned()];
        let changes =
            [Change::Insert { text: "1++".to_owned(), added }, Change::Write { text: "2+".to_owned() }];
        assert_eq!(plan.changes.into_values().collect::<Vec<_>>(), changes);
        assert_eq!(tree.text("a"), Some("1"));
    }
}
