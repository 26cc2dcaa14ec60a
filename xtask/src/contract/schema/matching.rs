//! Two sets of alternatives: what belongs together, what came and what went.

use serde_json::Value;

use super::super::change::Verdict;
use super::alternatives::{Alternative, shared, sorted};
use super::node::Open;
use super::place::Place;
use super::{Comparison, Readers, shown};

/// Old and new schemas that belong together, and those that stay alone.
pub(super) struct Matched<'a> {
    pub(super) pairs: Vec<(Open<'a>, Open<'a>)>,
    pub(super) removed: Vec<Open<'a>>,
    pub(super) added: Vec<Open<'a>>,
}

impl<'a> Comparison<'a> {
    /// Two sets of alternatives that stand in the same place.
    pub(super) fn alternatives(
        &mut self,
        mut old: Vec<Alternative<'a>>,
        mut new: Vec<Alternative<'a>>,
        place: &Place,
    ) {
        for (before, now) in shared(&mut old, &mut new) {
            self.node(before.written, now.written, place);
        }
        let (before, old) = sorted(self.old_root, old, place);
        let (now, new) = sorted(self.new_root, new, place);
        for constant in before.iter().filter(|constant| !now.contains(constant)) {
            self.constant(constant, &new, place, false);
        }
        for constant in now.iter().filter(|constant| !before.contains(constant)) {
            self.constant(constant, &old, place, true);
        }
        let matched = self.matched(old, new, place);
        for (before, now) in &matched.pairs {
            self.pair(before, now, place);
        }
        for form in &matched.removed {
            self.narrower(place, &format!("form {} removed", named(form)));
        }
        for form in &matched.added {
            let readers = if tags(form).is_empty() { Readers::Break } else { Readers::KnowCase };
            self.wider(place, &format!("form {} added", named(form)), readers);
        }
    }

    /// A constant that only one side lists; an open schema of the other side may take it all the same.
    fn constant(&mut self, constant: &Value, others: &[Open<'a>], place: &Place, added: bool) {
        let taken: Vec<Option<bool>> = others.iter().map(|other| other.takes(constant)).collect();
        if taken.contains(&Some(true)) {
            return;
        }
        let text = shown(Some(constant));
        if taken.contains(&None) {
            let what = format!("value {text} is left to a schema with limits of its own");
            self.report(place, &what, Verdict::review("look whether those take it"));
            return;
        }
        match (constant.is_null(), added) {
            (true, true) => self.wider(place, "may be null now", Readers::Break),
            (true, false) => self.narrower(place, "is never null any more"),
            (false, true) => self.wider(place, &format!("value {text} added"), Readers::KnowCase),
            (false, false) => self.narrower(place, &format!("value {text} removed")),
        }
    }

    /// Pairs each old schema with the new one that differs least.
    pub(super) fn matched(&self, old: Vec<Open<'a>>, new: Vec<Open<'a>>, place: &Place) -> Matched<'a> {
        let alone = old.len() == 1 && new.len() == 1;
        let mut costs = Vec::new();
        for (left, before) in old.iter().enumerate() {
            for (right, now) in new.iter().enumerate() {
                costs.extend(self.cost(before, now, alone, place).map(|cost| (cost, left, right)));
            }
        }
        costs.sort_unstable();
        let (mut old, mut new): (Vec<_>, Vec<_>) =
            (old.into_iter().map(Some).collect(), new.into_iter().map(Some).collect());
        let mut pairs = Vec::new();
        for (_, left, right) in costs {
            if old[left].is_some() && new[right].is_some() {
                pairs.extend(old[left].take().zip(new[right].take()));
            }
        }
        Matched {
            pairs,
            removed: old.into_iter().flatten().collect(),
            added: new.into_iter().flatten().collect(),
        }
    }

    /// How much they differ; none if they are not the same thing.
    fn cost(&self, old: &Open<'a>, new: &Open<'a>, alone: bool, place: &Place) -> Option<usize> {
        let (before, now) = (tags(old), tags(new));
        let shared: Vec<_> =
            before.iter().filter_map(|(member, tag)| Some((tag, value_of(&now, member)?))).collect();
        if shared.iter().any(|(before, now)| *before != now) {
            return None;
        }
        if alone || !shared.is_empty() || (old.definition.is_some() && old.definition == new.definition) {
            return Some(0);
        }
        if !old.takes_kinds_of(new) && !new.takes_kinds_of(old) {
            return None;
        }
        let mut trial = Self { found: Vec::new(), ..self.clone() };
        trial.node(old.written, new.written, place);
        Some(trial.found.len())
    }
}

fn value_of<'v>(tags: &[(&str, &'v Value)], member: &str) -> Option<&'v Value> {
    tags.iter().find(|(name, _)| *name == member).map(|(_, value)| *value)
}

/// Members that can have one value only: by them readers tell forms apart.
fn tags<'a>(form: &Open<'a>) -> Vec<(&'a str, &'a Value)> {
    let Some(Value::Object(members)) = form.keywords().get("properties") else { return Vec::new() };
    members.iter().filter_map(|(name, schema)| Some((name.as_str(), schema.get("const")?))).collect()
}

/// A form in a message: by its tag, its definition or its type.
fn named(form: &Open<'_>) -> String {
    let mut tags: Vec<String> = tags(form).iter().map(|(name, value)| format!("`{name}` {value}")).collect();
    tags.sort();
    match (tags.is_empty(), form.definition) {
        (false, _) => format!("with {}", tags.join(", ")),
        (true, Some(definition)) => format!("`{definition}`"),
        (true, None) => form.kinds_shown(),
    }
}
