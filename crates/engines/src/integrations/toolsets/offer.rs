//! A tool as agents see it, and what their arguments become. Members that are not rewritten stay byte for byte.

use portcullis_mcp::members::{Members, folded};
use portcullis_schemas::integrations::toolsets::{OfferedTool, ToolsetTool};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::{Error, ErrorKind, codes};
use serde_json::{Map, Value};

#[cfg(test)]
mod tests;

/// In `_meta` of a definition whose description is not the server's.
const DESCRIBED_BY: &str = "portcullis/descriptionBy";

/// The definition that agents get: under the toolset's name, without what is fixed or hidden.
///
/// Without icons, which are addresses that a client might fetch, with whatever that tells the server; and without
/// members of `_meta` that speak for the gate, or of pages that it does not relay.
///
/// `None` when what must not be seen cannot be taken out: the definition is no object, has no such argument (any more),
/// or names it in another place than its properties.
#[must_use]
pub fn offered(entry: &ToolsetTool, definition: &RawJson) -> Option<OfferedTool> {
    let mut members = Members::of(definition.as_str())?;
    members.put("name", entry.name.as_str());
    members.retain(|name| name != "icons");
    if let Some(mut meta) = members.value::<Members>("_meta") {
        meta.retain(|name| !name.starts_with("portcullis/") && name != "ui");
        members.put("_meta", &meta);
    }
    if let Some(description) = &entry.description {
        members.put("description", description.as_str());
        let mut meta = members.value::<Members>("_meta").unwrap_or_default();
        meta.put(DESCRIBED_BY, "admin");
        members.put("_meta", &meta);
    }
    if unseen(entry).next().is_some() {
        members.put("inputSchema", &without_unseen(entry, members.value("inputSchema")?)?);
    }
    Some(OfferedTool { name: entry.name.clone(), definition: RawJson::from(members.to_raw()) })
}

/// The arguments that go upstream: the agent's and the fixed ones.
///
/// # Errors
/// `arguments_invalid` when the agent gives one that it cannot see, in whatever case: some servers read `Debug` as
/// `debug`.
pub fn call_arguments(
    entry: &ToolsetTool,
    mut given: Map<String, Value>,
) -> Result<Map<String, Value>, Error> {
    let hidden: Vec<String> = unseen(entry).map(folded).collect();
    if given.keys().any(|name| hidden.contains(&folded(name))) {
        return Err(unfit());
    }
    given.extend(entry.fixed_arguments.clone());
    Ok(given)
}

/// A failure of a call as its agent may read it: words about arguments must not name what the agent does not see.
#[must_use]
pub fn told(entry: &ToolsetTool, error: Error) -> Error {
    let names = |name: &str| error.public().contains(name);
    let speaks = error.code() == codes::ARGUMENTS_INVALID && unseen(entry).any(names);
    match error.reference().map(|(name, id)| (name, id.to_owned())) {
        _ if !speaks => error,
        Some((name, id)) => unfit().with_reference(name, id),
        None => unfit(),
    }
}

fn unfit() -> Error {
    let message = "expected arguments that fit the tool as it is listed here";
    Error::new(ErrorKind::Invalid, codes::ARGUMENTS_INVALID, message).with_field("arguments")
}

/// The names of arguments that agents do not see.
fn unseen(entry: &ToolsetTool) -> impl Iterator<Item = &str> {
    entry.fixed_arguments.keys().chain(&entry.hidden_arguments).map(String::as_str)
}

fn without_unseen(entry: &ToolsetTool, mut schema: Members) -> Option<Members> {
    let is_unseen = |name: &str| unseen(entry).any(|one| one == name);
    let mut properties: Members = schema.value("properties")?;
    if !unseen(entry).all(|name| properties.has(name)) {
        return None;
    }
    properties.retain(|name| !is_unseen(name));
    schema.put("properties", &properties);
    if let Some(mut required) = schema.value::<Vec<String>>("required") {
        required.retain(|name| !is_unseen(name));
        schema.put("required", &required);
    }
    let rest: Value = serde_json::from_str(schema.to_raw().get()).ok()?;
    (!speaks_of(&rest, &is_unseen)).then_some(schema)
}

/// The steps of a JSON pointer (RFC 6901).
fn steps(reference: &str) -> impl Iterator<Item = String> {
    reference.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"))
}

/// Whether a name of these stands anywhere: as a member, as a text, or as a step of a reference within the document.
fn speaks_of(value: &Value, is_unseen: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => {
            is_unseen(text) || (text.starts_with('#') && steps(text).any(|step| is_unseen(&step)))
        }
        Value::Array(items) => items.iter().any(|item| speaks_of(item, is_unseen)),
        Value::Object(members) => {
            members.iter().any(|(name, member)| is_unseen(name) || speaks_of(member, is_unseen))
        }
        _ => false,
    }
}
