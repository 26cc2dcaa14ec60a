//! JSON Schemas of operations, gathered into one set of named components.
//!
//! Each operation brings its own `$defs`. They become components of the same name; where two operations mean
//! different things by one name, the later one gets a number.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

const PREFIX: &str = "#/components/schemas/";

/// Named schemas, without duplicates.
#[derive(Debug, Default)]
pub(crate) struct Components {
    schemas: BTreeMap<String, Value>,
    /// What each name stands for: the definition with all that it refers to.
    meanings: BTreeMap<String, String>,
}

impl Components {
    /// Takes a root schema apart: its definitions become components, and it comes back with its references rewritten.
    pub(crate) fn hoist(&mut self, root: Value) -> Value {
        let Value::Object(mut root) = root else { return root };
        let definitions = take(&mut root, "$defs");
        take(&mut root, "$schema");
        let Some(Value::Object(definitions)) = definitions else { return Value::Object(root) };
        let names: BTreeMap<String, String> = definitions
            .keys()
            .map(|name| (name.clone(), self.place(name, &meaning(&definitions, name))))
            .collect();
        for (name, definition) in definitions {
            let placed = names.get(&name).cloned().unwrap_or(name);
            self.schemas.entry(placed).or_insert_with(|| rewritten(definition, &names));
        }
        rewritten(Value::Object(root), &names)
    }

    /// Makes a root schema a component under its title, and returns a reference to it.
    pub(crate) fn reference(&mut self, root: Value) -> Value {
        let Value::Object(mut root) = root else { return root };
        take(&mut root, "$schema");
        let title = take(&mut root, "title").and_then(|title| title.as_str().map(component_name));
        let name = title.unwrap_or_else(|| "Untitled".to_owned());
        let mut definitions = match take(&mut root, "$defs") {
            Some(Value::Object(definitions)) => definitions,
            _ => Map::new(),
        };
        definitions.insert(name.clone(), Value::Object(root));
        self.hoist(json!({ "$defs": definitions, "$ref": format!("#/$defs/{name}") }))
    }

    /// The schema itself, if this one only refers to it.
    pub(crate) fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        name_of(schema).and_then(|name| self.schemas.get(name)).unwrap_or(schema)
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> &BTreeMap<String, Value> {
        &self.schemas
    }

    fn place(&mut self, name: &str, meaning: &str) -> String {
        let base = component_name(name);
        let mut candidate = base.clone();
        for number in 2.. {
            match self.meanings.get(&candidate) {
                Some(known) if known != meaning => candidate = format!("{base}{number}"),
                Some(_) => break,
                None => {
                    self.meanings.insert(candidate.clone(), meaning.to_owned());
                    break;
                }
            }
        }
        candidate
    }
}

/// Removes a member; unlike `Map::remove` it leaves the others in their order.
pub(crate) fn take(members: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let taken = members.get_mut(name).map(Value::take);
    members.retain(|other, _| other != name);
    taken
}

/// The component that a schema refers to.
pub(crate) fn name_of(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix(PREFIX)
}

/// The alternatives of a schema but `null`: an absent member says the same.
pub(crate) fn alternatives(schema: &Value) -> Option<Vec<&Value>> {
    let list = schema.get("anyOf").or_else(|| schema.get("oneOf"))?.as_array()?;
    Some(list.iter().filter(|one| one.get("type").and_then(Value::as_str) != Some("null")).collect())
}

/// A schema without the alternative `null`, for places that cannot hold one: path and query.
pub(crate) fn without_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    let single = match alternatives(&schema).as_deref() {
        Some([only]) => only.as_object().cloned(),
        _ => None,
    };
    if let (Some(single), Some(members)) = (single, schema.as_object_mut()) {
        take(members, "anyOf");
        take(members, "oneOf");
        members.extend(single);
    }
    schema
}

/// Component keys are `[A-Za-z0-9._-]+` (OpenAPI 3.1, Components Object).
fn component_name(name: &str) -> String {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    name.chars().map(|letter| if allowed(letter) { letter } else { '_' }).collect()
}

/// A definition and all that it refers to, as text.
fn meaning(definitions: &Map<String, Value>, name: &str) -> String {
    let mut reached = BTreeMap::new();
    let mut open = vec![name.to_owned()];
    while let Some(name) = open.pop() {
        let Some(definition) = definitions.get(&name) else { continue };
        if reached.insert(name, definition).is_none() {
            collect_references(definition, &mut open);
        }
    }
    json!(reached).to_string()
}

fn collect_references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            let target =
                members.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix("#/$defs/"));
            found.extend(target.map(str::to_owned));
            members.values().for_each(|member| collect_references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

fn rewritten(schema: Value, names: &BTreeMap<String, String>) -> Value {
    match schema {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.clone(), rewritten_member(&name, value, names)))
                .collect(),
        ),
        Value::Array(items) => items.into_iter().map(|item| rewritten(item, names)).collect(),
        other => other,
    }
}

fn rewritten_member(name: &str, value: Value, names: &BTreeMap<String, String>) -> Value {
    let target = value.as_str().filter(|_| name == "$ref").and_then(|text| text.strip_prefix("#/$defs/"));
    match target.and_then(|target| names.get(target)) {
        Some(placed) => Value::String(format!("{PREFIX}{placed}")),
        None => rewritten(value, names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_meaning_one_component_and_two_meanings_two() {
        let mut components = Components::default();
        let first = json!({ "title": "First", "$ref": "#/$defs/A", "$defs": { "A": { "type": "string" } } });
        assert_eq!(
            components.hoist(first.clone()),
            json!({ "title": "First", "$ref": "#/components/schemas/A" })
        );
        assert_eq!(components.hoist(first)["$ref"], "#/components/schemas/A");
        let other = json!({ "$ref": "#/$defs/A", "$defs": { "A": { "type": "integer" } } });
        assert_eq!(components.hoist(other)["$ref"], "#/components/schemas/A2");
        assert_eq!(components.all().keys().collect::<Vec<_>>(), ["A", "A2"]);
    }

    #[test]
    fn a_definition_differs_when_what_it_refers_to_differs() {
        let root = |inner: &str| {
            json!({ "$ref": "#/$defs/Outer", "$defs": {
                "Outer": { "items": { "$ref": "#/$defs/Inner" } }, "Inner": { "type": inner },
            } })
        };
        let mut components = Components::default();
        components.hoist(root("string"));
        assert_eq!(components.hoist(root("integer"))["$ref"], "#/components/schemas/Outer2");
        assert_eq!(components.all()["Outer2"]["items"]["$ref"], "#/components/schemas/Inner2");
    }

    #[test]
    fn a_root_is_the_component_of_its_title() {
        let mut components = Components::default();
        let nested = json!({ "$ref": "#/$defs/A", "$defs": { "A": { "type": "string" } } });
        components.hoist(nested);
        let root = json!({ "$schema": "s", "title": "A", "type": "string" });
        assert_eq!(components.reference(root), json!({ "$ref": "#/components/schemas/A" }));
        assert_eq!(components.all().len(), 1);
    }

    #[test]
    fn null_has_no_place_in_a_query() {
        let optional = json!({ "description": "d", "anyOf": [{ "$ref": "#/x" }, { "type": "null" }] });
        assert_eq!(without_null(&optional), json!({ "description": "d", "$ref": "#/x" }));
        assert_eq!(without_null(&json!({ "type": ["boolean", "null"] })), json!({ "type": "boolean" }));
    }
}
