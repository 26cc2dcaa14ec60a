//! Names that code may not name, and how it names them all the same.

use std::collections::HashSet;

use super::Path;
use super::across::{Across, Meaning};
use crate::source::NamedPath;

/// A path of which no part below may be named.
pub(crate) struct Forbidden(Path);

/// Some meaning begins with one of `heads`: otherwise no path that begins so can be met, and most names of most files are
/// told apart by that.
pub(crate) fn begins_with(heads: &HashSet<&str>, own: &str, meanings: &[Meaning]) -> bool {
    let is_head =
        |first: &String| heads.contains(first.as_str()) || (first == "crate" && heads.contains(own));
    meanings.iter().filter_map(|meaning| meaning.path.first()).any(is_head)
}

impl Forbidden {
    /// Reads `a::b::c`.
    pub(crate) fn parse(path: &str) -> Self {
        Self(path.split("::").map(str::to_owned).collect())
    }

    /// The crate that it begins with.
    pub(crate) fn head(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// The path as it was read.
    pub(crate) fn path(&self) -> String {
        self.0.join("::")
    }

    /// How `name` names this, if it does: nothing to add where it says so plainly. What another place of the crate names
    /// is counted there.
    pub(crate) fn named(
        &self,
        across: &Across<'_>,
        name: &NamedPath,
        meanings: &[Meaning],
    ) -> Option<String> {
        let own = across.own_name();
        let meaning = meanings.iter().find(|meaning| self.is_met(own, meaning, name.glob))?;
        if across.told(name).iter().any(|told| self.is_met(own, &told.meaning, told.glob)) {
            return None;
        }
        let written = name.segments.join("::");
        Some(match &meaning.by {
            Some(by) => format!(" through {by}"),
            None if written.starts_with(&self.path()) => String::new(),
            None if name.glob => format!(" by {written}::*"),
            None => format!(" as {written}"),
        })
    }

    /// The path leads to this module of the crate `own`, or past it.
    pub(crate) fn holds(&self, own: &str, module: &[String]) -> bool {
        self.0.split_first().is_some_and(|(first, rest)| first == own && module.starts_with(rest))
    }

    /// The meaning, as the crate `own` writes it, lies at or below this path; a glob also brings it in from above.
    fn is_met(&self, own: &str, meaning: &Meaning, glob: bool) -> bool {
        let path = &meaning.path;
        let is_own = |part: &String, other: &String| other == "crate" && part == own;
        let same = |(one, other): &(&String, &String)| one == other || is_own(one, other);
        let common = self.0.iter().zip(path).take_while(same).count();
        common == self.0.len() || (glob && !meaning.offered && common == path.len() && !path.is_empty())
    }
}
