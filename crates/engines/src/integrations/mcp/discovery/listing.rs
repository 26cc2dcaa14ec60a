//! The entries of one listing, each with its verdict.

use std::collections::HashMap;

use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::ListedTool;
use portcullis_schemas::integrations::toolsets::ExposedName;
use portcullis_schemas::json::RawJson;

use super::UNLISTED;
use crate::integrations::mcp::definition::{self, Admitted, Problem};

/// One entry of a listing.
pub(super) struct Listed<'a> {
    pub(super) kind: ItemKind,
    /// The name if it can be shown, else the place as `#3`.
    pub(super) label: String,
    pub(super) name: Option<&'a str>,
    pub(super) definition: Option<&'a RawJson>,
    pub(super) verdict: Result<Admitted, Problem>,
}

/// Judges every entry by itself, then refuses all bearers of a name that occurs twice in one list, also in another case:
/// nobody could say which of them an approval meant. URIs are told apart by case.
pub(super) fn judge_listing(items: &[ListedTool]) -> Vec<Listed<'_>> {
    let mut bearers: HashMap<(ItemKind, String), usize> = HashMap::new();
    for item in items {
        if let ListedTool::Readable { kind, name, .. } = item {
            *bearers.entry((*kind, folded(*kind, name))).or_default() += 1;
        }
    }
    items.iter().enumerate().map(|(position, item)| judge_entry(position, item, &bearers)).collect()
}

/// A name as it must be unique among those of its kind.
pub(super) fn folded(kind: ItemKind, name: &str) -> String {
    match kind {
        ItemKind::Tool | ItemKind::Prompt => name.to_lowercase(),
        _ => name.to_owned(),
    }
}

fn judge_entry<'a>(
    position: usize,
    item: &'a ListedTool,
    bearers: &HashMap<(ItemKind, String), usize>,
) -> Listed<'a> {
    let nameless = |kind: &ItemKind, label: String, rule, problem: &str| Listed {
        kind: *kind,
        label,
        name: None,
        definition: None,
        verdict: Err(Problem::new(rule, problem)),
    };
    match item {
        ListedTool::Readable { kind, name, definition } => {
            let twice = bearers.get(&(*kind, folded(*kind, name))).is_some_and(|count| *count > 1);
            let verdict = if twice {
                Err(Problem::new("duplicate_name", "listed more than once, without regard to case"))
            } else {
                definition::judge(*kind, name, definition)
            };
            let shows = definition::is_plain_name(name) || ExposedName::uri(name).is_ok();
            let label = if shows { name.clone() } else { format!("#{position}") };
            Listed { kind: *kind, label, name: Some(name), definition: Some(definition), verdict }
        }
        ListedTool::Unreadable { kind, position, problem } => {
            nameless(kind, format!("#{position}"), "unreadable", problem)
        }
        ListedTool::Unlisted { kind, problem } => nameless(kind, "*".to_owned(), UNLISTED, problem),
    }
}
