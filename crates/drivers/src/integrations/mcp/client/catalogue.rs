//! `tools/list` and the other lists, all pages of them, within caps.

use std::collections::HashSet;

use portcullis_mcp::answer::AnswerLimits;
use portcullis_mcp::headers::declared_params;
use portcullis_mcp::jsonrpc::ErrorCode;
use portcullis_mcp::members::Members;
use portcullis_mcp::messages::{ListPage, Listing, RawItem, list_params};
use portcullis_mcp::scan::JsonLimits;
use portcullis_mcp::sse::SseLimits;
use portcullis_mcp::version::Era;
use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::{ListedTool, McpFailure};
use portcullis_schemas::json::RawJson;
use serde_json::value::RawValue;

use super::failure::{NotAnswered, protocol};
use super::link::{Ask, Link};
use super::session::Spoken;

/// Most pages.
const MAX_PAGES: usize = 50;
/// Most items of one list.
const MAX_ITEMS: usize = 1000;
/// Most bytes of all results of one list together.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes of one definition.
const MAX_DEFINITION_BYTES: usize = 64 * 1024;

/// What the server lists beside tools.
const OTHERS: [(ItemKind, Listing); 3] = [
    (ItemKind::Prompt, Listing::Prompts),
    (ItemKind::Resource, Listing::Resources),
    (ItemKind::ResourceTemplate, Listing::Templates),
];

/// What a server lists.
pub(super) struct Listed {
    pub(super) items: Vec<ListedTool>,
    /// Whether each page of the list of tools is said to be everybody's.
    pub(super) is_public: bool,
}

/// All tools, then what else the server declares. An item that cannot be used does not hide the others, and neither does
/// a list that the server does not give out: many declare resources and have no templates.
pub(super) async fn list_all(
    link: &Link<'_>,
    spoken: &Spoken,
    capabilities: &RawJson,
) -> Result<Listed, NotAnswered> {
    let declared = Members::of(capabilities.as_str()).unwrap_or_default();
    let has_tools = declared.has(Listing::Tools.capability());
    let has_others = OTHERS.iter().any(|(_, listing)| declared.has(listing.capability()));
    let mut all = match list(link, spoken, ItemKind::Tool, Listing::Tools).await {
        // A server of prompts or resources alone.
        Err(NotAnswered::Refused { code, .. })
            if code == ErrorCode::METHOD_NOT_FOUND.value() && has_others && !has_tools =>
        {
            Listed { items: Vec::new(), is_public: false }
        }
        listed => listed?,
    };
    for (kind, listing) in OTHERS.into_iter().filter(|(_, listing)| declared.has(listing.capability())) {
        match list(link, spoken, kind, listing).await {
            Ok(listed) => all.items.extend(listed.items),
            Err(NotAnswered::Refused { code, .. }) if code == ErrorCode::METHOD_NOT_FOUND.value() => {}
            Err(problem) if problem.is_of_one_list() => {
                all.items.push(ListedTool::Unlisted { kind, problem: problem.into_failure().detail });
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok(all)
}

/// All items of one list, in the server's order.
async fn list(
    link: &Link<'_>,
    spoken: &Spoken,
    kind: ItemKind,
    listing: Listing,
) -> Result<Listed, NotAnswered> {
    let method = listing.method();
    let (mut items, mut is_public) = (Vec::new(), true);
    let mut seen = HashSet::new();
    let mut cursor: Option<String> = None;
    let mut room = MAX_BYTES;
    for _ in 0..MAX_PAGES {
        let raw = page(link, spoken, listing, cursor.as_deref(), room).await?;
        room = room.saturating_sub(raw.get().len());
        let page = ListPage::parse(listing, &raw, &JsonLimits::STRICT).map_err(NotAnswered::Result)?;
        if items.len() + page.items.len() > MAX_ITEMS {
            return Err(too_large(format!("{method}: more than {MAX_ITEMS} {}", listing.member())));
        }
        is_public &= page.is_public;
        for item in page.items {
            let position = items.len();
            items.push(match item {
                Ok(item) => judged(kind, position, item, spoken.era()),
                Err(problem) => ListedTool::Unreadable { kind, position, problem: problem.fault.to_string() },
            });
        }
        // The empty string is a cursor like any other.
        let Some(next) = page.next_cursor else { return Ok(Listed { items, is_public }) };
        if !seen.insert(next.clone()) {
            return Err(protocol(format!("{method}: a cursor came twice")).into());
        }
        cursor = Some(next);
    }
    Err(too_large(format!("{method}: more than {MAX_PAGES} pages")))
}

async fn page(
    link: &Link<'_>,
    spoken: &Spoken,
    listing: Listing,
    cursor: Option<&str>,
    room: usize,
) -> Result<Box<RawValue>, NotAnswered> {
    let id = link.new_id()?;
    let params = list_params(cursor, &link.meta(spoken.version()));
    let mut ask = Ask::new(&id, listing.method(), spoken, Some(&params));
    ask.limits = AnswerLimits {
        // Duplicate members are judged per item, so that a bad one does not fail the list.
        json: JsonLimits::STRUCTURE,
        sse: SseLimits { max_event_bytes: room, max_total_bytes: room as u64 },
        max_body_bytes: room,
        ..AnswerLimits::default()
    };
    link.result(spoken, ask).await.map(|(result, _)| result)
}

fn judged(kind: ItemKind, position: usize, item: RawItem, era: Era) -> ListedTool {
    if item.raw.get().len() > MAX_DEFINITION_BYTES {
        let problem = format!("definition: larger than {MAX_DEFINITION_BYTES} bytes");
        return ListedTool::Unreadable { kind, position, problem };
    }
    // A modern client must drop a tool whose `x-mcp-header` annotations are invalid (2026-07-28, streamable HTTP).
    let violations = match (kind, era, item.input_schema()) {
        (ItemKind::Tool, Era::Modern, Some(schema)) => declared_params(schema).err().unwrap_or_default(),
        _ => Vec::new(),
    };
    match violations.first() {
        Some(violation) => ListedTool::Unreadable { kind, position, problem: violation.rule.to_string() },
        None => ListedTool::Readable { kind, name: item.name, definition: item.raw.into() },
    }
}

fn too_large(detail: String) -> NotAnswered {
    McpFailure::new(codes::UPSTREAM_TOO_LARGE, detail, true).into()
}
