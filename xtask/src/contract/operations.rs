//! Operations: a JSON array; callers send the request and read the output.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::change::{Change, Contract, Verdict};
use super::schema::{self, Side};

const OPERATIONS: Contract = Contract::Operations;

/// The members of an operation that are compared by their meaning.
const READ: [&str; 6] = ["name", "authority", "effect", "summary", "request", "output"];

type Operation = Map<String, Value>;

pub(super) fn compare(_name: &str, old: &str, new: &str) -> Result<Vec<Change>, String> {
    let (old, new) = (operations(old)?, operations(new)?);
    let mut changes = Vec::new();
    for (name, before) in &old {
        match new.get(name) {
            Some(now) => changes.extend(changed(name, before, now)),
            None => changes.push(OPERATIONS.breaks(name, "removed", "callers of it are refused")),
        }
    }
    let added = new.keys().filter(|name| !old.contains_key(*name));
    changes.extend(added.map(|name| OPERATIONS.compatible(name, "added")));
    Ok(changes)
}

fn changed(name: &str, old: &Operation, new: &Operation) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut members: Vec<&String> = old.keys().chain(new.keys()).collect();
    members.sort();
    members.dedup();
    for member in members {
        let (before, now) = (old.get(member), new.get(member));
        if before == now {
            continue;
        }
        let (was, is) = (shown(before), shown(now));
        let verdict = match member.as_str() {
            "request" | "output" => continue,
            "summary" => Verdict::Compatible,
            "authority" => authority(&was, &is),
            "effect" => effect(&was),
            _ => Verdict::review("a member that this comparison does not know"),
        };
        changes.push(OPERATIONS.change(name, format!("{member} was {was}, is {is}"), verdict));
    }
    for (member, side) in [("request", Side::Sent), ("output", Side::Read)] {
        // Both are there: `operations` has seen to it.
        let differences = schema::compare(&old[member], &new[member], side);
        changes
            .extend(differences.into_iter().map(|found| OPERATIONS.change(name, found.what, found.verdict)));
    }
    changes
}

/// An admin may do what asks for `read` or `invoke`; no other scope includes another.
fn authority(old: &str, new: &str) -> Verdict {
    match (old, new) {
        ("admin", "read" | "invoke") => Verdict::review("more keys may call it: look whether they should"),
        _ => Verdict::breaking("callers with the old scope are refused"),
    }
}

fn effect(old: &str) -> Verdict {
    match old {
        "read" => Verdict::breaking("callers repeat it freely, and must not any more"),
        _ => Verdict::review("callers decide by it whether to repeat a call"),
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "absent".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn operations(text: &str) -> Result<BTreeMap<String, Operation>, String> {
    let list: Vec<Operation> = serde_json::from_str(text)
        .map_err(|error| format!("expected a JSON array of operations: {error}"))?;
    let mut operations = BTreeMap::new();
    for (index, operation) in list.into_iter().enumerate() {
        if let Some(missing) = READ.iter().find(|member| !operation.contains_key(**member)) {
            return Err(format!("operation {index}: expected a member `{missing}`"));
        }
        operations.insert(shown(operation.get("name")), operation);
    }
    Ok(operations)
}

#[cfg(test)]
mod tests {
    use super::super::change::told;
    use super::*;

    const OLD: &str =
        r#"[{"name":"a.b.c","authority":"admin","effect":"read","summary":"S","request":{},"output":{}}]"#;

    #[test]
    fn each_change_of_an_operation_has_its_verdict() {
        let cases: [(&str, &str, &[&str]); 9] = [
            ("", "", &[]),
            ("a.b.c", "a.b.d", &["BREAKS a.b.c: removed", "ok a.b.d: added"]),
            (r#""S""#, r#""T""#, &["ok a.b.c: summary was S, is T"]),
            ("admin", "operator", &["BREAKS a.b.c: authority was admin, is operator"]),
            ("admin", "read", &["REVIEW a.b.c: authority was admin, is read"]),
            (r#"effect":"read"#, r#"effect":"call"#, &["BREAKS a.b.c: effect was read, is call"]),
            (r#""effect""#, r#""repeat":true,"effect""#, &["REVIEW a.b.c: repeat was absent, is true"]),
            (
                r#""request":{}"#,
                r#""request":{"properties":{"x":true},"required":["x"]}"#,
                &["BREAKS a.b.c: request member `x` added, and required"],
            ),
            (
                r#""output":{}"#,
                r#""output":{"properties":{"x":true},"required":["x"]}"#,
                &["ok a.b.c: output member `x` added"],
            ),
        ];
        for (from, to, expected) in cases {
            assert_eq!(told(&compare("", OLD, &OLD.replace(from, to)).unwrap()), expected, "{from} -> {to}");
        }
    }

    #[test]
    fn authority_and_effect_are_judged_by_what_was() {
        let breaks = |verdict| matches!(verdict, Verdict::Breaking { .. });
        for (old, new) in [("read", "admin"), ("invoke", "read"), ("read", "invoke"), ("operator", "admin")] {
            assert!(breaks(authority(old, new)), "{old} -> {new}");
        }
        assert!(!breaks(effect("write")));
    }

    #[test]
    fn what_is_no_operation_is_an_error() {
        assert!(compare("", "{}", "[]").is_err());
        assert!(compare("", r#"[{"name":"a"}]"#, "[]").is_err());
    }
}
