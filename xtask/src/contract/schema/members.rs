//! Members of objects: which there are, which are required, and whether others may come.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::change::Verdict;
use super::place::Place;
use super::{Comparison, Readers, Side, node};

/// What is compared here.
pub(super) const KEYWORDS: [&str; 3] = ["properties", "required", "additionalProperties"];

/// The members of one schema.
#[derive(Clone, Copy)]
struct Members<'a> {
    keywords: &'a Map<String, Value>,
}

impl<'a> Comparison<'a> {
    pub(super) fn members(
        &mut self,
        old: &'a Map<String, Value>,
        new: &'a Map<String, Value>,
        place: &Place,
    ) {
        let (old, new) = (Members { keywords: old }, Members { keywords: new });
        let names: BTreeSet<&str> = old.names().chain(new.names()).collect();
        for name in names {
            let member = place.member(name);
            match (old.get(name), new.get(name)) {
                (Some(before), Some(now)) => {
                    self.required(old.requires(name), new.requires(name), &member);
                    self.node(before, now, &member);
                }
                (Some(_), None) => self.removed(new, &member),
                (None, _) => self.added(old, new.requires(name), &member),
            }
        }
        match (old.is_closed(), new.is_closed()) {
            (true, true) => {}
            (true, false) => self.wider(place, "can have members of any name now", Readers::KnowLimit),
            (false, true) => self.narrower(place, "can have no members but its own now"),
            (false, false) => self.node(old.others(), new.others(), &place.other_members()),
        }
    }

    fn required(&mut self, old: bool, new: bool, place: &Place) {
        match (self.side, old, new) {
            (Side::Sent, false, true) => {
                let why = "callers that leave it out are refused";
                self.report(place, "is required now", Verdict::breaking(why));
            }
            (Side::Read, true, false) => {
                let why = "readers that count on it fail where it is absent";
                self.report(place, "can be absent now", Verdict::breaking(why));
            }
            (Side::Sent, true, false) => self.report(place, "is optional now", Verdict::Compatible),
            (Side::Read, false, true) => self.report(place, "is always there now", Verdict::Compatible),
            (_, true, true) | (_, false, false) => {}
        }
    }

    fn removed(&mut self, new: Members<'a>, place: &Place) {
        let verdict = match self.side {
            Side::Read => Verdict::breaking("readers find it no more"),
            Side::Sent if new.is_closed() => Verdict::breaking("callers that send it are refused"),
            Side::Sent => {
                Verdict::review("callers that send it are taken, and what they send is passed over")
            }
        };
        self.report(place, "removed", verdict);
    }

    fn added(&mut self, old: Members<'a>, required: bool, place: &Place) {
        match (self.side, required, old.is_closed()) {
            (Side::Sent, true, _) => {
                let why = "callers that do not know it are refused";
                self.report(place, "added, and required", Verdict::breaking(why));
            }
            (Side::Sent, false, false) => {
                let why = "callers could send anything by this name before";
                self.report(place, "added", Verdict::review(why));
            }
            (Side::Read, _, true) => {
                let why = "readers were told that there is no other member";
                self.report(place, "added", Verdict::review(why));
            }
            (Side::Sent, false, true) | (Side::Read, _, false) => {
                self.report(place, "added", Verdict::Compatible);
            }
        }
    }
}

impl<'a> Members<'a> {
    /// Those with a schema, and those that are required without one.
    fn names(self) -> impl Iterator<Item = &'a str> {
        let schemas = self.keywords.get("properties").and_then(Value::as_object);
        schemas.into_iter().flat_map(|members| members.keys().map(String::as_str)).chain(self.required())
    }

    fn get(self, name: &str) -> Option<&'a Value> {
        let schema = self.keywords.get("properties").and_then(|members| members.get(name));
        schema.or_else(|| self.requires(name).then_some(&node::ANY))
    }

    fn required(self) -> impl Iterator<Item = &'a str> {
        let names = self.keywords.get("required").and_then(Value::as_array);
        names.into_iter().flatten().filter_map(Value::as_str)
    }

    fn requires(self, name: &str) -> bool {
        self.required().any(|required| required == name)
    }

    fn is_closed(self) -> bool {
        self.others() == &Value::Bool(false)
    }

    /// The schema of members without one of their own.
    fn others(self) -> &'a Value {
        self.keywords.get("additionalProperties").unwrap_or(&node::ANY)
    }
}
