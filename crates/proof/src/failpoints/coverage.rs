//! Which of the watched points a story passes, and which it need not. Pure.

use std::collections::BTreeMap;

use crate::points;

/// Points that the story need not pass, and why.
const EXCEPTED: &[(&str, &str)] =
    &[("CheckpointStore::spans", "`audit export` alone reads it, in a process that serves nobody")];

/// The watched points that were not passed and are not excepted. What is excepted in vain, or passed without being on the
/// list, is told too.
pub(super) fn unpassed(counts: &BTreeMap<String, u64>) -> Vec<String> {
    judged(counts, &points::all(), EXCEPTED)
}

/// How many points are watched, and which of them are excepted.
pub(super) fn told() -> String {
    let excepted: Vec<String> = EXCEPTED.iter().map(|(point, why)| format!("{point}: {why}")).collect();
    format!("{}, {} ({})", points::all().len(), EXCEPTED.len(), excepted.join("; "))
}

fn judged(counts: &BTreeMap<String, u64>, all: &[&str], excepted: &[(&str, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    for point in all {
        let is_excepted = excepted.iter().any(|(excepted, _)| excepted == point);
        match (counts.contains_key(*point), is_excepted) {
            (false, false) => found.push((*point).to_owned()),
            (true, true) => found.push(format!("{point}, which is excepted and passed all the same")),
            _ => {}
        }
    }
    let unlisted = counts.keys().filter(|point| !all.contains(&point.as_str()));
    found.extend(unlisted.map(|point| format!("{point}, which is passed and not listed")));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_passed_is_found_unless_it_is_excepted() {
        let passed = |points: &[&str]| points.iter().map(|&point| (point.to_owned(), 1)).collect();
        let (all, excepted) = (["A::a", "A::b", "B::c"], [("B::c", "nobody asks")]);
        assert_eq!(judged(&passed(&["A::a", "A::b"]), &all, &excepted), Vec::<String>::new());
        assert_eq!(judged(&passed(&["A::a"]), &all, &excepted), ["A::b"]);
        assert_eq!(judged(&passed(&["A::a", "A::b", "B::c"]), &all, &excepted).len(), 1);
        assert_eq!(judged(&passed(&["A::a", "A::b", "C::d"]), &all, &excepted).len(), 1);
    }

    #[test]
    fn each_point_is_listed_once_and_exceptions_are_points() {
        let all = points::all();
        let once: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(once.len(), all.len());
        assert!(EXCEPTED.iter().all(|(point, _)| all.contains(point)));
    }
}
