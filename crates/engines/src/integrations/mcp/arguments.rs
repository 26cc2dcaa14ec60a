//! Arguments of a call: their bounds, their fit to the tool's input schema, and what of them may be shown. What is no tool
//! has no schema of its own; [`forms`] makes one of its definition.
//!
//! Messages name places, rules and names that the schema itself holds; they never repeat a value of the arguments.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{PatternOptions, ValidationError, Validator};
use portcullis_schemas::Error;
use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::tool::{ItemKind, McpTool};
use portcullis_schemas::text::is_hidden;
use portcullis_trail::canonical_bytes;
use serde_json::{Map, Value};

use self::declared::Declared;
use super::definition::shown;
use crate::schema_bounds::{self, SchemaProblem};

mod declared;
mod forms;
#[cfg(test)]
mod tests;

/// Most bytes of arguments in canonical form.
pub const MAX_BYTES: usize = 256 * 1024;
/// Most bytes of a preview.
pub const MAX_PREVIEW: usize = 1024;
/// Most bytes of one compiled regular expression. The engine runs in linear time; it knows no look-around.
const MAX_REGEX: usize = 1024 * 1024;
/// Compiled schemas that are kept.
const CACHED_SCHEMAS: usize = 1024;
/// Violations named in one answer.
const NAMED_VIOLATIONS: usize = 5;
/// Most characters of a place in an answer.
const SHOWN_POINTER: usize = 200;

/// Arguments within their bounds, with the bytes that are hashed.
#[derive(Clone)]
pub struct PreparedArguments {
    value: Value,
    canonical: Vec<u8>,
}

/// Shows sizes only: arguments may hold what must not be logged.
impl std::fmt::Debug for PreparedArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PreparedArguments({} bytes)", self.canonical.len())
    }
}

impl PreparedArguments {
    /// Arguments as they came.
    ///
    /// # Errors
    /// `invalid_field` on `arguments` when they are deeper than 64 levels, larger than 256 KiB in canonical form
    /// (RFC 8785), or hold an integer that a 64-bit float does not keep.
    pub fn new(arguments: Map<String, Value>) -> Result<Self, Error> {
        let value = Value::Object(arguments);
        if !is_within(&value, schema_bounds::MAX_INSTANCE_DEPTH) {
            let expected = format!(
                "expected at most {} levels of arrays and objects",
                schema_bounds::MAX_INSTANCE_DEPTH
            );
            return Err(Error::invalid("arguments", expected));
        }
        let canonical = canonical_bytes(&value).map_err(|error| {
            Error::invalid("arguments", format!("{error}: give such a number as a string"))
        })?;
        if canonical.len() > MAX_BYTES {
            return Err(Error::invalid(
                "arguments",
                format!("expected at most {MAX_BYTES} bytes in canonical form"),
            ));
        }
        Ok(Self { value, canonical })
    }

    /// The canonical form, for keyed hashes.
    #[must_use]
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// Names in order and types, no values: `{"city":"string(6)","n":"number"}`. At most 1 KiB; a longer one ends in `…`.
    #[must_use]
    pub fn preview(&self) -> String {
        let Value::Object(members) = &self.value else { return "{}".to_owned() };
        let mut members: Vec<_> = members.iter().collect();
        members.sort_unstable_by_key(|(name, _)| *name);
        let mut preview = String::from("{");
        for (index, (name, value)) in members.into_iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let member = format!("{comma}{}:\"{}\"", Value::String(shown(name)), kind_of(value));
            if preview.len() + member.len() + "…}".len() > MAX_PREVIEW {
                preview.push('…');
                break;
            }
            preview.push_str(&member);
        }
        preview.push('}');
        preview
    }

    /// The arguments, to look at: an object.
    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// The arguments as they go upstream.
    pub(super) fn into_map(self) -> Map<String, Value> {
        match self.value {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

/// Why arguments cannot be judged as fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentProblem {
    /// They break the schema; where and which rule, in our words.
    Invalid(String),
    /// The schema itself cannot be used; why.
    SchemaUnusable(String),
}

/// Judges arguments by input schemas, and keeps what it compiled. One per process: a schema is the same for whoever
/// has it, so entries are shared between tenants by the definition's hash.
#[derive(Default)]
pub struct ArgumentJudge {
    allows_undeclared: bool,
    compiled: Mutex<HashMap<String, Arc<Compiled>>>,
}

type Compiled = Result<InputSchema, String>;

/// A compiled input schema.
pub(crate) struct InputSchema {
    validator: Validator,
    declared: Declared,
}

impl InputSchema {
    /// Whether arguments fit, declared ones and others.
    pub(crate) fn is_valid(&self, arguments: &Value) -> bool {
        self.validator.is_valid(arguments)
    }
}

impl std::fmt::Debug for ArgumentJudge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ArgumentJudge(..)")
    }
}

impl ArgumentJudge {
    /// One that has compiled nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that lets arguments through which schemas do not declare, where they do not forbid them.
    #[must_use]
    pub fn allowing_undeclared(self, allows_undeclared: bool) -> Self {
        Self { allows_undeclared, ..self }
    }

    /// Judges arguments of a method by the tool's live definition.
    ///
    /// # Errors
    /// [`ArgumentProblem`].
    pub fn judge(
        &self,
        tool: &McpTool,
        method: CallMethod,
        arguments: &PreparedArguments,
    ) -> Result<(), ArgumentProblem> {
        let compiled = self.compiled(tool, method);
        let InputSchema { validator, declared } =
            compiled.as_ref().as_ref().map_err(|why| ArgumentProblem::SchemaUnusable(why.clone()))?;
        if !self.allows_undeclared {
            declared.judge(&arguments.value).map_err(ArgumentProblem::Invalid)?;
        }
        if !validator.is_valid(&arguments.value) {
            let errors = validator.iter_errors(&arguments.value).take(NAMED_VIOLATIONS);
            let mut named: Vec<String> = errors.map(|error| describe(&error)).collect();
            named.sort_unstable();
            return Err(ArgumentProblem::Invalid(named.join("; ")));
        }
        forms::judge_uri(tool, method, &arguments.value)
    }

    /// Compiles outside of the lock; two callers may do it at once, and the later one's work is dropped.
    fn compiled(&self, tool: &McpTool, method: CallMethod) -> Arc<Compiled> {
        // One text may be the definition of a resource and of a prompt.
        let key = match tool.kind {
            ItemKind::Tool => Cow::Borrowed(&tool.definition_hash),
            kind => Cow::Owned(format!("{kind} {method} {}", tool.definition_hash)),
        };
        if let Some(found) = self.entries().get(key.as_ref()) {
            return Arc::clone(found);
        }
        let compiled = |schema: Value| compile(&schema).map_err(SchemaProblem::into_words);
        let fresh = Arc::new(forms::schema_of(tool, method).and_then(compiled));
        let mut entries = self.entries();
        if entries.len() >= CACHED_SCHEMAS {
            entries.clear();
        }
        Arc::clone(entries.entry(key.into_owned()).or_insert(fresh))
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Compiled>>> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Compiles an input schema: JSON Schema 2020-12 unless it names another known draft, nothing fetched, regular
/// expressions in linear time, `format` not asserted.
pub(crate) fn compile(schema: &Value) -> Result<InputSchema, SchemaProblem> {
    schema_bounds::judge(schema)?;
    let validator = jsonschema::options()
        .offline()
        .should_validate_formats(false)
        .with_pattern_options(PatternOptions::regex().size_limit(MAX_REGEX).dfa_size_limit(MAX_REGEX))
        .build(schema)
        .map_err(|error| SchemaProblem::Unusable(unusable(&error)))?;
    Ok(InputSchema { validator, declared: Declared::by(schema) })
}

fn unusable(error: &ValidationError<'_>) -> String {
    match error.kind() {
        ValidationErrorKind::Referencing(_) => {
            "its $schema or a $ref cannot be resolved within the document".to_owned()
        }
        ValidationErrorKind::Format { format } if format == "regex" => {
            format!("the regular expression at {} is not of a form that runs in linear time", place(error))
        }
        kind => format!("it is no valid JSON Schema: {} at {}", kind.keyword(), place(error)),
    }
}

/// Place and rule. Names come from the schema, which an admin has approved; values come from nowhere.
fn describe(error: &ValidationError<'_>) -> String {
    let place = place(error);
    match error.kind() {
        ValidationErrorKind::Required { property: Value::String(name) } => {
            format!("{place}: `{}` is missing", shown(name))
        }
        ValidationErrorKind::Type { kind: TypeKind::Single(expected) } => {
            format!("{place}: expected type {expected}")
        }
        ValidationErrorKind::AdditionalProperties { .. }
        | ValidationErrorKind::UnevaluatedProperties { .. } => {
            format!("{place}: holds a member that the schema does not allow")
        }
        kind => format!("{place}: breaks `{}`", kind.keyword()),
    }
}

fn place(error: &ValidationError<'_>) -> String {
    let pointer = error.instance_path().to_string();
    if pointer.is_empty() {
        return "(top level)".to_owned();
    }
    pointer
        .chars()
        .take(SHOWN_POINTER)
        .map(|character| if is_hidden(character) { '?' } else { character })
        .collect()
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "boolean".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(text) => format!("string({})", text.chars().count()),
        Value::Array(items) => format!("array({})", items.len()),
        Value::Object(members) => format!("object({})", members.len()),
    }
}

fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| is_within(item, levels - 1)),
        Value::Object(members) => levels > 0 && members.values().all(|member| is_within(member, levels - 1)),
        _ => true,
    }
}
