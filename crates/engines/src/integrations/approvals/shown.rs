//! What the person who decides sees of the arguments: all of them, but for what the tool's schema marks as secret.
//!
//! A schema marks a value by `writeOnly: true` or `format: "password"` (OpenAPI and JSON Schema 2020-12, section 9.4).
//! Schemas branch and refer, so which part of one speaks of a value is not always known, and keywords differ by dialect.
//! Therefore a mark within a property, under whatever keyword, hides every member of the property's name, at any depth; a
//! mark on other names than those that are declared beside it hides all others; and one that stands on no name, or on a
//! pattern of names, everything: too much rather than too little.

use std::collections::BTreeSet;

use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::json::RawJson;
use serde_json::{Map, Value};

/// Stands in place of a value.
pub const REDACTED: &str = "[secret by the tool's schema]";

/// Deeper than schemas are admitted.
const MAX_DEPTH: usize = 64;
const OF_PATTERNS: &str = "patternProperties";
/// Keywords of the schema of whatever is not declared.
const OF_OTHERS: [&str; 2] = ["additionalProperties", "unevaluatedProperties"];
/// Keywords whose members are schemas, by names that are no keywords.
const OF_MANY: [&str; 5] = [OF_PATTERNS, "$defs", "definitions", "dependentSchemas", "dependencies"];

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
    secrets.hides_all |= secrets.is_secret(&schema, &OF_OTHERS, MAX_DEPTH, &mut Vec::new());
    if secrets.hides_all { REDACTED.into() } else { secrets.redact(arguments) }
}

struct Secrets<'s> {
    root: &'s Value,
    /// Names that a `properties` gives to a secret.
    names: BTreeSet<&'s str>,
    /// The names beside which all others are marked, once for each schema that marks others.
    but_for: Vec<BTreeSet<&'s str>>,
    /// Whether values are marked whose names are not told.
    hides_all: bool,
}

impl<'s> Secrets<'s> {
    fn of(root: &'s Value) -> Self {
        Self { root, names: BTreeSet::new(), but_for: Vec::new(), hides_all: false }
    }

    /// Every mark on a name, wherever the schema has it. What is within a marked property is hidden with it.
    fn collect(&mut self, schema: &'s Value, left: usize) {
        if left == 0 {
            self.hides_all = true;
            return;
        }
        match schema {
            Value::Object(members) => {
                for (keyword, part) in members {
                    self.collect_keyword(members, keyword, part, left - 1);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(item, left - 1)),
            _ => {}
        }
    }

    fn collect_keyword(
        &mut self,
        beside: &'s Map<String, Value>,
        keyword: &str,
        part: &'s Value,
        left: usize,
    ) {
        match (keyword, part) {
            ("properties", Value::Object(properties)) => self.collect_named(properties, left),
            (OF_PATTERNS, Value::Object(patterns))
                if patterns.values().any(|schema| self.hides_value(schema)) =>
            {
                self.hides_all = true;
            }
            (keyword, _) if OF_OTHERS.contains(&keyword) && self.hides_value(part) => {
                let declared = beside.get("properties").and_then(Value::as_object);
                self.but_for.push(declared.into_iter().flatten().map(|(name, _)| name.as_str()).collect());
            }
            (keyword, Value::Object(schemas)) if OF_MANY.contains(&keyword) => {
                schemas.values().for_each(|schema| self.collect(schema, left));
            }
            (_, part) => self.collect(part, left),
        }
    }

    fn collect_named(&mut self, properties: &'s Map<String, Value>, left: usize) {
        for (name, schema) in properties {
            if self.hides_value(schema) {
                self.names.insert(name);
            } else {
                self.collect(schema, left);
            }
        }
    }

    /// Whether a value of this schema, or anything in it that has no name, is marked.
    fn hides_value(&self, schema: &'s Value) -> bool {
        self.is_secret(schema, &[], MAX_DEPTH, &mut Vec::new())
    }

    /// The same, where `but` are keywords that are not looked into. What lies too deep may be marked. `followed` are the
    /// references that led here: a schema that holds itself is no more secret for that.
    fn is_secret(&self, schema: &'s Value, but: &[&str], left: usize, followed: &mut Vec<&'s str>) -> bool {
        let Some(left) = left.checked_sub(1) else { return true };
        match schema {
            Value::Object(members) => {
                is_marked(members)
                    || members.iter().any(|(keyword, part)| match (keyword.as_str(), part) {
                        // Names are looked at one by one, and definitions where they are referred to.
                        ("properties" | "$defs" | "definitions", _) => false,
                        (keyword, _) if but.contains(&keyword) => false,
                        ("$ref" | "$dynamicRef", _) => self.refers_to_secret(part, but, left, followed),
                        (keyword, Value::Object(schemas)) if OF_MANY.contains(&keyword) => {
                            schemas.values().any(|schema| self.is_secret(schema, but, left, followed))
                        }
                        _ => self.is_secret(part, but, left, followed),
                    })
            }
            Value::Array(items) => items.iter().any(|item| self.is_secret(item, but, left, followed)),
            _ => false,
        }
    }

    /// A reference that cannot be followed may mean anything.
    fn refers_to_secret(
        &self,
        reference: &'s Value,
        but: &[&str],
        left: usize,
        followed: &mut Vec<&'s str>,
    ) -> bool {
        let Some(pointer) = reference.as_str().and_then(|text| text.strip_prefix('#')) else { return true };
        let Some(schema) = self.root.pointer(pointer) else { return true };
        if followed.contains(&pointer) {
            return false;
        }
        followed.push(pointer);
        self.is_secret(schema, but, left, followed)
    }

    fn redact(&self, value: &Value) -> Value {
        match value {
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
        self.names.contains(name) || self.but_for.iter().any(|declared| !declared.contains(name))
    }
}

fn is_marked(schema: &Map<String, Value>) -> bool {
    schema.get("writeOnly") == Some(&Value::Bool(true))
        || schema.get("format").and_then(Value::as_str) == Some("password")
}
