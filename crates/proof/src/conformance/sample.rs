//! Arguments that fit a simple schema.

use serde_json::{Map, Value, json};

/// A value for each required property, by its declared type.
pub(super) fn arguments(schema: &Value) -> Map<String, Value> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    required.map(|name| (name.to_owned(), value(&schema["properties"][name]))).collect()
}

fn value(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("integer" | "number") => json!(7),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => Value::Object(arguments(schema)),
        _ => json!("text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_gets_a_value_of_its_type() {
        let schema = json!({
            "type": "object",
            "properties": {
                "a": { "type": "number" },
                "b": { "type": "object", "properties": { "c": { "enum": ["x", "y"] } }, "required": ["c"] },
                "d": { "type": "string" },
            },
            "required": ["a", "b"],
        });
        assert_eq!(Value::Object(arguments(&schema)), json!({ "a": 7, "b": { "c": "x" } }));
        assert_eq!(arguments(&json!({ "type": "object" })), Map::new());
    }
}
