//! The two tools that stand for all others in a toolset of disclosure `search`: one finds tools by words, the other
//! calls what was found. Their definitions are part of the contract with agents.

use std::sync::LazyLock;

use portcullis_schemas::integrations::toolsets::OfferedTool;
pub(super) use portcullis_schemas::integrations::toolsets::{CALL_TOOL as CALL, SEARCH_TOOLS as SEARCH};
use portcullis_schemas::json::RawJson;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

/// Arguments of [`CALL`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    /// The tool that was found.
    pub(super) name: String,
    /// Its arguments.
    #[serde(default)]
    pub(super) arguments: Map<String, Value>,
}

/// Arguments of [`SEARCH`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// In a few words.
    pub(super) query: String,
}

/// Both definitions, in the order of their names.
pub(super) fn definitions() -> Vec<Box<RawValue>> {
    static BOTH: LazyLock<Vec<Box<RawValue>>> = LazyLock::new(|| {
        [call(), search()].iter().filter_map(|definition| to_raw_value(definition).ok()).collect()
    });
    BOTH.clone()
}

/// What was found, as a result of [`SEARCH`] in the form that both eras share.
pub(super) fn found(tools: &[OfferedTool]) -> RawJson {
    let tools: Vec<&RawJson> = tools.iter().map(|tool| &tool.definition).collect();
    let text = serde_json::to_string(&tools).unwrap_or_default();
    let result = json!({ "content": [{ "type": "text", "text": text }] });
    RawJson::from(to_raw_value(&result).unwrap_or_default())
}

fn search() -> Value {
    json!({
        "name": SEARCH,
        "description": "Finds tools by what they do. Answers with the definitions of at most 10 tools, the best first, \
                        as a JSON array; call them with `call_tool`.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "query": { "type": "string", "description": "A few words: what the tool should do", "maxLength": 200 },
            },
            "required": ["query"],
            "additionalProperties": false,
        },
        "annotations": { "readOnlyHint": true },
    })
}

fn call() -> Value {
    json!({
        "name": CALL,
        "description": "Calls a tool that `search_tools` has found, with arguments that fit its inputSchema.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "name": { "type": "string", "description": "The tool's name" },
                "arguments": { "type": "object", "description": "Its arguments" },
            },
            "required": ["name"],
            "additionalProperties": false,
        },
    })
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::integrations::mcp::tool::ItemKind;
    use portcullis_schemas::integrations::toolsets::ExposedName;

    use super::*;

    /// A definition of a common size: three arguments, each with a sentence.
    fn tool(number: usize) -> OfferedTool {
        let argument = |what: &str| json!({ "type": "string", "description": format!("The {what} of the record to look at") });
        let name = format!("crm__get_record_{number:03}");
        let definition = json!({
            "name": name,
            "description": "Reads one record of the customer database and what has been said about it lately.",
            "inputSchema": {
                "type": "object",
                "properties": { "id": argument("id"), "kind": argument("kind"), "language": argument("language") },
                "required": ["id"],
            },
            "annotations": { "readOnlyHint": true },
        });
        OfferedTool {
            kind: ItemKind::Tool,
            name: ExposedName::new(&name).unwrap(),
            definition: RawJson::from_text(definition.to_string()).unwrap(),
        }
    }

    /// A token is about four bytes of such text.
    #[test]
    fn the_pair_and_a_search_cost_a_fraction_of_five_hundred_definitions() {
        let tools: Vec<_> = (0..500).map(tool).collect();
        let all: usize = tools.iter().map(|tool| tool.definition.as_str().len()).sum();
        let both: usize = definitions().iter().map(|definition| definition.get().len()).sum();
        let search = found(&tools[..10]).as_str().len();
        assert_eq!((all / 4, both / 4, search / 4), (57_250, 185, 1_292), "docs/connect.md names these");
    }

    #[test]
    fn the_definitions_are_a_contract() {
        let both: Vec<Value> =
            definitions().iter().map(|it| serde_json::from_str(it.get()).unwrap()).collect();
        insta::assert_json_snapshot!(both);
    }
}
