//! The entries of one listing, each with its verdict.

use std::collections::HashMap;

use portcullis_schemas::integrations::mcp::wire::ListedTool;
use portcullis_schemas::json::RawJson;

use crate::integrations::mcp::definition::{self, Admitted, Problem};

/// One entry of a listing.
pub(super) struct Listed<'a> {
    /// The name if it can be shown, else the place as `#3`.
    pub(super) label: String,
    pub(super) name: Option<&'a str>,
    pub(super) definition: Option<&'a RawJson>,
    pub(super) verdict: Result<Admitted, Problem>,
}

/// Judges every entry by itself, then refuses all bearers of a name that occurs twice, also in another case: nobody
/// could say which of them an approval meant.
pub(super) fn judge_listing(tools: &[ListedTool]) -> Vec<Listed<'_>> {
    let mut bearers: HashMap<String, usize> = HashMap::new();
    for tool in tools {
        if let ListedTool::Readable { name, .. } = tool {
            *bearers.entry(name.to_lowercase()).or_default() += 1;
        }
    }
    tools.iter().enumerate().map(|(position, tool)| judge_entry(position, tool, &bearers)).collect()
}

fn judge_entry<'a>(position: usize, tool: &'a ListedTool, bearers: &HashMap<String, usize>) -> Listed<'a> {
    match tool {
        ListedTool::Readable { name, definition } => {
            let twice = bearers.get(&name.to_lowercase()).is_some_and(|count| *count > 1);
            let verdict = if twice {
                Err(Problem::new("duplicate_name", "listed more than once, without regard to case"))
            } else {
                definition::judge(name, definition)
            };
            let label = if definition::is_plain_name(name) { name.clone() } else { format!("#{position}") };
            Listed { label, name: Some(name), definition: Some(definition), verdict }
        }
        ListedTool::Unreadable { position, problem } => Listed {
            label: format!("#{position}"),
            name: None,
            definition: None,
            verdict: Err(Problem::new("unreadable", problem.clone())),
        },
    }
}
