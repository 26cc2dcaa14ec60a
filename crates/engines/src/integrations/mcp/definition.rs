//! Whether one definition of a `tools/list` answer, or of another list, may be admitted, and what its pin is.
//!
//! The pin covers the whole raw definition, so every part of it is judged: a name, an enum value or an output schema
//! reaches an agent's context as well as a description does.

use portcullis_mcp::headers::{ParamHeader, declared_params};
use portcullis_schemas::integrations::mcp::tool::{ItemKind, ToolAnnotations};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::text::is_hidden;
use portcullis_trail::canonical_hash;
use portcullis_trail::strict::{self, Limits};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::arguments;
use crate::schema_bounds::SchemaProblem;
use crate::words::sounds_secret;

pub(super) mod items;
#[cfg(test)]
mod tests;

/// Most bytes of one definition.
pub const MAX_BYTES: usize = 64 * 1024;
/// Most characters of a tool's name.
pub const MAX_NAME: usize = 128;
/// Where tools of several servers are listed together it joins the server's name and the tool's, so that a tool whose own
/// name holds it could pass for another server's.
const SEPARATOR: &str = "__";
/// Begins a comment of HTML: a text that a page does not show.
const COMMENT: &str = "<!--";
/// Most hidden characters named in one problem.
const NAMED_CHARACTERS: usize = 8;

/// A definition that may be shown to an admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// `description`, else `title`, else `annotations.title`. Untrusted.
    pub description: Option<String>,
    /// SHA-256 of the whole definition in canonical form (RFC 8785), 64 hex digits.
    pub hash: String,
    /// Behaviour hints.
    pub annotations: ToolAnnotations,
    /// Whether it has an argument mirrored into a header that sounds like a secret: what stands in a header is seen by
    /// every machine on the way.
    pub mirrors_secret: bool,
}

/// Why a definition is refused, in our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `too_large`, `json`, `name`, `hidden_characters`, `annotations`, `schema`, `schema_cost`, `header`, `arguments`,
    /// `uri`, `unreadable`, `unlisted`, `duplicate_name` or `too_many`.
    pub rule: &'static str,
    /// What was found and what was expected. No text of the definition but names in it, escaped.
    pub detail: String,
}

impl Problem {
    pub(super) fn new(rule: &'static str, detail: impl Into<String>) -> Self {
        Self { rule, detail: detail.into() }
    }
}

/// Judges a definition that was listed under `name`: of a resource its URI, of a template its URI template.
///
/// # Errors
/// The first rule that it breaks.
pub fn judge(kind: ItemKind, name: &str, definition: &RawJson) -> Result<Admitted, Problem> {
    let text = definition.as_str();
    if text.len() > MAX_BYTES {
        return Err(Problem::new("too_large", format!("{} bytes, expected at most {MAX_BYTES}", text.len())));
    }
    let value = strict::parse(text.as_bytes(), Limits::default())
        .map_err(|error| Problem::new("json", error.to_string()))?;
    let Value::Object(members) = &value else { return Err(Problem::new("json", "expected an object")) };
    let mut mirrors_secret = false;
    let annotations = match kind {
        ItemKind::Tool => {
            judge_name(name, members)?;
            refuse_hidden(&value)?;
            let annotations = read_annotations(members)?;
            judge_input_schema(members)?;
            let mirrored = judge_headers(text)?;
            mirrors_secret = mirrored.iter().flat_map(|param| &param.path).any(|name| sounds_secret(name));
            annotations
        }
        ItemKind::Prompt => {
            judge_name(name, members)?;
            refuse_hidden(&value)?;
            items::prompt_arguments(members)?;
            ToolAnnotations::default()
        }
        other => {
            refuse_hidden(&value)?;
            items::judge_uri(other, name, members)?;
            ToolAnnotations::default()
        }
    };
    let hash = canonical_hash(&value).map_err(|error| Problem::new("json", error.to_string()))?;
    let description = read_description(members);
    Ok(Admitted { description, hash: hash.to_string(), annotations, mirrors_secret })
}

/// MCP allows 1 to 128 of `A-Za-z0-9_.-`; anything else could forge another name in a log, a header or a prompt.
pub(super) fn is_plain_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(plain)
}

fn judge_name(listed: &str, members: &Map<String, Value>) -> Result<(), Problem> {
    if members.get("name").and_then(Value::as_str) != Some(listed) {
        return Err(Problem::new("name", "the definition's name is not the listed one"));
    }
    if !is_plain_name(listed) {
        return Err(Problem::new("name", "expected 1 to 128 of A-Z, a-z, 0-9, `_`, `.`, `-`"));
    }
    if listed.contains(SEPARATOR) {
        let detail = "`__` stands between a server's name and a tool's where both are shown: no tool's own name holds it";
        return Err(Problem::new("name", detail));
    }
    Ok(())
}

fn judge_input_schema(members: &Map<String, Value>) -> Result<(), Problem> {
    let Some(Value::Object(schema)) = members.get("inputSchema") else {
        return Err(Problem::new("schema", "inputSchema: expected an object"));
    };
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err(Problem::new("schema", "inputSchema.type: expected \"object\""));
    }
    arguments::compile(&Value::Object(schema.clone())).map(|_| ()).map_err(|problem| match problem {
        SchemaProblem::Unusable(why) => Problem::new("schema", format!("inputSchema: {why}")),
        SchemaProblem::TooCostly(why) => Problem::new("schema_cost", format!("inputSchema: {why}")),
    })
}

/// The specification has a client drop a tool whose `x-mcp-header` annotations break its rules.
fn judge_headers(text: &str) -> Result<Vec<ParamHeader>, Problem> {
    #[derive(Deserialize)]
    struct View<'a> {
        #[serde(borrow, rename = "inputSchema")]
        input_schema: &'a RawValue,
    }
    let view: View<'_> =
        serde_json::from_str(text).map_err(|_| Problem::new("schema", "inputSchema: expected an object"))?;
    match declared_params(view.input_schema) {
        Ok(declared) => Ok(declared),
        Err(violations) => {
            let first = violations
                .first()
                .map(|violation| format!("{}, at inputSchema{}", violation.rule, violation.pointer));
            Err(Problem::new("header", first.unwrap_or_default()))
        }
    }
}

fn read_description(members: &Map<String, Value>) -> Option<String> {
    let titled = members.get("annotations").and_then(|annotations| annotations.get("title"));
    [members.get("description"), members.get("title"), titled]
        .into_iter()
        .find_map(|text| text.and_then(Value::as_str))
        .map(str::to_owned)
}

fn read_annotations(members: &Map<String, Value>) -> Result<ToolAnnotations, Problem> {
    let hints = match members.get("annotations") {
        None | Some(Value::Null) => return Ok(ToolAnnotations::default()),
        Some(Value::Object(hints)) => hints,
        Some(_) => return Err(Problem::new("annotations", "annotations: expected an object")),
    };
    let hint = |name: &str| match hints.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(Problem::new("annotations", format!("annotations.{name}: expected true or false"))),
    };
    Ok(ToolAnnotations {
        read_only: hint("readOnlyHint")?,
        destructive: hint("destructiveHint")?,
        idempotent: hint("idempotentHint")?,
        open_world: hint("openWorldHint")?,
    })
}

/// Line feeds and tabs are ordinary in descriptions, so string values may hold them; member names may not.
fn refuse_hidden(value: &Value) -> Result<(), Problem> {
    let mut found = Hidden::default();
    find_hidden(value, &mut String::new(), &mut found);
    if found.count == 0 {
        return Ok(());
    }
    let mut detail = found.named.join("; ");
    let more = found.count - found.named.len();
    if more > 0 {
        detail.push_str(&format!("; and {more} more"));
    }
    Err(Problem::new("hidden_characters", detail))
}

/// What was found. Only the first few are kept with their places: a place can be long, and a definition can hold tens
/// of thousands of such characters.
#[derive(Default)]
struct Hidden {
    named: Vec<String>,
    count: usize,
}

impl Hidden {
    fn report(&mut self, hidden: impl Iterator<Item = char>, pointer: &str) {
        let place = if pointer.is_empty() { "the top level" } else { pointer };
        for character in hidden {
            self.count += 1;
            if self.named.len() < NAMED_CHARACTERS {
                self.named.push(format!("U+{:04X} at {place}", u32::from(character)));
            }
        }
    }

    fn comment(&mut self, text: &str, pointer: &str) {
        if text.contains(COMMENT) {
            self.count += 1;
            if self.named.len() < NAMED_CHARACTERS {
                self.named.push(format!("a comment of HTML at {pointer}"));
            }
        }
    }
}

/// In a definition also what only a font gives a meaning to.
fn is_unseen(character: char) -> bool {
    // Unicode: private use.
    let is_private =
        matches!(u32::from(character), 0xE000..=0xF8FF | 0xF0000..=0xFFFFD | 0x100000..=0x10FFFD);
    is_hidden(character) || is_private
}

fn find_hidden(value: &Value, pointer: &mut String, found: &mut Hidden) {
    match value {
        Value::String(text) => {
            found.report(text.chars().filter(|c| is_unseen(*c) && !matches!(c, '\n' | '\t')), pointer);
            found.comment(text, pointer);
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                descend(&index.to_string(), item, pointer, found);
            }
        }
        Value::Object(members) => {
            // In the order of names, so that the answer does not depend on how the map is kept.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            for (name, member) in members {
                found.report(name.chars().filter(|c| is_unseen(*c)), pointer);
                found.comment(name, pointer);
                descend(&shown(name), member, pointer, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn descend(step: &str, value: &Value, pointer: &mut String, found: &mut Hidden) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(step);
    find_hidden(value, pointer, found);
    pointer.truncate(length);
}

/// A member name for a pointer (RFC 6901 escapes), with hidden characters shown as `?`, at most 64 characters.
pub(super) fn shown(name: &str) -> String {
    let visible = name.chars().take(64).map(|character| if is_hidden(character) { '?' } else { character });
    visible.collect::<String>().replace('~', "~0").replace('/', "~1")
}
