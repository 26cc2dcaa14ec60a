//! One schema as it is meant: references followed, annotations apart.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::place::Place;

/// The schema that takes all.
pub(super) static ANY: Value = Value::Bool(true);

static NO_KEYWORDS: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// A reference chain longer than this goes round in circles.
const MOST_HOPS: usize = 32;

/// A schema that is no constant.
#[derive(Debug, Clone)]
pub(super) struct Open<'a> {
    /// As it is written: it may be a reference.
    pub(super) written: &'a Value,
    /// What it means.
    pub(super) value: &'a Value,
    /// JSON types that it takes, `null` apart; empty for all.
    pub(super) kinds: BTreeSet<&'a str>,
    /// The definition that it is, by its name in `$defs`.
    pub(super) definition: Option<&'a str>,
    /// Where it stands.
    pub(super) pointer: String,
}

impl<'a> Open<'a> {
    /// The schema that `schema` is or refers to.
    pub(super) fn resolved(root: &'a Value, schema: &'a Value, place: &Place) -> Self {
        let (value, target) = follow(root, schema);
        let definition = target.and_then(|pointer| pointer.rsplit('/').next());
        let pointer = target.unwrap_or(&place.pointer).to_owned();
        let kinds = match value.get("type") {
            Some(Value::String(kind)) => BTreeSet::from([kind.as_str()]),
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => BTreeSet::new(),
        };
        Self { written: schema, value, kinds, definition, pointer }
    }

    /// Its keywords; `true` has none.
    pub(super) fn keywords(&self) -> &'a Map<String, Value> {
        self.value.as_object().unwrap_or_else(|| &*NO_KEYWORDS)
    }

    pub(super) fn kinds_shown(&self) -> String {
        match self.kinds.is_empty() {
            true => "any".to_owned(),
            false => self.kinds.iter().copied().collect::<Vec<_>>().join(" or "),
        }
    }

    pub(super) fn takes_kinds_of(&self, other: &Self) -> bool {
        let takes =
            |kind: &&str| self.kinds.contains(kind) || (*kind == "integer" && self.kinds.contains("number"));
        self.kinds.is_empty() || (!other.kinds.is_empty() && other.kinds.iter().all(takes))
    }

    /// Whether `constant` is one of its values. `None`: it is of the right type, and other keywords decide.
    pub(super) fn takes(&self, constant: &Value) -> Option<bool> {
        let kind = match constant {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let one = Self { kinds: BTreeSet::from([kind]), ..self.clone() };
        if !self.takes_kinds_of(&one) {
            return Some(false);
        }
        only(self.keywords(), &["type"]).then_some(true)
    }
}

/// Keywords that say something about a schema and refuse nothing.
pub(super) fn is_annotation(keyword: &str) -> bool {
    let known = [
        "$schema",
        "$comment",
        "title",
        "description",
        "examples",
        "default",
        "deprecated",
        "readOnly",
        "writeOnly",
    ];
    known.contains(&keyword)
}

/// Whether there is nothing but `keywords`, annotations and definitions.
pub(super) fn only(schema: &Map<String, Value>, keywords: &[&str]) -> bool {
    let known = |keyword: &str| {
        keywords.contains(&keyword) || is_annotation(keyword) || ["$defs", "definitions"].contains(&keyword)
    };
    schema.keys().all(|keyword| known(keyword))
}

/// The forms of a schema that is nothing but a choice, and whether `anyOf` or `oneOf` offers them.
pub(super) fn choice(schema: &Value) -> Option<(&'static str, &[Value])> {
    let keywords = schema.as_object()?;
    let keyword = ["anyOf", "oneOf"].into_iter().find(|keyword| keywords.contains_key(*keyword))?;
    let forms = keywords.get(keyword)?.as_array()?;
    only(keywords, &[keyword]).then_some((keyword, forms.as_slice()))
}

/// The definition that a `$ref` names, and its JSON pointer. None for one outside of the document.
pub(super) fn target<'a>(root: &'a Value, reference: Option<&'a Value>) -> Option<(&'a Value, &'a str)> {
    let pointer = reference?.as_str()?.strip_prefix('#')?;
    Some((root.pointer(pointer)?, pointer))
}

/// What a schema without a `default` of its own takes from what it refers to.
pub(super) fn default<'a>(root: &'a Value, schema: &'a Value) -> Option<&'a Value> {
    schema.get("default").or_else(|| follow(root, schema).0.get("default"))
}

/// Follows references that stand alone, and an `allOf` of one. With the pointer of the last definition.
fn follow<'a>(root: &'a Value, schema: &'a Value) -> (&'a Value, Option<&'a str>) {
    let (mut at, mut pointer) = (schema, None);
    for _ in 0..MOST_HOPS {
        let Some(keywords) = at.as_object() else { break };
        if only(keywords, &["$ref"])
            && let Some((next, there)) = target(root, keywords.get("$ref"))
        {
            (at, pointer) = (next, Some(there));
        } else if only(keywords, &["allOf"])
            && let Some([one]) = keywords.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
        {
            at = one;
        } else {
            break;
        }
    }
    (at, pointer)
}
