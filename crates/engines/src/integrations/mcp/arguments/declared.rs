//! Which arguments a schema names. A schema that allows any further ones lets an agent be talked into sending what nobody
//! has approved, so what is not named is refused.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Most schemas that are looked at for one set of names; those of a schema that was admitted are fewer.
const MAX_SCHEMAS: usize = 10_000;

/// The arguments that may be given at all.
#[derive(Debug)]
pub(super) struct Declared {
    names: BTreeSet<String>,
    /// A pattern or a schema of its own says what further arguments may be: that was approved with it.
    others: bool,
}

impl Declared {
    /// What the root of an input schema and whatever applies beside it declare.
    pub(super) fn by(schema: &Value) -> Self {
        let mut declared = Self { names: BTreeSet::new(), others: false };
        let (mut left, mut open) = (MAX_SCHEMAS, vec![schema]);
        while let Some(next) = open.pop() {
            let Value::Object(members) = next else { continue };
            let Some(less) = left.checked_sub(1) else { break };
            left = less;
            declared.take(members);
            open.extend(beside(members));
            let references = ["$ref", "$dynamicRef"].iter().filter_map(|keyword| members.get(*keyword));
            open.extend(references.filter_map(Value::as_str).filter_map(|target| resolve(schema, target)));
        }
        declared
    }

    fn take(&mut self, members: &Map<String, Value>) {
        if let Some(Value::Object(properties)) = members.get("properties") {
            self.names.extend(properties.keys().cloned());
        }
        let says_something = |value: &Value| value.as_object().is_some_and(|members| !members.is_empty());
        self.others |= ["patternProperties", "additionalProperties", "unevaluatedProperties"]
            .iter()
            .filter_map(|keyword| members.get(*keyword))
            .any(says_something);
    }

    /// Refuses arguments that are not declared. Whether the declared ones fit is the schema's to say.
    ///
    /// # Errors
    /// In our words.
    pub(super) fn judge(&self, arguments: &Value) -> Result<(), String> {
        let Value::Object(given) = arguments else { return Ok(()) };
        if self.others {
            return Ok(());
        }
        // The name is the caller's, and so not repeated.
        if given.keys().all(|name| self.names.contains(name)) {
            Ok(())
        } else {
            Err("(top level): holds a member that the schema does not allow".to_owned())
        }
    }
}

/// Schemas that apply to the same arguments.
fn beside(members: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let single = ["if", "then", "else"].iter().filter_map(|keyword| members.get(*keyword));
    let lists = ["allOf", "anyOf", "oneOf"].iter().filter_map(|keyword| members.get(*keyword));
    let maps = ["dependentSchemas", "dependencies"].iter().filter_map(|keyword| members.get(*keyword));
    single
        .chain(lists.filter_map(Value::as_array).flatten())
        .chain(maps.filter_map(Value::as_object).flat_map(Map::values))
}

/// Only pointers: by anchors nothing is declared, and then the arguments are refused, not let through.
fn resolve<'s>(root: &'s Value, target: &str) -> Option<&'s Value> {
    root.pointer(target.strip_prefix('#')?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_named_is_refused() {
        let named = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
        let open = json!({ "type": "object", "properties": { "city": {} }, "additionalProperties": true });
        let empty = json!({ "type": "object" });
        let anything = json!({ "type": "object", "additionalProperties": {} });
        let typed = json!({ "type": "object", "additionalProperties": { "type": "string" } });
        let patterned = json!({ "type": "object", "patternProperties": { "^x-": { "type": "string" } } });
        let apart = json!({
            "type": "object", "$ref": "#/$defs/a", "anyOf": [{ "properties": { "b": {} } }],
            "$defs": { "a": { "properties": { "a": {} } }, "c": { "properties": { "c": {} } } },
        });
        for (schema, arguments, fits) in [
            (&named, json!({ "city": "Bern" }), true),
            (&named, json!({ "city": "Bern", "debug": true }), false),
            (&open, json!({ "city": "Bern", "debug": true }), false),
            (&empty, json!({}), true),
            (&empty, json!({ "a": 1 }), false),
            (&anything, json!({ "a": 1 }), false),
            (&typed, json!({ "a": "1" }), true),
            (&patterned, json!({ "x-a": "1" }), true),
            (&apart, json!({ "a": 1, "b": 2 }), true),
            (&apart, json!({ "c": 1 }), false),
        ] {
            assert_eq!(Declared::by(schema).judge(&arguments).is_ok(), fits, "{schema} {arguments}");
        }
    }
}
