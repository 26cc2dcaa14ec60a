//! Comparing two JSON Schemas: is what callers send still taken, is what they read still what they were told?
//!
//! A node is a set of alternatives (`alternatives.rs`); those that belong together (`matching.rs`) are compared keyword
//! by keyword (`keywords.rs`). A keyword that is not known here and differs is for review, with its JSON pointer: never
//! silently compatible.

mod alternatives;
mod bounds;
mod keywords;
mod matching;
mod members;
mod node;
mod place;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::change::Verdict;
use node::Open;
use place::Place;

/// Who relies on a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Callers send it, and may send what it allows.
    Sent,
    /// Callers read it, and rely on what it promises.
    Read,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Begins with the place: ``request member `a.b` ..``.
    pub(crate) what: String,
    pub(crate) verdict: Verdict,
}

/// All differences between two schemas, each with `$defs` of its own.
pub(crate) fn compare(old: &Value, new: &Value, side: Side) -> Vec<Difference> {
    let mut comparison = Comparison::new(old, new, side);
    let place = Place::root(side).titled(old.get("title"), new.get("title"));
    comparison.node(old, new, &place);
    if comparison.found.is_empty() && old != new {
        comparison.report(&place, "worded or arranged anew, to the same effect", Verdict::Compatible);
    }
    comparison.found
}

/// What a widened promise does to readers.
#[derive(Debug, Clone, Copy)]
enum Readers {
    /// They fail on what they were told not to expect.
    Break,
    /// Those who lean on the old limit fail.
    KnowLimit,
    /// Those who match every case fail.
    KnowCase,
}

#[derive(Debug, Clone)]
struct Comparison<'a> {
    old_root: &'a Value,
    new_root: &'a Value,
    side: Side,
    found: Vec<Difference>,
    /// Definitions of the same name: each is told once, wherever it is used.
    told: Vec<(*const Value, *const Value)>,
    /// Pairs that are being compared now: a cycle ends where it comes back to one.
    open: Vec<(*const Value, *const Value)>,
}

impl<'a> Comparison<'a> {
    fn new(old_root: &'a Value, new_root: &'a Value, side: Side) -> Self {
        Self { old_root, new_root, side, found: Vec::new(), told: Vec::new(), open: Vec::new() }
    }

    /// Two schemas that stand in the same place.
    fn node(&mut self, old: &'a Value, new: &'a Value, place: &Place) {
        self.default(old, new, place);
        let (before, now) =
            (Open::resolved(self.old_root, old, place), Open::resolved(self.new_root, new, place));
        let pair = (std::ptr::from_ref(before.value), std::ptr::from_ref(now.value));
        if self.open.contains(&pair) || self.told.contains(&pair) {
            return;
        }
        self.open.push(pair);
        self.choice_is_kept(&before, &now, place);
        match now.definition.filter(|_| before.definition == now.definition) {
            Some(name) => {
                self.told.push(pair);
                self.alternatives_of(before.value, now.value, &place.at(&now.pointer).definition(name));
            }
            None => self.alternatives_of(old, new, place),
        }
        self.open.pop();
    }

    fn alternatives_of(&mut self, old: &'a Value, new: &'a Value, place: &Place) {
        let before = alternatives::of(self.old_root, old, place);
        let now = alternatives::of(self.new_root, new, place);
        self.alternatives(before, now, place);
    }

    /// The forms of both kinds of choice compare alike, but where forms overlap, only one kind takes what matches two.
    fn choice_is_kept(&mut self, old: &Open<'a>, new: &Open<'a>, place: &Place) {
        let (Some((was, before)), Some((is, now))) = (node::choice(old.value), node::choice(new.value))
        else {
            return;
        };
        let overlap = |root, forms| alternatives::can_overlap(&alternatives::of_list(root, forms, place));
        if was != is && (overlap(self.old_root, before) || overlap(self.new_root, now)) {
            let why = "`oneOf` refuses what matches two forms, `anyOf` takes it";
            self.report(place, &format!("`{was}` is `{is}` now"), Verdict::review(why));
        }
    }

    /// Two alternatives that are no constants.
    fn pair(&mut self, old: &Open<'a>, new: &Open<'a>, place: &Place) {
        let place = place.at(&new.pointer);
        if self.kinds(old, new, &place) {
            self.keywords(old, new, &place);
        }
    }

    /// False if nothing is left to compare.
    fn kinds(&mut self, old: &Open<'a>, new: &Open<'a>, place: &Place) -> bool {
        if old.kinds == new.kinds {
            return true;
        }
        let what = format!("type was {}, is {}", old.kinds_shown(), new.kinds_shown());
        match (old.takes_kinds_of(new), new.takes_kinds_of(old)) {
            (true, _) => self.narrower(place, &what),
            (_, true) => self.wider(place, &what, Readers::Break),
            _ => {
                let why = match self.side {
                    Side::Sent => "callers that send the old type are refused",
                    Side::Read => "readers of the old type fail",
                };
                self.report(place, &what, Verdict::breaking(why));
                return false;
            }
        }
        true
    }

    /// Less is allowed than before.
    fn narrower(&mut self, place: &Place, what: &str) {
        let verdict = match self.side {
            Side::Sent => Verdict::breaking("callers that send what was taken are refused"),
            Side::Read => Verdict::Compatible,
        };
        self.report(place, what, verdict);
    }

    /// More is allowed than before.
    fn wider(&mut self, place: &Place, what: &str, readers: Readers) {
        let verdict = match (self.side, readers) {
            (Side::Sent, _) => Verdict::Compatible,
            (Side::Read, Readers::Break) => {
                Verdict::breaking("readers meet what they were told not to expect")
            }
            (Side::Read, Readers::KnowLimit) => {
                Verdict::review("readers that lean on the old limit must know")
            }
            (Side::Read, Readers::KnowCase) => Verdict::review("readers that match every case must know it"),
        };
        self.report(place, what, verdict);
    }

    fn report(&mut self, place: &Place, what: &str, verdict: Verdict) {
        let found = Difference { what: format!("{place} {what}"), verdict };
        if !self.found.contains(&found) {
            self.found.push(found);
        }
    }
}

/// A value in a message: scalars as JSON, the rest by its brackets.
fn shown(value: Option<&Value>) -> String {
    match value {
        None => "absent".to_owned(),
        Some(Value::Object(_)) => "{..}".to_owned(),
        Some(Value::Array(_)) => "[..]".to_owned(),
        Some(scalar) => scalar.to_string(),
    }
}
