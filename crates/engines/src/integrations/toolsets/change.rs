//! What an admin may do with a toolset.

use std::collections::BTreeSet;

use portcullis_schemas::ids::{KeyId, TenantId, ToolsetId};
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::toolsets::operations::{CreateToolset, UpdateToolset};
use portcullis_schemas::integrations::toolsets::{
    CALL_TOOL, SEARCH_TOOLS, ToolDisclosure, Toolset, ToolsetTool,
};
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_schemas::runtime::{HashPurpose, KeyedHash};
use portcullis_schemas::{Error, ErrorKind, codes};
use portcullis_trail::{Digest, canonical_bytes};
use serde_json::json;

use crate::integrations::mcp::events::EventStamp;

/// Most tools of a toolset, with prompts and resources.
pub const MAX_TOOLS: usize = 1000;
/// Most keys of a toolset.
pub const MAX_KEYS: usize = 256;

/// The rules of toolsets. Tools come as [`select`](super::select) has made them.
#[derive(Clone, Copy, Debug)]
pub struct ToolsetEngine;

/// A changed toolset and its event, to be written in one transaction.
#[derive(Clone, Debug)]
pub struct ToolsetChange {
    /// The toolset.
    pub toolset: Toolset,
    /// The event.
    pub event: AuditEventDraft,
}

impl ToolsetEngine {
    /// A new toolset.
    ///
    /// # Errors
    /// `invalid_field` on `tools` and `keys`: too many, or a name twice.
    pub fn create(
        stamp: &EventStamp<'_>,
        hasher: &dyn KeyedHash,
        tenant: &TenantId,
        id: ToolsetId,
        request: CreateToolset,
        tools: Vec<ToolsetTool>,
    ) -> Result<ToolsetChange, Error> {
        let toolset = Toolset {
            toolset_id: id,
            tenant_id: tenant.clone(),
            name: request.name,
            description: request.description,
            tools: arranged(tools)?,
            keys: distinct(request.keys)?,
            disclosure: request.disclosure.unwrap_or(ToolDisclosure::All),
            created_at: stamp.now,
            updated_at: stamp.now,
            version: 1,
        };
        changed(stamp, hasher, toolset, AuditEventType::ToolsetCreated)
    }

    /// The toolset as the request wants it; `tools` are absent where they stay.
    ///
    /// # Errors
    /// `state_conflict` when another version was read; `invalid_field` as for a new one.
    pub fn update(
        stamp: &EventStamp<'_>,
        hasher: &dyn KeyedHash,
        toolset: Toolset,
        request: UpdateToolset,
        tools: Option<Vec<ToolsetTool>>,
    ) -> Result<ToolsetChange, Error> {
        if request.expected_version.is_some_and(|version| version != toolset.version) {
            let message = "the toolset was changed meanwhile: read it again, then change it";
            return Err(Error::new(ErrorKind::Conflict, codes::STATE_CONFLICT, message)
                .with_field("expected_version"));
        }
        let toolset = Toolset {
            description: request.description.or(toolset.description),
            tools: tools.map_or(Ok(toolset.tools), arranged)?,
            keys: request.keys.map_or(Ok(toolset.keys), distinct)?,
            disclosure: request.disclosure.unwrap_or(toolset.disclosure),
            updated_at: stamp.now,
            version: toolset.version + 1,
            ..toolset
        };
        changed(stamp, hasher, toolset, AuditEventType::ToolsetUpdated)
    }

    /// The event of a toolset that is removed.
    ///
    /// # Errors
    /// When its content cannot be hashed.
    pub fn delete(
        stamp: &EventStamp<'_>,
        hasher: &dyn KeyedHash,
        toolset: Toolset,
    ) -> Result<ToolsetChange, Error> {
        changed(stamp, hasher, toolset, AuditEventType::ToolsetDeleted)
    }
}

/// Bounds a list of a request, before anything is looked up for it.
///
/// # Errors
/// `invalid_field`.
pub fn check_count(field: &'static str, count: usize, most: usize) -> Result<(), Error> {
    if count <= most {
        Ok(())
    } else {
        Err(Error::invalid(field, format!("expected at most {most} {field}")))
    }
}

/// In the order of names, of which none is there twice among those of a kind, also without regard to case.
fn arranged(mut tools: Vec<ToolsetTool>) -> Result<Vec<ToolsetTool>, Error> {
    check_count("tools", tools.len(), MAX_TOOLS)?;
    tools.sort_by(|one, other| (&one.name, one.kind).cmp(&(&other.name, other.kind)));
    let mut seen = BTreeSet::new();
    let is_ours = |tool: &&ToolsetTool| {
        tool.kind == ItemKind::Tool && [SEARCH_TOOLS, CALL_TOOL].contains(&tool.name.as_str())
    };
    if let Some(tool) = tools.iter().find(is_ours) {
        let expected = format!("`{}` is a name of the gate's own: give the tool another `name`", tool.name);
        return Err(Error::invalid("tools", expected));
    }
    match tools.iter().find(|tool| !seen.insert((tool.kind, unique_name(tool)))) {
        None => Ok(tools),
        Some(twice) => {
            let advice = match twice.kind {
                ItemKind::Tool | ItemKind::Prompt => "apart from case: give one of them a `name`",
                _ => "and agents could not tell them apart: leave one out",
            };
            Err(Error::invalid(
                "tools",
                format!("two of kind {} would be called `{}`, {advice}", twice.kind, twice.name),
            ))
        }
    }
}

/// URIs are told apart by case.
fn unique_name(tool: &ToolsetTool) -> String {
    match tool.kind {
        ItemKind::Tool | ItemKind::Prompt => tool.name.as_str().to_ascii_lowercase(),
        _ => tool.name.to_string(),
    }
}

fn distinct(keys: Vec<KeyId>) -> Result<Vec<KeyId>, Error> {
    let keys: BTreeSet<KeyId> = keys.into_iter().collect();
    check_count("keys", keys.len(), MAX_KEYS)?;
    Ok(keys.into_iter().collect())
}

/// The event names the content by its keyed hash: neither a list of a thousand tools nor the value of a fixed argument
/// has a place in the trail.
fn changed(
    stamp: &EventStamp<'_>,
    hasher: &dyn KeyedHash,
    toolset: Toolset,
    event_type: AuditEventType,
) -> Result<ToolsetChange, Error> {
    let content = json!({ "tools": toolset.tools, "description": toolset.description });
    let canonical = canonical_bytes(&content).map_err(|error| {
        Error::invalid("tools", format!("{error}: give such a number of fixed arguments as a string"))
    })?;
    let hash = hasher.keyed_hash(&toolset.tenant_id, HashPurpose::TrailValue, &canonical);
    let facts = json!({
        "name": toolset.name,
        "version": toolset.version,
        "tools": toolset.tools.len(),
        "disclosure": toolset.disclosure,
        "content_hash": Digest::from_bytes(hash).to_string(),
        "keys": toolset.keys,
    });
    let subject = vec![("toolset_id", toolset.toolset_id.to_string())];
    Ok(ToolsetChange { event: stamp.draft(event_type, subject, facts), toolset })
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::integrations::mcp::tool::McpTool;
    use portcullis_testkit::fixtures;
    use portcullis_testkit::ids::SequentialIds;

    use super::*;

    #[test]
    fn a_name_is_there_once_among_those_of_its_kind() {
        let ids = SequentialIds::new();
        let tenant = fixtures::tenant(1);
        let server = fixtures::server(&ids, &tenant, "files", 0);
        let entry = |(kind, name): &(ItemKind, &str)| {
            let tool = McpTool { kind: *kind, ..fixtures::tool(&ids, &server, name) };
            fixtures::toolset_tool(&tool, name)
        };
        let (tool, prompt, resource) = (ItemKind::Tool, ItemKind::Prompt, ItemKind::Resource);
        let table = [
            (vec![(tool, "a"), (prompt, "a"), (resource, "x:a")], true),
            (vec![(tool, "a"), (tool, "A")], false),
            (vec![(prompt, "a"), (prompt, "A")], false),
            (vec![(resource, "x:a"), (resource, "x:A")], true),
            (vec![(resource, "x:a"), (resource, "x:a")], false),
            (vec![(resource, "x:a"), (ItemKind::ResourceTemplate, "x:{a}")], true),
            (vec![(tool, SEARCH_TOOLS)], false),
            (vec![(prompt, SEARCH_TOOLS)], true),
        ];
        for (entries, fits) in table {
            let arranged = arranged(entries.iter().map(entry).collect());
            assert_eq!(arranged.is_ok(), fits, "{entries:?}: {arranged:?}");
        }
    }
}
