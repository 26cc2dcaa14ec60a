//! The form of arguments for each kind of item and each method, as a JSON Schema.

use portcullis_schemas::integrations::mcp::invocation::CallMethod;
use portcullis_schemas::integrations::mcp::tool::{ItemKind, McpTool};
use serde_json::{Map, Value, json};

use super::ArgumentProblem;
use crate::integrations::mcp::definition::items::prompt_arguments;
use portcullis_mcp::uri_template::UriTemplate;

/// The schema that arguments must fit.
///
/// # Errors
/// Why the definition has none: it is broken, or the item has no such method.
pub(super) fn schema_of(tool: &McpTool, method: CallMethod) -> Result<Value, String> {
    let definition: Value = serde_json::from_str(tool.definition.as_str())
        .map_err(|_| "the definition is not JSON".to_owned())?;
    match (tool.kind, method) {
        (ItemKind::Tool, CallMethod::CallTool) => {
            let schema = definition.get("inputSchema").cloned();
            schema.ok_or_else(|| "the definition has no inputSchema".to_owned())
        }
        (ItemKind::Prompt, CallMethod::GetPrompt) => {
            let arguments = arguments_of(&definition)?;
            let required: Vec<_> = arguments.iter().filter(|one| one.required).map(|one| &one.name).collect();
            let mut schema = texts(arguments.iter().map(|one| one.name.as_str()));
            schema["required"] = json!(required);
            Ok(schema)
        }
        (ItemKind::Resource, CallMethod::ReadResource) => Ok(texts([])),
        (ItemKind::ResourceTemplate, CallMethod::ReadResource) => {
            let mut schema = texts(["uri"]);
            schema["required"] = json!(["uri"]);
            Ok(schema)
        }
        (ItemKind::Prompt, CallMethod::Complete) => {
            let names: Vec<_> = arguments_of(&definition)?.into_iter().map(|one| one.name).collect();
            Ok(completion(&names))
        }
        (ItemKind::ResourceTemplate, CallMethod::Complete) => {
            let names: Vec<_> = template_of(tool)?.variables().map(str::to_owned).collect();
            Ok(completion(&names))
        }
        (kind, method) => Err(format!("a {kind} has no `{method}`")),
    }
}

/// Whether the URI that is to be read is of the template's form, which a JSON Schema cannot say.
///
/// # Errors
/// [`ArgumentProblem`].
pub(super) fn judge_uri(
    tool: &McpTool,
    method: CallMethod,
    arguments: &Value,
) -> Result<(), ArgumentProblem> {
    if (tool.kind, method) != (ItemKind::ResourceTemplate, CallMethod::ReadResource) {
        return Ok(());
    }
    let template = template_of(tool).map_err(ArgumentProblem::SchemaUnusable)?;
    let uri = arguments.get("uri").and_then(Value::as_str).unwrap_or_default();
    if template.matches(uri) {
        Ok(())
    } else {
        Err(ArgumentProblem::Invalid("/uri: is not of the form of the resource template".to_owned()))
    }
}

fn template_of(tool: &McpTool) -> Result<UriTemplate, String> {
    UriTemplate::parse(&tool.name).map_err(|why| format!("its URI template: {why}"))
}

fn arguments_of(
    definition: &Value,
) -> Result<Vec<crate::integrations::mcp::definition::items::PromptArgument>, String> {
    let members = definition.as_object().ok_or_else(|| "the definition is no object".to_owned())?;
    prompt_arguments(members).map_err(|problem| problem.detail)
}

/// An object of these texts and no others.
fn texts<'n>(names: impl IntoIterator<Item = &'n str>) -> Value {
    let properties: Map<String, Value> =
        names.into_iter().map(|name| (name.to_owned(), json!({ "type": "string" }))).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// An argument that is being written, and those that are there already.
fn completion(names: &[String]) -> Value {
    json!({
        "type": "object",
        "properties": {
            "argument": {
                "type": "object",
                "properties": { "name": { "enum": names }, "value": { "type": "string" } },
                "required": ["name", "value"],
                "additionalProperties": false,
            },
            "arguments": texts(names.iter().map(String::as_str)),
        },
        "required": ["argument"],
        "additionalProperties": false,
    })
}
