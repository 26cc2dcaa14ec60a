//! The keywords of one alternative, each by its own rule; every keyword has one, if only that a person looks.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::change::Verdict;
use super::node::Open;
use super::place::Place;
use super::{Comparison, Readers, Side, alternatives, bounds, members, node, shown};

impl<'a> Comparison<'a> {
    pub(super) fn keywords(&mut self, old: &Open<'a>, new: &Open<'a>, place: &Place) {
        let (before, now) = (old.keywords(), new.keywords());
        let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        if names.iter().any(|name| members::KEYWORDS.contains(&name.as_str())) {
            self.members(before, now, place);
        }
        for name in names {
            let (was, is) = (before.get(name), now.get(name));
            match name.as_str() {
                // Compared by kinds, by members, or by who refers to it.
                "type" | "$defs" | "definitions" => {}
                known if members::KEYWORDS.contains(&known) || node::is_annotation(known) => {}
                // Their definitions can differ where they themselves do not.
                "items" => self.node(was.unwrap_or(&node::ANY), is.unwrap_or(&node::ANY), &place.items()),
                "anyOf" | "oneOf" => self.choice(name, was, is, place),
                "allOf" => self.all(was, is, place),
                "$ref" => self.reference(was, is, place),
                _ if was == is => {}
                "pattern" | "format" => self.text(name, was, is, place),
                bound if bounds::is_bound(bound) => self.bound(bound, was, is, place),
                _ => self.unclear(place, name, was, is),
            }
        }
    }

    /// `anyOf` or `oneOf` beside other keywords.
    fn choice(&mut self, name: &str, old: Option<&'a Value>, new: Option<&'a Value>, place: &Place) {
        let inner = place.keyword(name);
        match (list(old), list(new)) {
            (Some(before), Some(now)) => {
                let before = alternatives::of_list(self.old_root, before, &inner);
                let now = alternatives::of_list(self.new_root, now, &inner);
                self.alternatives(before, now, &inner);
            }
            (None, Some(_)) if old.is_none() => {
                self.narrower(place, &format!("has to match one form of `{name}`"))
            }
            (Some(_), None) if new.is_none() => {
                self.wider(place, &format!("has to match no form of `{name}`"), Readers::KnowLimit);
            }
            _ => self.unclear(place, name, old, new),
        }
    }

    /// `allOf`: each one that is more demands more.
    fn all(&mut self, old: Option<&'a Value>, new: Option<&'a Value>, place: &Place) {
        let inner = place.keyword("allOf");
        let open = |root: &'a Value, value: Option<&'a Value>| -> Vec<Open<'a>> {
            list(value)
                .unwrap_or_default()
                .iter()
                .map(|schema| Open::resolved(root, schema, &inner))
                .collect()
        };
        let matched = self.matched(open(self.old_root, old), open(self.new_root, new), &inner);
        for (before, now) in &matched.pairs {
            self.node(before.written, now.written, &inner);
        }
        for _ in matched.added {
            self.narrower(place, "has to match one more schema of `allOf`");
        }
        for _ in matched.removed {
            self.wider(place, "has to match one schema less of `allOf`", Readers::KnowLimit);
        }
    }

    /// `$ref` beside other keywords, or one that leads nowhere.
    fn reference(&mut self, old: Option<&'a Value>, new: Option<&'a Value>, place: &Place) {
        match (node::target(self.old_root, old), node::target(self.new_root, new)) {
            (Some((before, _)), Some((now, _))) => self.node(before, now, place),
            (None, None) if old == new => {}
            _ => self.unclear(place, "$ref", old, new),
        }
    }

    fn text(&mut self, name: &str, old: Option<&Value>, new: Option<&Value>, place: &Place) {
        let what = format!("{name} was {}, is {}", shown(old), shown(new));
        match (old, new) {
            (None, _) => self.narrower(place, &what),
            (_, None) if name == "format" => self.wider(place, &what, Readers::Break),
            (_, None) => self.wider(place, &what, Readers::KnowLimit),
            _ => {
                let verdict = match (self.side, name) {
                    (Side::Sent, _) => Verdict::breaking("callers that keep to the old one can be refused"),
                    (Side::Read, "format") => Verdict::breaking("readers of the old form fail"),
                    (Side::Read, _) => Verdict::review("readers that match the old one must know"),
                };
                self.report(place, &what, verdict);
            }
        }
    }

    fn bound(&mut self, name: &str, old: Option<&Value>, new: Option<&Value>, place: &Place) {
        let what = format!("{name} was {}, is {}", shown(old), shown(new));
        match bounds::shift(name, old, new) {
            Some(bounds::Shift::Same) => {}
            Some(bounds::Shift::Tighter) => self.narrower(place, &what),
            Some(bounds::Shift::Looser) => self.wider(place, &what, Readers::KnowLimit),
            None => self.unclear(place, name, old, new),
        }
    }

    /// Who leaves a member out gets its default.
    pub(super) fn default(&mut self, old: &'a Value, new: &'a Value, place: &Place) {
        let (before, now) = (node::default(self.old_root, old), node::default(self.new_root, new));
        if self.side == Side::Sent && before != now {
            let what = format!("default was {}, is {}", shown(before), shown(now));
            self.report(place, &what, Verdict::review("who leaves it out gets something else"));
        }
    }

    /// It differs, and this comparison cannot say how.
    fn unclear(&mut self, place: &Place, keyword: &str, old: Option<&Value>, new: Option<&Value>) {
        let what = format!("`{}` was {}, is {}", place.keyword(keyword).pointer, shown(old), shown(new));
        self.report(
            place,
            &what,
            Verdict::review("a keyword that this comparison cannot judge: look at both"),
        );
    }
}

fn list(value: Option<&Value>) -> Option<&[Value]> {
    value.and_then(Value::as_array).map(Vec::as_slice)
}
