//! A tool as agents see it, and what their arguments become. Members that are not rewritten stay byte for byte.

use portcullis_mcp::members::Members;
use portcullis_schemas::integrations::toolsets::{OfferedTool, ToolsetTool};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::{Error, ErrorKind, codes};
use serde_json::{Map, Value};

/// In `_meta` of a definition whose description is not the server's.
const DESCRIBED_BY: &str = "portcullis/descriptionBy";

/// The definition that agents get: under the toolset's name, without icons, without what is fixed or hidden.
///
/// Icons are addresses that a client might fetch, with whatever that tells the server.
///
/// `None` when the definition is no object; discovery admits none such.
#[must_use]
pub fn offered(entry: &ToolsetTool, definition: &RawJson) -> Option<OfferedTool> {
    let mut members = Members::of(definition.as_str())?;
    members.put("name", entry.name.as_str());
    members.retain(|name| name != "icons");
    if let Some(description) = &entry.description {
        members.put("description", description.as_str());
        let mut meta = members.value::<Members>("_meta").unwrap_or_default();
        meta.put(DESCRIBED_BY, "admin");
        members.put("_meta", &meta);
    }
    if hides_any(entry)
        && let Some(mut schema) = members.value::<Members>("inputSchema")
    {
        if let Some(mut properties) = schema.value::<Members>("properties") {
            properties.retain(|name| !hides(entry, name));
            schema.put("properties", &properties);
        }
        if let Some(mut required) = schema.value::<Vec<String>>("required") {
            required.retain(|name| !hides(entry, name));
            schema.put("required", &required);
        }
        members.put("inputSchema", &schema);
    }
    Some(OfferedTool { name: entry.name.clone(), definition: RawJson::from(members.to_raw()) })
}

/// The arguments that go upstream: the agent's and the fixed ones.
///
/// # Errors
/// `arguments_invalid` when the agent gives one that it cannot see.
pub fn call_arguments(
    entry: &ToolsetTool,
    mut given: Map<String, Value>,
) -> Result<Map<String, Value>, Error> {
    if given.keys().any(|name| hides(entry, name)) {
        let message = "expected only arguments that the tool lists here";
        return Err(Error::new(ErrorKind::Invalid, codes::ARGUMENTS_INVALID, message).with_field("arguments"));
    }
    given.extend(entry.fixed_arguments.clone());
    Ok(given)
}

fn hides_any(entry: &ToolsetTool) -> bool {
    !entry.fixed_arguments.is_empty() || !entry.hidden_arguments.is_empty()
}

fn hides(entry: &ToolsetTool, argument: &str) -> bool {
    entry.fixed_arguments.contains_key(argument)
        || entry.hidden_arguments.iter().any(|hidden| hidden == argument)
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::integrations::toolsets::ExposedToolName;
    use portcullis_schemas::text::Description;
    use serde_json::json;

    use super::*;

    fn entry() -> ToolsetTool {
        let id = |prefix: &str| format!("{prefix}01hzzzzzzzzzzzzzzzzzzzzzzz");
        ToolsetTool {
            name: ExposedToolName::new("find").unwrap(),
            server_id: id("mcp_").parse().unwrap(),
            tool_id: id("tool_").parse().unwrap(),
            description: None,
            fixed_arguments: Map::new(),
            hidden_arguments: Vec::new(),
        }
    }

    fn definition(text: &str) -> RawJson {
        RawJson::from_text(text.to_owned()).unwrap()
    }

    const TEXT: &str = r#"{"x":1.10,"name":"search","description":"by the server","icons":[{"src":"https://t.example/i"}],"inputSchema":{"type":"object","properties":{"q":{"maximum":123456789012345678901234567890},"region":{}},"required":["q","region"]}}"#;

    #[test]
    fn a_renamed_tool_keeps_the_rest_byte_for_byte() {
        let offered = offered(&entry(), &definition(TEXT)).unwrap();
        let expected = TEXT
            .replace("\"search\"", "\"find\"")
            .replace(",\"icons\":[{\"src\":\"https://t.example/i\"}]", "");
        assert_eq!(offered.definition.as_str(), expected);
    }

    #[test]
    fn what_is_fixed_or_hidden_is_not_seen() {
        let mut entry = entry();
        entry.fixed_arguments.insert("region".to_owned(), json!("eu"));
        entry.description = Some(Description::new("finds things in Europe").unwrap());
        let offered = offered(&entry, &definition(TEXT)).unwrap();
        let shown: Value = serde_json::from_str(offered.definition.as_str()).unwrap();
        assert_eq!(shown["inputSchema"]["required"], json!(["q"]));
        assert!(!offered.definition.as_str().contains("region"), "{shown}");
        assert!(offered.definition.as_str().contains("123456789012345678901234567890"));
        assert_eq!(shown["description"], "finds things in Europe");
        assert_eq!(shown["_meta"][DESCRIBED_BY], "admin");
    }

    #[test]
    fn agents_give_what_they_see_and_the_gate_adds_the_rest() {
        let mut entry = entry();
        entry.fixed_arguments.insert("region".to_owned(), json!("eu"));
        entry.hidden_arguments.push("debug".to_owned());
        let given = |value: Value| value.as_object().cloned().unwrap();
        let sent = call_arguments(&entry, given(json!({ "q": "x" }))).unwrap();
        assert_eq!(Value::Object(sent), json!({ "q": "x", "region": "eu" }));
        for hidden in ["region", "debug"] {
            let error = call_arguments(&entry, given(json!({ hidden: 1 }))).unwrap_err();
            assert_eq!(error.code(), codes::ARGUMENTS_INVALID);
            assert!(!error.public().contains(hidden), "{error}");
        }
    }
}
