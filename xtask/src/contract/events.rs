//! Audit events: a JSON sample each. Auditors read the members, and the chain's hashes cover all of them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::{Change, Contract};

const EVENTS: Contract = Contract::Events;

/// The member by which readers tell events apart: its value is part of the shape.
const TYPE: &str = "event_type";

pub(super) fn compare(name: &str, old: &str, new: &str) -> Result<Vec<Change>, String> {
    let (old, new) = (members(old)?, members(new)?);
    let mut changes = Vec::new();
    for (path, before) in &old {
        match new.get(path) {
            Some(now) => changes.extend(changed(name, path, before, now)),
            None => {
                let what = format!("member `{path}` removed");
                changes.push(EVENTS.breaks(name, what, "auditors who read it find it no more"));
            }
        }
    }
    for path in new.keys().filter(|path| !old.contains_key(*path)) {
        let what = format!("member `{path}` added");
        changes.push(EVENTS.review(
            name,
            what,
            "hashes cover every member: verifiers that rebuild events must know it",
        ));
    }
    Ok(changes)
}

fn changed(name: &str, path: &str, old: &Value, new: &Value) -> Option<Change> {
    let (before, now) = (kind(old), kind(new));
    if path == TYPE && old != new {
        let what = format!("`{TYPE}` was {old}, is {new}");
        return Some(EVENTS.breaks(name, what, "auditors who look for the old type find none"));
    }
    if before == now {
        let what = format!("the sample of `{path}` was {old}, is {new}");
        return (old != new).then(|| EVENTS.review(name, what, "look whether the form of the value changed"));
    }
    let what = format!("member `{path}` was {before}, is {now}");
    if old.is_null() || new.is_null() {
        return Some(EVENTS.review(name, what, "look whether it can be null in both"));
    }
    Some(EVENTS.breaks(name, what, "auditors who read the old type fail"))
}

/// Every member by its dotted path. The elements of an array share the path `member[]`: the first one stands for all.
fn members(text: &str) -> Result<BTreeMap<String, Value>, String> {
    let event: Value =
        serde_json::from_str(text).map_err(|error| format!("expected a JSON object: {error}"))?;
    let mut members = BTreeMap::new();
    collect(&event, "", &mut members);
    Ok(members)
}

fn collect(value: &Value, path: &str, members: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(object) => {
            if !path.is_empty() {
                members.entry(path.to_owned()).or_insert_with(|| Value::Object(serde_json::Map::new()));
            }
            for (name, value) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(value, &path, members);
            }
        }
        Value::Array(elements) => {
            members.entry(path.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
            for element in elements {
                collect(element, &format!("{path}[]"), members);
            }
        }
        scalar => {
            members.entry(path.to_owned()).or_insert_with(|| scalar.clone());
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::super::change::told;
    use super::*;

    #[test]
    fn each_change_of_an_event_has_its_verdict() {
        let old = r#"{"event_type":"a.b","facts":{"n":1,"ids":["x"]}}"#;
        let cases: [(&str, &[&str]); 8] = [
            (r#"{"facts":{"ids":["x"],"n":1},"event_type":"a.b"}"#, &[]),
            (
                r#"{"event_type":"a.c","facts":{"n":1,"ids":["x"]}}"#,
                &[r#"BREAKS allowed: `event_type` was "a.b", is "a.c""#],
            ),
            (r#"{"event_type":"a.b","facts":{"ids":["x"]}}"#, &["BREAKS allowed: member `facts.n` removed"]),
            (
                r#"{"event_type":"a.b","facts":{"n":"1","ids":["x"]}}"#,
                &["BREAKS allowed: member `facts.n` was a number, is a text"],
            ),
            (
                r#"{"event_type":"a.b","facts":{"n":null,"ids":["x"]}}"#,
                &["REVIEW allowed: member `facts.n` was a number, is null"],
            ),
            (
                r#"{"event_type":"a.b","facts":{"n":2,"ids":["x"]}}"#,
                &["REVIEW allowed: the sample of `facts.n` was 1, is 2"],
            ),
            (
                r#"{"event_type":"a.b","facts":{"n":1,"ids":[7]}}"#,
                &["BREAKS allowed: member `facts.ids[]` was a text, is a number"],
            ),
            (
                r#"{"event_type":"a.b","facts":{"n":1,"ids":["x"],"m":{}}}"#,
                &["REVIEW allowed: member `facts.m` added"],
            ),
        ];
        for (new, expected) in cases {
            assert_eq!(told(&compare("allowed", old, new).unwrap()), expected, "{new}");
        }
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        assert!(compare("allowed", "{", "{}").is_err());
    }
}
