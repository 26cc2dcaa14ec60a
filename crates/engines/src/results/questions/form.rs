//! Forms that a person fills in: flat, of primitives and choices (specification 2026-07-28, elicitation, requested schema),
//! and none that asks for a secret: what is typed into one is read by the agent, and for secrets there are URLs.

use portcullis_mcp::members::Members;
use portcullis_schemas::integrations::mcp::invocation::Sanitised;
use serde_json::value::RawValue;

use super::super::retain;
use super::QuestionProblem::{self, Malformed, Refused};
use crate::words::sounds_secret;

const OF_A_SCHEMA: [&str; 4] = ["$schema", "type", "properties", "required"];
const OF_A_FIELD: [&str; 16] = [
    "type",
    "title",
    "description",
    "default",
    "minLength",
    "maxLength",
    "format",
    "minimum",
    "maximum",
    "enum",
    "enumNames",
    "oneOf",
    "items",
    "minItems",
    "maxItems",
    "writeOnly",
];
/// Members that say what can be chosen.
const LISTS: [&str; 4] = ["enum", "enumNames", "oneOf", "items"];
const FORMATS: [&str; 4] = ["email", "uri", "date", "date-time"];
const NO_FLAT_FORM: QuestionProblem =
    Refused("a form that is not flat: expected fields of strings, numbers, booleans and choices");
const SECRET: QuestionProblem = Refused("a form that asks for a secret, for which there are URLs");

/// The schema with what the specification names; `None` if it stays.
pub(super) fn judge(mut schema: Members, counts: &mut Sanitised) -> Result<Option<Members>, QuestionProblem> {
    if schema.value::<String>("type").as_deref() != Some("object") {
        return Err(Malformed("a form whose schema is not of an object"));
    }
    let mut fields: Members =
        schema.value("properties").ok_or(Malformed("a form whose schema has no properties"))?;
    let names: Vec<String> = fields.names().map(str::to_owned).collect();
    let mut is_changed = false;
    for name in names {
        let mut field: Members = fields.value(&name).ok_or(NO_FLAT_FORM)?;
        judge_field(&name, &field)?;
        if retain(&mut field, counts, |member| OF_A_FIELD.contains(&member)) {
            fields.put(&name, &field);
            is_changed = true;
        }
    }
    if is_changed {
        schema.put("properties", &fields);
    }
    is_changed |= retain(&mut schema, counts, |member| OF_A_SCHEMA.contains(&member));
    Ok(is_changed.then_some(schema))
}

/// A name or a title is what says what a person shall type; a description explains, and may well warn of secrets. Where
/// there is nothing to type, in a choice, nothing secret can be told.
fn judge_field(name: &str, field: &Members) -> Result<(), QuestionProblem> {
    let title = if field.has("title") { field.value::<String>("title") } else { Some(String::new()) };
    let title = title.ok_or(Malformed("a field whose title is no text"))?;
    let entry = Entry::of(field).ok_or(NO_FLAT_FORM)?;
    let is_secret = entry == Entry::Typed && (sounds_secret(name) || sounds_secret(&title));
    if is_secret || field.has("writeOnly") {
        return Err(SECRET);
    }
    if field.has("format") {
        let format = field.value::<String>("format").ok_or(NO_FLAT_FORM)?;
        if sounds_secret(&format) {
            return Err(SECRET);
        }
        if !FORMATS.contains(&format.as_str()) {
            return Err(Refused("a field of a format that the specification does not name"));
        }
    }
    Ok(())
}

/// How a field is filled in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    Typed,
    /// Out of what the field lists, so that nothing else can be told. A client may show by the type alone, hence no list
    /// where the specification has none, and no empty one.
    Chosen,
}

impl Entry {
    /// `None` if a field is neither.
    fn of(field: &Members) -> Option<Self> {
        let lists: Vec<&str> = LISTS.into_iter().filter(|list| field.has(list)).collect();
        match (field.value::<String>("type")?.as_str(), &lists[..]) {
            ("boolean", []) => Some(Self::Chosen),
            ("string" | "number" | "integer", []) => Some(Self::Typed),
            ("string", ["enum"]) if are_values(field) => Some(Self::Chosen),
            ("string", ["enum", "enumNames"]) if are_values(field) => {
                field.value::<Vec<String>>("enumNames").map(|_| Self::Chosen)
            }
            ("string", ["oneOf"]) if are_choices(field, "oneOf") => Some(Self::Chosen),
            ("array", ["items"]) => {
                let items = field.value::<Members>("items")?;
                let has_choices = items.names().eq(["anyOf"]) && are_choices(&items, "anyOf");
                let has_values = items.names().all(|name| ["type", "enum"].contains(&name))
                    && items.value::<String>("type").as_deref() == Some("string")
                    && are_values(&items);
                (has_choices || has_values).then_some(Self::Chosen)
            }
            _ => None,
        }
    }
}

/// Some texts to choose from.
fn are_values(field: &Members) -> bool {
    field.value::<Vec<String>>("enum").is_some_and(|values| !values.is_empty())
}

/// Constants with titles, and nothing else.
fn are_choices(field: &Members, member: &str) -> bool {
    let choices = field.value::<Vec<Members>>(member);
    choices.is_some_and(|choices| {
        !choices.is_empty()
            && choices.iter().all(|choice| {
                let text =
                    |name| choice.value::<Box<RawValue>>(name).is_some_and(|raw| raw.get().starts_with('"'));
                choice.names().all(|name| ["const", "title"].contains(&name)) && text("const")
            })
    })
}
