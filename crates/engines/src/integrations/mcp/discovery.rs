//! What a listing of tools, prompts and resources changes: pure planning, so that the same listing twice changes nothing
//! the second time.
//!
//! New and changed tools are quarantined, and only an admin's approval releases them: a definition that flips back to
//! its pin stays quarantined. A known tool whose definition is now refused is quarantined too and counts as vanished,
//! since what is stored of it is no longer what the server would run. Vanished tools are disabled, and one that
//! reappears stays so until an admin enables it. An admin's classification and switch survive. Where callers act with
//! accounts of their own nothing vanishes: each account may be shown a part, and one must not take from the others.

use std::collections::{HashMap, HashSet};

use portcullis_schemas::ids::ToolId;
use portcullis_schemas::incidents::NewIncident;
use portcullis_schemas::integrations::approvals::ApprovalRule;
use portcullis_schemas::integrations::flows::DataFlows;
use portcullis_schemas::integrations::mcp::server::{McpServer, RefusedDefinition};
use portcullis_schemas::integrations::mcp::tool::{ItemKind, McpTool, QuarantineReason, ToolStatus};
use portcullis_schemas::integrations::mcp::wire::{ListedTool, McpCatalogue};
use portcullis_schemas::json::RawJson;
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_trail::sha256;
use serde_json::{Value, json};

use super::definition::{Admitted, shown};
use super::events::EventStamp;
use super::incident_rules;
use super::risk::assess;
use super::server::{about, about_tool};
use crate::upstream_tokens::is_by_caller;
use listing::{Listed, folded, judge_listing};

mod listing;
#[cfg(test)]
mod tests;

/// Most tools, prompts and resources of a server, vanished ones included: a server that renames its tools for ever must
/// not fill the store.
pub const MAX_TOOLS: usize = 1000;
/// The rule that is broken by a list as a whole, which the server says that it has and does not give.
pub const UNLISTED: &str = "unlisted";
/// Most names of changed members in one incident.
const NAMED_MEMBERS: usize = 32;

/// What is to be written after a listing, in one transaction, and what to tell of it.
#[derive(Clone, Debug, Default)]
pub struct DiscoveryPlan {
    /// Tools to write; those that stay as they are stand not in it.
    pub upserts: Vec<McpTool>,
    /// Listed and admitted.
    pub found: u32,
    /// Seen for the first time.
    pub added: u32,
    /// Their live definition changed.
    pub changed: u32,
    /// No longer listed.
    pub vanished: u32,
    /// Refused definitions.
    pub refused: Vec<RefusedDefinition>,
    /// Events, in order.
    pub events: Vec<AuditEventDraft>,
    /// Incidents that the rules ask for.
    pub incidents: Vec<NewIncident>,
}

/// Plans what a listing changes. `known` are all stored tools of the server.
#[must_use]
pub fn plan_discovery(
    stamp: &EventStamp<'_>,
    server: &McpServer,
    known: &[McpTool],
    catalogue: &McpCatalogue,
) -> DiscoveryPlan {
    let mut planner = Planner { stamp, server, plan: DiscoveryPlan::default(), stored: known.len() };
    let by_name: HashMap<(ItemKind, &str), &McpTool> =
        known.iter().map(|tool| ((tool.kind, tool.name.as_str()), tool)).collect();
    let taken: HashSet<(ItemKind, String)> =
        known.iter().map(|tool| (tool.kind, folded(tool.kind, &tool.name))).collect();
    let by_caller = is_by_caller(server);
    let mut listed_names = HashSet::new();
    for listed in judge_listing(&catalogue.tools) {
        listed_names.extend(listed.name.map(|name| (listed.kind, name)));
        let tool = listed.name.and_then(|name| by_name.get(&(listed.kind, name)).copied());
        match (&listed.verdict, tool) {
            (Ok(admitted), Some(tool)) => planner.known(tool, &listed, admitted),
            (Ok(admitted), None) => planner.unknown(&listed, admitted, &taken),
            (Err(problem), tool) => {
                planner.refuse(&listed, problem.rule, &problem.detail);
                if let Some(tool) = tool {
                    planner.known_but_refused(tool, &listed);
                }
            }
        }
    }
    let missing = known.iter().filter(|tool| !listed_names.contains(&(tool.kind, tool.name.as_str())));
    if by_caller {
        planner.compare(catalogue, missing);
    } else {
        missing.filter(|tool| !is_unlisted(catalogue, tool.kind)).for_each(|tool| planner.vanish(tool));
    }
    planner.finish()
}

/// Nobody knows what a list holds that was not given out.
fn is_unlisted(catalogue: &McpCatalogue, kind: ItemKind) -> bool {
    let is_one =
        |item: &ListedTool| matches!(item, ListedTool::Unlisted { kind: found, .. } if *found == kind);
    catalogue.tools.iter().any(is_one)
}

struct Planner<'a> {
    stamp: &'a EventStamp<'a>,
    server: &'a McpServer,
    plan: DiscoveryPlan,
    /// Tools of the server so far, planned ones included.
    stored: usize,
}

impl Planner<'_> {
    fn unknown(&mut self, listed: &Listed<'_>, admitted: &Admitted, taken: &HashSet<(ItemKind, String)>) {
        let (Some(name), Some(definition)) = (listed.name, listed.definition) else { return };
        if taken.contains(&(listed.kind, folded(listed.kind, name))) {
            return self.refuse(
                listed,
                "duplicate_name",
                "differs from a known tool in upper and lower case only",
            );
        }
        if self.stored >= MAX_TOOLS {
            let detail = format!("the server has {MAX_TOOLS} of all kinds already, vanished ones included");
            return self.refuse(listed, "too_many", &detail);
        }
        let tool = self.new_tool(listed.kind, name, definition, admitted);
        self.stored += 1;
        self.plan.found += 1;
        self.plan.added += 1;
        self.quarantined(&tool);
        self.look_at_headers(&tool, admitted);
        self.plan.upserts.push(tool);
    }

    fn new_tool(&self, kind: ItemKind, name: &str, definition: &RawJson, admitted: &Admitted) -> McpTool {
        let risk = assess(kind, name, admitted.annotations, None);
        McpTool {
            tool_id: ToolId::generate(self.stamp.ids),
            server_id: self.server.server_id.clone(),
            tenant_id: self.server.tenant_id.clone(),
            kind,
            name: name.to_owned(),
            description: admitted.description.clone(),
            definition: definition.clone(),
            definition_hash: admitted.hash.clone(),
            pinned_hash: None,
            status: ToolStatus::Quarantined,
            quarantine_reason: Some(QuarantineReason::New),
            enabled: true,
            vanished_at: None,
            annotations: admitted.annotations,
            risk_inferred: risk.inferred,
            risk_known: risk.known,
            risk_override: None,
            risk_level: risk.level,
            approval: ApprovalRule::None,
            flows: DataFlows::UNSAID,
            approved_by: None,
            approved_at: None,
            invocation_count: 0,
            failure_count: 0,
            last_invoked_at: None,
            discovered_at: self.stamp.now,
            updated_at: self.stamp.now,
            version: 1,
        }
    }

    fn known(&mut self, tool: &McpTool, listed: &Listed<'_>, admitted: &Admitted) {
        self.plan.found += 1;
        let risk = assess(tool.kind, &tool.name, admitted.annotations, tool.risk_override);
        let mut next = McpTool {
            vanished_at: None,
            annotations: admitted.annotations,
            risk_inferred: risk.inferred,
            risk_known: risk.known,
            risk_level: risk.level,
            ..tool.clone()
        };
        if admitted.hash != tool.definition_hash {
            next.definition_hash.clone_from(&admitted.hash);
            next.description.clone_from(&admitted.description);
            next.definition = listed.definition.unwrap_or(&tool.definition).clone();
            self.plan.changed += 1;
            self.change(tool, &mut next);
            self.look_at_headers(&next, admitted);
        }
        if next != *tool {
            self.write(next);
        }
    }

    /// An admin should know before approving it.
    fn look_at_headers(&mut self, tool: &McpTool, admitted: &Admitted) {
        if admitted.mirrors_secret {
            self.plan.incidents.push(incident_rules::secret_mirrored(self.stamp, tool));
        }
    }

    /// The live definition is another one than before.
    fn change(&mut self, tool: &McpTool, next: &mut McpTool) {
        next.status = ToolStatus::Quarantined;
        let pinned = next.pinned_hash.is_some();
        next.quarantine_reason =
            Some(if pinned { QuarantineReason::DefinitionChanged } else { QuarantineReason::New });
        if pinned && next.pinned_hash.as_ref() != Some(&next.definition_hash) {
            let members = changed_members(&tool.definition, &next.definition);
            let incident = incident_rules::pin_broken(self.stamp, next, &next.definition_hash, &members);
            self.plan.incidents.push(incident);
        }
        self.quarantined(next);
    }

    /// What is stored of it is no longer what the server lists, and what it lists is not admitted.
    fn known_but_refused(&mut self, tool: &McpTool, listed: &Listed<'_>) {
        if tool.vanished_at.is_some() {
            return;
        }
        let pinned = tool.pinned_hash.is_some();
        let next = McpTool {
            status: ToolStatus::Quarantined,
            quarantine_reason: Some(if pinned {
                QuarantineReason::DefinitionChanged
            } else {
                QuarantineReason::New
            }),
            enabled: false,
            vanished_at: Some(self.stamp.now),
            ..tool.clone()
        };
        self.plan.changed += 1;
        if let Some(definition) = listed.definition.filter(|_| pinned) {
            let hash = sha256(definition.as_str().as_bytes()).to_string();
            let members = changed_members(&tool.definition, definition);
            self.plan.incidents.push(incident_rules::pin_broken(self.stamp, &next, &hash, &members));
        }
        self.quarantined(&next);
        self.write(next);
    }

    /// Each caller asks by themselves. A list that has tools which nobody was shown before, and has not what others were, is
    /// not everybody's. Who is shown a part of what others are may have come after a tool was given up.
    fn compare<'t>(&mut self, catalogue: &McpCatalogue, mut missing: impl Iterator<Item = &'t McpTool>) {
        let is_new = |tool: &McpTool| tool.kind == ItemKind::Tool && tool.version == 1;
        let has_more = self.plan.upserts.iter().any(is_new);
        let is_withheld = |tool: &McpTool| tool.kind == ItemKind::Tool && tool.vanished_at.is_none();
        if catalogue.is_public && has_more && missing.any(is_withheld) {
            self.plan.incidents.push(incident_rules::list_not_public(self.stamp, self.server));
        }
    }

    fn vanish(&mut self, tool: &McpTool) {
        if tool.vanished_at.is_some() {
            return;
        }
        self.plan.vanished += 1;
        if tool.enabled {
            let facts = json!({ "kind": tool.kind, "name": tool.name, "reason": "vanished" });
            let subject = about_tool(&tool.server_id, &tool.tool_id);
            self.plan.events.push(self.stamp.draft(AuditEventType::McpToolDisabled, subject, facts));
        }
        self.write(McpTool { enabled: false, vanished_at: Some(self.stamp.now), ..tool.clone() });
    }

    fn refuse(&mut self, listed: &Listed<'_>, rule: &str, detail: &str) {
        let detail = detail.chars().take(500).collect();
        self.plan.refused.push(RefusedDefinition {
            kind: listed.kind,
            tool: listed.label.clone(),
            rule: rule.to_owned(),
            detail,
        });
    }

    fn quarantined(&mut self, tool: &McpTool) {
        let facts = json!({
            "kind": tool.kind,
            "name": tool.name,
            "reason": tool.quarantine_reason,
            "definition_hash": tool.definition_hash,
            "pinned_hash": tool.pinned_hash,
            "risk_level": tool.risk_level,
        });
        let subject = about_tool(&tool.server_id, &tool.tool_id);
        self.plan.events.push(self.stamp.draft(AuditEventType::McpToolQuarantined, subject, facts));
    }

    fn write(&mut self, tool: McpTool) {
        self.plan.upserts.push(McpTool { updated_at: self.stamp.now, version: tool.version + 1, ..tool });
    }

    fn finish(mut self) -> DiscoveryPlan {
        self.plan.incidents.extend(incident_rules::definitions_refused(
            self.stamp,
            self.server,
            &self.plan.refused,
        ));
        let facts = json!({
            "found": self.plan.found,
            "added": self.plan.added,
            "changed": self.plan.changed,
            "vanished": self.plan.vanished,
            "refused": self.plan.refused.len(),
        });
        self.plan.events.push(self.stamp.draft(
            AuditEventType::McpToolsDiscovered,
            about(self.server),
            facts,
        ));
        self.plan
    }
}

/// Names of the top-level members in which two definitions differ, sorted; never their values.
fn changed_members(before: &RawJson, after: &RawJson) -> Vec<String> {
    let read = |raw: &RawJson| match serde_json::from_str(raw.as_str()) {
        Ok(Value::Object(members)) => members,
        _ => serde_json::Map::new(),
    };
    let (before, after) = (read(before), read(after));
    let names: HashSet<&String> = before.keys().chain(after.keys()).collect();
    let mut changed: Vec<String> = names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| format!("/{}", shown(name)))
        .collect();
    changed.sort_unstable();
    changed.truncate(NAMED_MEMBERS);
    changed
}
