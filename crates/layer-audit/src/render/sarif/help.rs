//! What a rule says of itself, in Markdown, for readers that show it beside a result.

use std::path::Path;

use crate::rules::Rule;

/// Longer than any fence that the text of an example holds.
const FENCE: &str = "`````";

pub(super) fn markdown(rule: &Rule) -> String {
    let Rule { id, title, why, fix, blind, example, .. } = rule;
    let mut text = format!("# {id}: {title}\n\n**Why**: {why}\n\n**Fix**: {fix}\n\n");
    if !blind.is_empty() {
        text.push_str(&format!("**Cannot see**: {blind}\n\n"));
    }
    if !example.law.is_empty() {
        text.push_str(&format!("With this in `layers.toml`\n\n{}", code("toml", example.law)));
    }
    text.push_str(&format!("it reports\n\n{}and passes\n\n{}", files(example.bad), files(example.good)));
    text
}

fn files(files: &[(&str, &str)]) -> String {
    let language = |path: &str| match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("rs") => "rust",
        Some("toml") => "toml",
        _ => "text",
    };
    files.iter().map(|(path, text)| format!("`{path}`\n\n{}", code(language(path), text))).collect()
}

fn code(language: &str, text: &str) -> String {
    format!("{FENCE}{language}\n{}\n{FENCE}\n\n", text.trim_end())
}
