//! What is particular to definitions of prompts, resources and templates.

use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::toolsets::ExposedName;
use serde_json::{Map, Value};

use super::Problem;
use portcullis_mcp::uri_template::UriTemplate;

/// Most arguments of a prompt.
const MAX_ARGUMENTS: usize = 64;
/// Most characters of an argument's name.
const MAX_NAME: usize = 128;

/// An argument of a prompt. Its value is a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::integrations::mcp) struct PromptArgument {
    pub(in crate::integrations::mcp) name: String,
    pub(in crate::integrations::mcp) required: bool,
}

/// The arguments that a prompt's definition declares.
///
/// # Errors
/// `arguments` when they are not of the specification's form.
pub(in crate::integrations::mcp) fn prompt_arguments(
    definition: &Map<String, Value>,
) -> Result<Vec<PromptArgument>, Problem> {
    let declared = match definition.get("arguments") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(declared)) if declared.len() <= MAX_ARGUMENTS => declared,
        Some(_) => return Err(Problem::new("arguments", "arguments: expected an array of at most 64")),
    };
    let mut arguments: Vec<PromptArgument> = Vec::with_capacity(declared.len());
    for (index, argument) in declared.iter().enumerate() {
        let refused =
            |expected: &str| Problem::new("arguments", format!("arguments[{index}]: expected {expected}"));
        let name = argument.get("name").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() || name.chars().count() > MAX_NAME {
            return Err(refused("a name of 1 to 128 characters"));
        }
        if arguments.iter().any(|known| known.name == name) {
            return Err(refused("a name that no other argument has"));
        }
        let required = match argument.get("required") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(required)) => *required,
            Some(_) => return Err(refused("`required` to be true or false")),
        };
        arguments.push(PromptArgument { name: name.to_owned(), required });
    }
    Ok(arguments)
}

/// Judges the URI of a resource, or the URI template of a template.
///
/// # Errors
/// `uri`: it is not the listed one, no URI, or a template that is not read here.
pub(super) fn judge_uri(
    kind: ItemKind,
    listed: &str,
    definition: &Map<String, Value>,
) -> Result<(), Problem> {
    let is_template = kind == ItemKind::ResourceTemplate;
    let member = if is_template { "uriTemplate" } else { "uri" };
    if definition.get(member).and_then(Value::as_str) != Some(listed) {
        return Err(Problem::new("uri", format!("{member}: not the listed one")));
    }
    let refused = |why: &str| Problem::new("uri", format!("{member}: {why}"));
    ExposedName::uri(listed).map_err(|error| refused(&error.to_string()))?;
    if is_template {
        UriTemplate::parse(listed).map_err(refused)?;
    }
    Ok(())
}
