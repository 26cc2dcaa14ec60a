//! One tool of a selection, or what else it names: its name in the toolset, and what agents do not see of it.

use std::collections::BTreeSet;

use portcullis_schemas::Error;
use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::{ItemKind, McpTool};
use portcullis_schemas::integrations::toolsets::operations::ToolSelection;
use portcullis_schemas::integrations::toolsets::{ExposedName, ExposedToolName, ToolsetTool};
use portcullis_trail::canonical_bytes;
use serde_json::{Map, Value};

use super::offer::offered;
use crate::integrations::approvals::shown_arguments;
use crate::integrations::mcp::arguments::compile;

/// Between the server's part of a name and the tool's. No slug has two of its sign in a row.
const SEPARATOR: &str = "__";
/// Most arguments that are hidden.
const MAX_HIDDEN: usize = 64;
/// Most bytes of fixed arguments in canonical form.
const MAX_FIXED_BYTES: usize = 16 * 1024;
/// Most characters of an argument's name.
const MAX_NAME: usize = 128;

/// What the `index`-th selection of a request makes of this tool.
///
/// # Errors
/// `invalid_field` on the member of `tools[index]` that cannot be.
pub fn select(
    index: usize,
    selection: ToolSelection,
    server: &McpServer,
    tool: &McpTool,
) -> Result<ToolsetTool, Error> {
    let refused = |member: &str, expected: &str| Error::invalid(format!("tools[{index}].{member}"), expected);
    let name = exposed_name(selection.name, server, tool).map_err(|expected| refused("name", expected))?;
    let fixed = canonical_bytes(&Value::Object(selection.fixed_arguments.clone()))
        .map_err(|_| refused("fixed_arguments", "a number does not keep its value: give it as a string"))?;
    if fixed.len() > MAX_FIXED_BYTES {
        return Err(refused("fixed_arguments", "expected at most 16 KiB in canonical form"));
    }
    let hidden: BTreeSet<String> = selection.hidden_arguments.into_iter().collect();
    if hidden.len() > MAX_HIDDEN || hidden.iter().any(|name| name.chars().count() > MAX_NAME) {
        return Err(refused("hidden_arguments", "expected at most 64 names of at most 128 characters"));
    }
    let is_plain = fixed.as_slice() == b"{}" && hidden.is_empty();
    if tool.kind != ItemKind::Tool && !is_plain {
        let member = if hidden.is_empty() { "fixed_arguments" } else { "hidden_arguments" };
        return Err(refused(member, "only arguments of tools can be fixed or hidden: leave it out"));
    }
    let entry = ToolsetTool {
        kind: tool.kind,
        name,
        server_id: server.server_id.clone(),
        tool_id: tool.tool_id.clone(),
        description: selection.description,
        fixed_arguments: selection.fixed_arguments,
        hidden_arguments: hidden.into_iter().collect(),
    };
    if tool.kind != ItemKind::Tool {
        return Ok(entry);
    }
    if offered(&entry, &tool.definition).is_none() {
        let expected = "expected names that stand in the properties of the tool's input schema, and nowhere else in it: \
                        what is to be hidden could be read elsewhere, or is not there";
        return Err(refused("hidden_arguments", expected));
    }
    let schema = Schema::of(tool);
    let is_required = |name: &String| schema.required.contains(name);
    if entry
        .hidden_arguments
        .iter()
        .any(|name| is_required(name) && !entry.fixed_arguments.contains_key(name))
    {
        let expected = "the tool requires one of them, so no call could be made: fix it, or show it";
        return Err(refused("hidden_arguments", expected));
    }
    if !entry.fixed_arguments.is_empty() && !schema.admits(&entry.fixed_arguments) {
        return Err(refused("fixed_arguments", "expected values that fit the tool's input schema"));
    }
    if let Some(name) = first_secret(&entry, tool) {
        let expected = format!(
            "expected no value that the tool's schema marks as secret, or may mark, as `{name}`: whoever may read the toolset \
             would see it, so give the server a credential instead"
        );
        return Err(refused("fixed_arguments", &expected));
    }
    Ok(entry)
}

/// A fixed value that even a person who decides on a call would not be shown, or not whole: by the same rule, so rather one too
/// many than one too few.
fn first_secret<'a>(entry: &'a ToolsetTool, tool: &McpTool) -> Option<&'a str> {
    let fixed = &entry.fixed_arguments;
    let shown = shown_arguments(tool.kind, &tool.definition, &Value::Object(fixed.clone()));
    fixed.iter().find(|(name, value)| shown.get(name) != Some(value)).map(|(name, _)| &**name)
}

/// The name that agents see. URIs are what agents know resources by from elsewhere, so they stay.
fn exposed_name(
    wanted: Option<ExposedToolName>,
    server: &McpServer,
    tool: &McpTool,
) -> Result<ExposedName, &'static str> {
    let has_uri = matches!(tool.kind, ItemKind::Resource | ItemKind::ResourceTemplate);
    match wanted {
        Some(_) if has_uri => Err("a resource keeps its URI, and a template its URI template: give no name"),
        Some(name) => Ok(name.into()),
        None if has_uri => {
            ExposedName::uri(&tool.name).map_err(|_| "its URI is none that this version accepts")
        }
        None => ExposedToolName::new(&joined(server.name.as_str(), &tool.name))
            .map(ExposedName::from)
            .map_err(|_| "the server's and the tool's names are too long together: give a name"),
    }
}

/// `GitHub (EU)` and `get_issue` make `github-eu__get_issue`.
fn joined(server: &str, tool: &str) -> String {
    let mut slug = String::new();
    for character in server.chars() {
        match character {
            letter if letter.is_ascii_alphanumeric() => slug.push(letter.to_ascii_lowercase()),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    let slug = slug.trim_end_matches('-');
    let slug = if slug.is_empty() { "server" } else { slug };
    format!("{slug}{SEPARATOR}{tool}")
}

/// What a tool's input schema says of its arguments.
struct Schema {
    whole: Value,
    required: Vec<String>,
}

impl Schema {
    fn of(tool: &McpTool) -> Self {
        let definition = serde_json::from_str(tool.definition.as_str()).unwrap_or(Value::Null);
        let whole = definition.get("inputSchema").cloned().unwrap_or(Value::Null);
        let names = whole["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Self { required: names.map(str::to_owned).collect(), whole }
    }

    /// Whether these arguments fit as far as they go: others come with each call.
    fn admits(&self, some: &Map<String, Value>) -> bool {
        let mut schema = self.whole.clone();
        if let Some(members) = schema.as_object_mut() {
            members.remove("required");
        }
        compile(&schema).is_ok_and(|validator| validator.is_valid(&Value::Object(some.clone())))
    }
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::json::RawJson;
    use portcullis_testkit::fixtures;
    use portcullis_testkit::ids::SequentialIds;
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_joined_from_slugs() {
        let table = [
            ("GitHub (EU)", "get_issue", "github-eu__get_issue"),
            ("weather", "get.forecast", "weather__get.forecast"),
            ("a__b", "c", "a-b__c"),
            ("漢字", "x", "server__x"),
            ("- a -", "x", "a__x"),
        ];
        for (server, tool, expected) in table {
            assert_eq!(joined(server, tool), expected);
        }
    }

    #[test]
    fn no_secret_is_fixed() {
        let ids = SequentialIds::new();
        let tenant = fixtures::tenant(1);
        let server = fixtures::server(&ids, &tenant, "pay", 0);
        let schema = json!({
            "type": "object",
            "properties": {
                "pin": { "type": "string", "writeOnly": true },
                "sum": { "type": "integer" },
                "card": { "properties": { "code": { "format": "password" } } },
                "note": { "$ref": "#text" },
            },
            // A reference that is not followed: what it leads to may be marked.
            "$defs": { "text": { "$anchor": "text", "type": "string" } },
        });
        let definition = json!({ "name": "pay", "inputSchema": schema });
        let tool = McpTool {
            definition: RawJson::from_text(definition.to_string()).unwrap(),
            ..fixtures::tool(&ids, &server, "pay")
        };
        let fixed = |fixed: Value| {
            let selection = ToolSelection {
                server_id: server.server_id.clone(),
                tool_id: tool.tool_id.clone(),
                name: None,
                description: None,
                fixed_arguments: fixed.as_object().unwrap().clone(),
                hidden_arguments: Vec::new(),
            };
            select(2, selection, &server, &tool)
        };
        for (arguments, secret) in [
            (json!({ "sum": 1 }), None),
            (json!({ "sum": 1, "card": {} }), None),
            (json!({ "sum": 1, "pin": "1234" }), Some("`pin`")),
            (json!({ "card": { "code": "1234" } }), Some("`card`")),
            (json!({ "note": "1234" }), Some("`note`")),
        ] {
            let error = fixed(arguments.clone()).err();
            let said = error.as_ref().map(|error| (error.field(), error.public()));
            assert_eq!(said.is_some(), secret.is_some(), "{arguments}: {said:?}");
            let Some((field, said)) = said else { continue };
            assert_eq!(field, Some("tools[2].fixed_arguments"));
            assert!(said.contains(secret.unwrap()) && !said.contains("1234"), "{said}");
        }
    }

    #[test]
    fn resources_keep_their_uris_and_only_tools_have_arguments_to_fix() {
        let ids = SequentialIds::new();
        let tenant = fixtures::tenant(1);
        let server = fixtures::server(&ids, &tenant, "files", 0);
        let selection = |name: Option<&str>, fixed: Value| ToolSelection {
            server_id: server.server_id.clone(),
            tool_id: fixtures::tool(&ids, &server, "t").tool_id,
            name: name.map(|name| ExposedToolName::new(name).unwrap()),
            description: None,
            fixed_arguments: fixed.as_object().unwrap().clone(),
            hidden_arguments: Vec::new(),
        };
        let table = [
            (ItemKind::Prompt, "greet", None, json!({}), Some("files__greet")),
            (ItemKind::Prompt, "greet", Some("hello"), json!({}), Some("hello")),
            (ItemKind::Prompt, "greet", None, json!({ "who": "you" }), None),
            (ItemKind::Resource, "x:1", None, json!({}), Some("x:1")),
            (ItemKind::Resource, "x:1", Some("one"), json!({}), None),
            (ItemKind::ResourceTemplate, "x:{id}", None, json!({}), Some("x:{id}")),
            (ItemKind::ResourceTemplate, "x:{id}", None, json!({ "id": 1 }), None),
        ];
        for (kind, name, wanted, fixed, expected) in table {
            let tool = McpTool { kind, ..fixtures::tool(&ids, &server, name) };
            let selected = select(0, selection(wanted, fixed.clone()), &server, &tool);
            let found = selected.as_ref().ok().map(|entry| entry.name.as_str());
            assert_eq!(found, expected, "{name} {wanted:?} {fixed}: {selected:?}");
        }
    }
}
