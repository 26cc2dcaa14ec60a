//! Schemas in a few words, and sample values of them.

use serde_json::{Map, Value, json};

use crate::schema::{Components, alternatives, name_of};

/// What a value is, for people; `link` names the type that has a section of its own.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) text: String,
    pub(super) link: String,
}

/// Says what a schema admits.
pub(super) fn kind(components: &Components, schema: &Value) -> Kind {
    if let Some(name) = name_of(schema)
        && components.resolve(schema)["properties"].is_object()
    {
        return Kind { text: name.to_owned(), link: name.to_owned() };
    }
    let schema = components.resolve(schema);
    if let Some(choices) = alternatives(schema) {
        return choice(components, &choices);
    }
    let text = match type_of(schema) {
        Some("string") => text_kind(schema),
        Some("integer") => number_kind(schema),
        Some("array") => return list_kind(components, schema),
        Some(other) => other.to_owned(),
        None => "any JSON".to_owned(),
    };
    Kind { text, ..Kind::default() }
}

fn choice(components: &Components, choices: &[&Value]) -> Kind {
    if let [only] = choices {
        return kind(components, only);
    }
    let values: Vec<_> = choices.iter().filter_map(|one| one["const"].as_str()).collect();
    let text = if values.len() == choices.len() {
        values.join(" | ")
    } else {
        choices.iter().map(|one| variant(components, one)).collect::<Vec<_>>().join(" | ")
    };
    Kind { text, ..Kind::default() }
}

/// A variant of a tagged enum is shown as its sample; anything else as its kind.
fn variant(components: &Components, schema: &Value) -> String {
    match schema["properties"].is_object() {
        true => sample(components, "", schema).to_string(),
        false => kind(components, schema).text,
    }
}

fn text_kind(schema: &Value) -> String {
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ");
    }
    let what = if schema["writeOnly"] == true { "secret" } else { "string" };
    let bound = |name: &str| schema[name].as_u64();
    match (schema["format"].as_str(), schema["pattern"].as_str(), bound("minLength"), bound("maxLength")) {
        (Some("date-time"), ..) => "time, RFC 3339".to_owned(),
        (_, Some(pattern), ..) => format!("string like {pattern}"),
        (_, _, Some(least), Some(most)) if least == most => format!("{what}, {most} characters"),
        (_, _, Some(least), Some(most)) => format!("{what}, {least} to {most} characters"),
        _ => what.to_owned(),
    }
}

fn number_kind(schema: &Value) -> String {
    match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
        (Some(least), Some(most)) => format!("integer, {least} to {most}"),
        (Some(least), None) => format!("integer, at least {least}"),
        _ => "integer".to_owned(),
    }
}

fn list_kind(components: &Components, schema: &Value) -> Kind {
    let of = kind(components, &schema["items"]);
    let most = schema["maxItems"].as_u64().map(|most| format!(", at most {most}")).unwrap_or_default();
    Kind { text: format!("list of {}{most}", of.text), link: of.link }
}

/// A value that stands for one of this schema; `<name>` where the reader must fill in.
pub(super) fn sample(components: &Components, name: &str, schema: &Value) -> Value {
    let schema = components.resolve(schema);
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    if let Some(first) = alternatives(schema).and_then(|choices| choices.first().copied()) {
        return sample(components, name, first);
    }
    match type_of(schema) {
        Some("string") => json!(format!("<{name}>")),
        Some("integer") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("array") if name == "scopes" => json!([sample(components, name, &schema["items"])]),
        Some("array") => json!([]),
        _ => Value::Object(required_of(components, schema)),
    }
}

fn required_of(components: &Components, schema: &Value) -> Map<String, Value> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    required.map(|name| (name.to_owned(), sample(components, name, &schema["properties"][name]))).collect()
}

/// The type, looking past `null`.
fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(one) => Some(one),
        Value::Array(several) => several.iter().filter_map(Value::as_str).find(|one| *one != "null"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_in_words() {
        let table = [
            (json!({ "type": "string", "minLength": 1, "maxLength": 128 }), "string, 1 to 128 characters"),
            (json!({ "type": "string", "format": "date-time" }), "time, RFC 3339"),
            (json!({ "type": ["integer", "null"], "minimum": 1, "maximum": 100 }), "integer, 1 to 100"),
            (json!({ "oneOf": [{ "const": "low" }, { "const": "high" }] }), "low | high"),
            (json!({ "anyOf": [{ "type": "boolean" }, { "type": "null" }] }), "boolean"),
            (
                json!({ "type": "array", "items": { "type": "boolean" }, "maxItems": 3 }),
                "list of boolean, at most 3",
            ),
            (json!(true), "any JSON"),
        ];
        for (schema, expected) in table {
            assert_eq!(kind(&Components::default(), &schema).text, expected, "{schema}");
        }
    }

    #[test]
    fn samples_hold_what_is_required() {
        let schema = json!({
            "type": "object",
            "required": ["kind", "reason"],
            "properties": { "kind": { "const": "tenant" }, "reason": { "type": "string" }, "more": { "type": "string" } },
        });
        let expected = json!({ "kind": "tenant", "reason": "<reason>" });
        assert_eq!(sample(&Components::default(), "target", &schema), expected);
    }
}
