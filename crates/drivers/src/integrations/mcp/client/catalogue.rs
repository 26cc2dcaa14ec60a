//! `tools/list`, all pages of it, within caps.

use std::collections::HashSet;

use portcullis_mcp::answer::AnswerLimits;
use portcullis_mcp::headers::declared_params;
use portcullis_mcp::messages::{RawTool, ToolsPage, list_params, method};
use portcullis_mcp::scan::JsonLimits;
use portcullis_mcp::sse::SseLimits;
use portcullis_mcp::version::Era;
use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::wire::{ListedTool, McpFailure};
use serde_json::value::RawValue;

use super::failure::{NotAnswered, protocol};
use super::link::{Ask, Link};
use super::session::Spoken;

/// Most pages.
const MAX_PAGES: usize = 50;
/// Most tools.
const MAX_TOOLS: usize = 1000;
/// Most bytes of all results together.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes of one definition.
const MAX_DEFINITION_BYTES: usize = 64 * 1024;

/// All tools in the server's order. A tool that cannot be used does not hide the others.
pub(super) async fn list_tools(link: &Link<'_>, spoken: &Spoken) -> Result<Vec<ListedTool>, NotAnswered> {
    let mut tools = Vec::new();
    let mut seen = HashSet::new();
    let mut cursor: Option<String> = None;
    let mut room = MAX_BYTES;
    for _ in 0..MAX_PAGES {
        let raw = page(link, spoken, cursor.as_deref(), room).await?;
        room = room.saturating_sub(raw.get().len());
        let page = ToolsPage::parse(&raw, &JsonLimits::STRICT).map_err(NotAnswered::Result)?;
        if tools.len() + page.tools.len() > MAX_TOOLS {
            return Err(too_large(format!("tools/list: more than {MAX_TOOLS} tools")));
        }
        for tool in page.tools {
            let position = tools.len();
            tools.push(match tool {
                Ok(tool) => listed(position, tool, spoken.era()),
                Err(problem) => ListedTool::Unreadable { position, problem: problem.fault.to_string() },
            });
        }
        // The empty string is a cursor like any other.
        let Some(next) = page.next_cursor else { return Ok(tools) };
        if !seen.insert(next.clone()) {
            return Err(protocol("tools/list: a cursor came twice").into());
        }
        cursor = Some(next);
    }
    Err(too_large(format!("tools/list: more than {MAX_PAGES} pages")))
}

async fn page(
    link: &Link<'_>,
    spoken: &Spoken,
    cursor: Option<&str>,
    room: usize,
) -> Result<Box<RawValue>, NotAnswered> {
    let id = link.new_id()?;
    let params = list_params(cursor, &link.meta(spoken.version()));
    let mut ask = Ask::new(&id, method::TOOLS_LIST, spoken, Some(&params));
    ask.limits = AnswerLimits {
        // Duplicate members are judged per tool, so that one bad tool does not fail the list.
        json: JsonLimits::STRUCTURE,
        sse: SseLimits { max_total_bytes: room as u64, ..SseLimits::default() },
        max_body_bytes: room,
        ..AnswerLimits::default()
    };
    link.result(spoken, ask).await.map(|(result, _)| result)
}

fn listed(position: usize, tool: RawTool, era: Era) -> ListedTool {
    if tool.raw.get().len() > MAX_DEFINITION_BYTES {
        let problem = format!("definition: larger than {MAX_DEFINITION_BYTES} bytes");
        return ListedTool::Unreadable { position, problem };
    }
    // A modern client must drop a tool whose `x-mcp-header` annotations are invalid (2026-07-28, streamable HTTP).
    let violations = match (era, tool.input_schema()) {
        (Era::Modern, Some(schema)) => declared_params(schema).err().unwrap_or_default(),
        _ => Vec::new(),
    };
    match violations.first() {
        Some(violation) => ListedTool::Unreadable { position, problem: violation.rule.to_string() },
        None => ListedTool::Readable { name: tool.name, definition: tool.raw.into() },
    }
}

fn too_large(detail: String) -> NotAnswered {
    McpFailure::new(codes::UPSTREAM_TOO_LARGE, detail, true).into()
}
