//! What an input schema may cost, judged before it is compiled (MCP 2026-07-28: bound depth, subschemas and time;
//! dereference nothing outside of the document).
//!
//! Counting subschemas is not enough: 26 `$defs` that each apply the one before twice make 2^26 applications. So the
//! applications that one place of the arguments can meet, with everything above it, are counted with references
//! expanded, down to the depth that arguments may have.

use std::collections::HashMap;

use serde_json::{Map, Value};

#[cfg(test)]
pub(crate) mod tests;

/// Most subschemas of one input schema.
pub(crate) const MAX_SUBSCHEMAS: usize = 500;
/// Deepest nesting of subschemas.
pub(crate) const MAX_DEPTH: usize = 32;
/// Most applications of subschemas on the way to any one place of the arguments.
pub(crate) const MAX_APPLICATIONS: u64 = 10_000;
/// Most bytes of one regular expression.
pub(crate) const MAX_PATTERN: usize = 1024;
/// Most regular expressions of one input schema: each may take [`arguments`](crate::integrations::mcp::arguments) a mebibyte when compiled.
pub(crate) const MAX_PATTERNS: usize = 64;
/// Deepest nesting of arguments.
pub(crate) const MAX_INSTANCE_DEPTH: usize = 64;

/// Subschemas of one name each, for the same place.
const IN_PLACE: [&str; 4] = ["not", "if", "then", "else"];
/// Lists of subschemas, for the same place.
const IN_PLACE_LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Subschemas for what lies one level below. `items` and `dependencies` may hold lists in older drafts.
const BELOW: [&str; 8] = [
    "items",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "contentSchema",
];
/// Maps from names to subschemas.
const MAPS: [&str; 6] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"];
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// Why a schema is not compiled, in our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SchemaProblem {
    /// It reaches out of its document, or cannot be used for another reason.
    Unusable(String),
    /// Judging by it would cost too much.
    TooCostly(String),
}

impl SchemaProblem {
    /// The words alone.
    pub(crate) fn into_words(self) -> String {
        match self {
            Self::Unusable(why) | Self::TooCostly(why) => why,
        }
    }
}

/// Judges a schema.
///
/// # Errors
/// The bound that it breaks and where it lies.
pub(crate) fn judge(schema: &Value) -> Result<(), SchemaProblem> {
    // What is foreign is said first: a reference that leads out costs nothing to judge, and is never a mistake.
    let mut shape = Shape::default();
    shape.visit(schema, 0)?;
    bound_cost(schema, &shape).map_err(SchemaProblem::TooCostly)
}

fn bound_cost(schema: &Value, shape: &Shape<'_>) -> Result<(), String> {
    if patterns(schema) > MAX_PATTERNS {
        return Err(format!("more than {MAX_PATTERNS} regular expressions"));
    }
    let mut cost = Cost { root: schema, anchors: &shape.anchors, known: HashMap::new(), open: Vec::new() };
    let applications = cost.of(schema, MAX_INSTANCE_DEPTH)?;
    if applications > MAX_APPLICATIONS {
        return Err(format!("one place of the arguments could meet more than {MAX_APPLICATIONS} subschemas"));
    }
    Ok(())
}

#[derive(Default)]
struct Shape<'s> {
    subschemas: usize,
    anchors: HashMap<&'s str, &'s Value>,
}

impl<'s> Shape<'s> {
    fn visit(&mut self, schema: &'s Value, depth: usize) -> Result<(), SchemaProblem> {
        let Value::Object(members) = schema else { return Ok(()) };
        self.subschemas += 1;
        if self.subschemas > MAX_SUBSCHEMAS {
            return Err(SchemaProblem::TooCostly(format!("more than {MAX_SUBSCHEMAS} subschemas")));
        }
        if depth > MAX_DEPTH {
            let why = format!("subschemas nested more than {MAX_DEPTH} levels");
            return Err(SchemaProblem::TooCostly(why));
        }
        refuse_foreign(members, depth)?;
        for keyword in ["$anchor", "$dynamicAnchor"] {
            if let Some(name) = members.get(keyword).and_then(Value::as_str) {
                self.anchors.insert(name, schema);
            }
        }
        subschemas(members).try_for_each(|child| self.visit(child, depth + 1))
    }
}

/// No reference out of the document, no resource of its own within it (it would change what `#` means), and no
/// pattern that is large before it is compiled.
fn refuse_foreign(members: &Map<String, Value>, depth: usize) -> Result<(), SchemaProblem> {
    for keyword in REFERENCES {
        match members.get(keyword) {
            None => {}
            Some(Value::String(target)) if target.starts_with('#') => {}
            Some(_) => {
                let why = format!("{keyword}: expected a reference within the schema, starting with `#`");
                return Err(SchemaProblem::Unusable(why));
            }
        }
    }
    if depth > 0
        && (members.get("$id").is_some_and(Value::is_string)
            || members.get("id").is_some_and(Value::is_string))
    {
        return Err(SchemaProblem::Unusable("$id: expected none below the root".to_owned()));
    }
    let own = members.get("pattern").and_then(Value::as_str).into_iter();
    let named = members.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    if own.chain(named.map(String::as_str)).any(|pattern| pattern.len() > MAX_PATTERN) {
        let why = format!("a regular expression is longer than {MAX_PATTERN} bytes");
        return Err(SchemaProblem::TooCostly(why));
    }
    Ok(())
}

/// Regular expressions anywhere in the document: a reference may lead to places that no keyword names.
fn patterns(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(patterns).sum(),
        Value::Object(members) => {
            let own = usize::from(members.get("pattern").is_some_and(Value::is_string));
            let named = members.get("patternProperties").and_then(Value::as_object).map_or(0, Map::len);
            own + named + members.values().map(patterns).sum::<usize>()
        }
        _ => 0,
    }
}

/// All subschemas directly below, whatever they apply to.
fn subschemas(members: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let single = IN_PLACE.iter().chain(&BELOW).filter_map(|keyword| members.get(*keyword));
    let lists =
        IN_PLACE_LISTS.iter().chain(&["prefixItems", "items"]).filter_map(|keyword| members.get(*keyword));
    let maps = MAPS.iter().filter_map(|keyword| members.get(*keyword)).filter_map(Value::as_object);
    single.chain(lists.filter_map(Value::as_array).flatten()).chain(maps.flat_map(Map::values))
}

struct Cost<'s> {
    root: &'s Value,
    anchors: &'s HashMap<&'s str, &'s Value>,
    /// By the schema's address and the depth that is left.
    known: HashMap<(*const Value, usize), u64>,
    /// Schemas being applied to the place that is looked at; one that comes again would never end.
    open: Vec<(*const Value, usize)>,
}

impl<'s> Cost<'s> {
    /// Applications of `schema` and below it, along the worst path of an instance that is `left` levels deep.
    fn of(&mut self, schema: &'s Value, left: usize) -> Result<u64, String> {
        let Value::Object(members) = schema else { return Ok(1) };
        let key = (std::ptr::from_ref(schema), left);
        if let Some(cost) = self.known.get(&key) {
            return Ok(*cost);
        }
        if self.open.contains(&key) {
            return Err("$ref: a subschema refers to itself without going deeper".to_owned());
        }
        if self.open.len() > MAX_SUBSCHEMAS {
            return Err(format!("references chained more than {MAX_SUBSCHEMAS} times"));
        }
        self.open.push(key);
        let mut cost = 1u64;
        for child in in_place(members) {
            cost = cost.saturating_add(self.of(child, left)?);
        }
        for target in REFERENCES.iter().filter_map(|keyword| members.get(*keyword)).filter_map(Value::as_str)
        {
            cost = cost.saturating_add(self.of(self.resolve(target)?, left)?);
        }
        if let Some(left) = left.checked_sub(1) {
            cost =
                cost.saturating_add(self.below_object(members, left)?.max(self.below_array(members, left)?));
        }
        self.open.pop();
        self.known.insert(key, cost);
        Ok(cost)
    }

    /// One member meets its own property schema or the additional one, and every pattern besides.
    fn below_object(&mut self, members: &'s Map<String, Value>, left: usize) -> Result<u64, String> {
        let properties =
            members.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::values);
        let rest = ["additionalProperties", "unevaluatedProperties"]
            .iter()
            .filter_map(|keyword| members.get(*keyword));
        let worst = self.worst(properties.chain(rest), left)?;
        let patterns =
            members.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::values);
        self.sum(patterns.chain(members.get("propertyNames")), left).map(|sum| sum.saturating_add(worst))
    }

    fn below_array(&mut self, members: &'s Map<String, Value>, left: usize) -> Result<u64, String> {
        let listed = ["prefixItems", "items"].iter().filter_map(|keyword| members.get(*keyword));
        let each = listed.filter_map(Value::as_array).flatten();
        let rest = ["items", "additionalItems", "unevaluatedItems"]
            .iter()
            .filter_map(|keyword| members.get(*keyword));
        let worst = self.worst(each.chain(rest), left)?;
        self.sum(members.get("contains").into_iter(), left).map(|sum| sum.saturating_add(worst))
    }

    fn worst(&mut self, mut schemas: impl Iterator<Item = &'s Value>, left: usize) -> Result<u64, String> {
        schemas.try_fold(0, |worst, schema| self.of(schema, left).map(|cost| cost.max(worst)))
    }

    fn sum(&mut self, mut schemas: impl Iterator<Item = &'s Value>, left: usize) -> Result<u64, String> {
        schemas.try_fold(0u64, |sum, schema| self.of(schema, left).map(|cost| sum.saturating_add(cost)))
    }

    fn resolve(&self, target: &str) -> Result<&'s Value, String> {
        let fragment = target.strip_prefix('#').unwrap_or(target);
        let found = if fragment.is_empty() || fragment.starts_with('/') {
            self.root.pointer(&fragment.replace("%25", "%"))
        } else {
            self.anchors.get(fragment).copied()
        };
        found.ok_or_else(|| "$ref: there is nothing at its target".to_owned())
    }
}

fn in_place(members: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let single = IN_PLACE.iter().filter_map(|keyword| members.get(*keyword));
    let lists = IN_PLACE_LISTS
        .iter()
        .filter_map(|keyword| members.get(*keyword))
        .filter_map(Value::as_array)
        .flatten();
    let maps = ["dependentSchemas", "dependencies"].iter().filter_map(|keyword| members.get(*keyword));
    single.chain(lists).chain(maps.filter_map(Value::as_object).flat_map(Map::values))
}
