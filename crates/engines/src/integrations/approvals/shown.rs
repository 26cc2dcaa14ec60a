//! What the person who decides sees of the arguments: all of them, but for what the tool's schema marks as secret.
//!
//! A schema marks a value by `writeOnly: true` or `format: "password"` (OpenAPI and JSON Schema 2020-12, section 9.4).
//! Schemas branch and refer, so which part of one speaks of a value is not always known. Therefore a name that is marked
//! anywhere hides every member of that name, at any depth; a mark on names that are not declared hides all such, and one
//! on a pattern of names everything: too much rather than too little.

use std::collections::BTreeSet;

use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::json::RawJson;
use serde_json::{Map, Value};

/// Stands in place of a value.
pub const REDACTED: &str = "[secret by the tool's schema]";

/// Deeper than schemas are admitted.
const MAX_DEPTH: usize = 64;

/// The arguments to show. A tool's definition that cannot be read hides all values; prompts and resources have no schema
/// that could mark any, so that all of theirs are shown.
#[must_use]
pub fn shown_arguments(kind: ItemKind, definition: &RawJson, arguments: &Value) -> Value {
    if kind != ItemKind::Tool {
        return arguments.clone();
    }
    let parsed = serde_json::from_str::<Value>(definition.as_str());
    let Some(schema) = parsed.ok().and_then(|definition| definition.get("inputSchema").cloned()) else {
        return REDACTED.into();
    };
    let mut secrets = Secrets::of(&schema);
    secrets.collect(&schema, MAX_DEPTH);
    secrets.redact(arguments)
}

struct Secrets<'s> {
    root: &'s Value,
    /// Names that a `properties` gives to a secret.
    names: BTreeSet<&'s str>,
    /// Names that a `properties` gives to anything.
    declared: BTreeSet<&'s str>,
    /// Whether members of other names are marked.
    hides_undeclared: bool,
    /// Whether members are marked whose names are not told.
    hides_all: bool,
}

impl<'s> Secrets<'s> {
    fn of(root: &'s Value) -> Self {
        let (names, declared) = (BTreeSet::new(), BTreeSet::new());
        Self { root, names, declared, hides_undeclared: false, hides_all: false }
    }

    /// Every mark, wherever the schema has it. What is within a marked property is hidden with it.
    fn collect(&mut self, schema: &'s Value, left: usize) {
        if left == 0 {
            return;
        }
        match schema {
            Value::Object(members) => {
                for (keyword, part) in members {
                    match (keyword.as_str(), part) {
                        ("properties", Value::Object(properties)) => self.collect_named(properties, left - 1),
                        _ => {
                            self.collect_unnamed(keyword, part);
                            self.collect(part, left - 1);
                        }
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(item, left - 1)),
            _ => {}
        }
    }

    fn collect_named(&mut self, properties: &'s Map<String, Value>, left: usize) {
        for (name, schema) in properties {
            self.declared.insert(name);
            if self.is_secret(schema, MAX_DEPTH, &mut Vec::new()) {
                self.names.insert(name);
            } else {
                self.collect(schema, left);
            }
        }
    }

    fn collect_unnamed(&mut self, keyword: &str, part: &'s Value) {
        match (keyword, part) {
            ("additionalProperties" | "unevaluatedProperties", schema) => {
                self.hides_undeclared |= self.is_secret(schema, MAX_DEPTH, &mut Vec::new());
            }
            ("patternProperties", Value::Object(patterns)) => {
                let is_secret = |schema| self.is_secret(schema, MAX_DEPTH, &mut Vec::new());
                self.hides_all |= patterns.values().any(is_secret);
            }
            _ => {}
        }
    }

    /// Whether a value of this schema, or an element of it that has no name, is marked. What lies too deep may be.
    /// `followed` are the references that led here: a schema that holds itself is no more secret for that.
    fn is_secret(&self, schema: &'s Value, left: usize, followed: &mut Vec<&'s str>) -> bool {
        let Value::Object(members) = schema else { return false };
        let marked = members.get("writeOnly") == Some(&Value::Bool(true))
            || members.get("format").and_then(Value::as_str) == Some("password");
        if marked || left == 0 {
            return true;
        }
        members.iter().any(|(keyword, part)| match keyword.as_str() {
            "$ref" | "$dynamicRef" => self.refers_to_secret(part, left - 1, followed),
            "items"
            | "additionalProperties"
            | "contains"
            | "unevaluatedItems"
            | "unevaluatedProperties"
            | "if"
            | "then"
            | "else" => self.is_secret(part, left - 1, followed),
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => part
                .as_array()
                .is_some_and(|parts| parts.iter().any(|part| self.is_secret(part, left - 1, followed))),
            "patternProperties" | "dependentSchemas" => part
                .as_object()
                .is_some_and(|parts| parts.values().any(|part| self.is_secret(part, left - 1, followed))),
            _ => false,
        })
    }

    /// A reference that cannot be followed may mean anything.
    fn refers_to_secret(&self, reference: &'s Value, left: usize, followed: &mut Vec<&'s str>) -> bool {
        let Some(pointer) = reference.as_str().and_then(|text| text.strip_prefix('#')) else { return true };
        let Some(schema) = self.root.pointer(pointer) else { return true };
        if followed.contains(&pointer) {
            return false;
        }
        followed.push(pointer);
        self.is_secret(schema, left, followed)
    }

    fn redact(&self, value: &Value) -> Value {
        match value {
            Value::Object(_) if self.hides_all => REDACTED.into(),
            Value::Object(members) => {
                let shown = members.iter().map(|(name, value)| match self.hides(name) {
                    true => (name.clone(), REDACTED.into()),
                    false => (name.clone(), self.redact(value)),
                });
                Value::Object(shown.collect())
            }
            Value::Array(items) => Value::Array(items.iter().map(|item| self.redact(item)).collect()),
            other => other.clone(),
        }
    }

    fn hides(&self, name: &str) -> bool {
        self.names.contains(name) || (self.hides_undeclared && !self.declared.contains(name))
    }
}
