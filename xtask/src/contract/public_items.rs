//! The embedder's items: a line each, `path`, `path = origin`, with `[feature]` behind it where one is needed.

use std::collections::BTreeMap;

use super::change::{Change, Contract};

const ITEMS: Contract = Contract::PublicItems;

#[derive(Debug, Default, PartialEq, Eq)]
struct Item<'a> {
    origin: &'a str,
    feature: &'a str,
}

pub(super) fn compare(_name: &str, old: &str, new: &str) -> Result<Vec<Change>, String> {
    let (old, new) = (items(old), items(new));
    let mut changes = Vec::new();
    for (path, before) in &old {
        match new.get(path) {
            Some(now) => changes.extend(changed(path, before, now)),
            None => changes.push(ITEMS.breaks(path, "removed", "embedders who name it no longer compile")),
        }
    }
    let added = new.keys().filter(|path| !old.contains_key(*path));
    changes.extend(added.map(|path| ITEMS.compatible(path, "added")));
    Ok(changes)
}

fn changed(path: &str, old: &Item<'_>, new: &Item<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.origin != new.origin {
        let what = format!("it was {}, is {}", named(old.origin), named(new.origin));
        changes.push(ITEMS.review(path, what, "look whether the item moved or is another one"));
    }
    match (old.feature, new.feature) {
        (before, now) if before == now => {}
        (before, "") => changes.push(ITEMS.compatible(path, format!("needs the feature `{before}` no more"))),
        (_, now) => {
            let what = format!("needs the feature `{now}` now");
            changes.push(ITEMS.breaks(path, what, "embedders without the feature no longer compile"));
        }
    }
    changes
}

fn named(origin: &str) -> &str {
    if origin.is_empty() { "an item of its own" } else { origin }
}

fn items(text: &str) -> BTreeMap<&str, Item<'_>> {
    let mut items = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (item, feature) = match line.strip_suffix(']').and_then(|line| line.rsplit_once(" [")) {
            Some((item, feature)) => (item, feature),
            None => (line, ""),
        };
        let (path, origin) = item.split_once(" = ").unwrap_or((item, ""));
        items.insert(path, Item { origin, feature });
    }
    items
}

#[cfg(test)]
mod tests {
    use super::super::change::told;
    use super::*;

    #[test]
    fn each_change_of_an_item_has_its_verdict() {
        let cases: [(&str, &[&str]); 8] = [
            ("p::A = q::A", &[]),
            ("", &["BREAKS p::A: removed"]),
            ("p::A = q::A\np::b", &["ok p::b: added"]),
            ("p::A = r::A", &["REVIEW p::A: it was q::A, is r::A"]),
            ("p::A", &["REVIEW p::A: it was q::A, is an item of its own"]),
            ("p::A = q::A [http]", &["BREAKS p::A: needs the feature `http` now"]),
            ("p::a = q::A", &["BREAKS p::A: removed", "ok p::a: added"]),
            ("p::A::new = q::A", &["BREAKS p::A: removed", "ok p::A::new: added"]),
        ];
        for (new, expected) in cases {
            assert_eq!(told(&compare("", "p::A = q::A", new).unwrap()), expected, "{new}");
        }
    }

    #[test]
    fn a_feature_given_up_is_compatible_and_another_one_breaks() {
        let against = |new| told(&compare("", "p::A [x]", new).unwrap());
        assert_eq!(against("p::A"), ["ok p::A: needs the feature `x` no more"]);
        assert_eq!(against("p::A [y]"), ["BREAKS p::A: needs the feature `y` now"]);
    }
}
