//! The words of a text, as the search knows them. `search.js` cuts a query the same way.

/// Words in lower case, in order and repeated as in the text. An identifier counts as a whole and in its parts:
/// `McpTool::get_one` gives `mcptool`, `mcp`, `tool`, `getone`, `get`, `one`. Single characters are left out.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for name in text.split(|character: char| !character.is_alphanumeric() && character != '_') {
        let parts = parts(name);
        if parts.len() > 1 {
            words.push(parts.concat());
        }
        words.extend(parts);
    }
    words.retain(|word| word.chars().nth(1).is_some());
    words
}

/// Cuts at underscores and where a capital starts a part: `HTTPServer` is `http`, `server`.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(at + 1);
        let starts = letter.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if starts || *letter == '_' {
            parts.push(String::new());
        }
        if *letter != '_'
            && let Some(part) = parts.last_mut()
        {
            part.extend(letter.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_count_whole_and_in_parts() {
        for (text, expected) in [
            ("Plain words, twice words.", "plain words twice words"),
            ("McpToolStore::get_one", "mcptoolstore mcp tool store getone get one"),
            ("HTTPServer sha256 L4 LA-202", "httpserver http server sha256 l4 la 202"),
            ("integrations.mcp_servers.x", "integrations mcpservers mcp servers"),
            ("__init__ _ a Größe ÄnderungX", "init größe änderungx änderung"),
            ("", ""),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
    }
}
