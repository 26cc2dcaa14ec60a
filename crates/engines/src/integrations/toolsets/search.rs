//! Finding tools by words: how well a definition answers a query. Deterministic, and without a model.

use std::collections::BTreeSet;

use portcullis_mcp::members::Members;
use portcullis_schemas::integrations::toolsets::OfferedTool;

/// Most tools of an answer.
pub const MOST_FOUND: usize = 10;

/// What a word of the query is worth by where it stands.
const IN_NAME: u32 = 8;
const IN_ARGUMENT: u32 = 3;
const IN_DESCRIPTION: u32 = 2;
/// Of a longer word that begins with it: a part of the above.
const PREFIX_DIVISOR: u32 = 2;

/// How well a tool answers; zero when no word of the query is in it.
#[must_use]
pub fn relevance(query: &str, tool: &OfferedTool) -> u32 {
    let Some(members) = Members::of(tool.definition.as_str()) else { return 0 };
    let description = members.value::<String>("description").unwrap_or_default();
    let schema = members.value::<Members>("inputSchema").unwrap_or_default();
    let arguments = schema.value::<Members>("properties").unwrap_or_default();
    let arguments: Vec<String> = arguments.names().map(str::to_owned).collect();
    let places = [
        (words(tool.name.as_str()), IN_NAME),
        (words(&arguments.join(" ")), IN_ARGUMENT),
        (words(&description), IN_DESCRIPTION),
    ];
    words(query)
        .iter()
        .map(|word| places.iter().map(|(text, worth)| worth_in(word, text, *worth)).sum::<u32>())
        .sum()
}

fn worth_in(word: &str, text: &BTreeSet<String>, worth: u32) -> u32 {
    if text.contains(word) {
        return worth;
    }
    let begins = word.len() > 2 && text.iter().any(|other| other.starts_with(word));
    if begins { worth / PREFIX_DIVISOR } else { 0 }
}

/// Lower-case words: `getIssue_comments` holds `get`, `issue` and `comments`.
fn words(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut word = String::new();
    let mut was_lower = false;
    for character in text.chars() {
        let ends = !character.is_alphanumeric() || (character.is_uppercase() && was_lower);
        if ends && !word.is_empty() {
            found.insert(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
        was_lower = character.is_lowercase() || character.is_numeric();
    }
    if !word.is_empty() {
        found.insert(word);
    }
    found
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::integrations::mcp::tool::ItemKind;
    use portcullis_schemas::integrations::toolsets::ExposedName;
    use portcullis_schemas::json::RawJson;
    use serde_json::json;

    use super::*;

    fn tool(name: &str, description: &str, argument: &str) -> OfferedTool {
        let definition = json!({
            "name": name,
            "description": description,
            "inputSchema": { "type": "object", "properties": { argument: {} } },
        });
        OfferedTool {
            kind: ItemKind::Tool,
            name: ExposedName::new(name).unwrap(),
            definition: RawJson::from_text(definition.to_string()).unwrap(),
        }
    }

    #[test]
    fn names_weigh_more_than_arguments_and_these_more_than_descriptions() {
        let query = "issue";
        let by_name = relevance(query, &tool("getIssue", "", "id"));
        let by_argument = relevance(query, &tool("get", "", "issue"));
        let by_description = relevance(query, &tool("get", "reads an issue", "id"));
        let by_prefix = relevance(query, &tool("list_issues", "", "id"));
        assert!(by_name > by_prefix && by_prefix > by_argument && by_argument > by_description);
        assert!(by_description > 0);
        assert_eq!(relevance("weather", &tool("getIssue", "reads", "id")), 0);
    }

    #[test]
    fn words_are_found_in_every_spelling() {
        let expected = ["comments", "get", "issue", "v2"].map(str::to_owned);
        assert_eq!(words("getIssue_comments.v2"), BTreeSet::from(expected));
    }
}
