//! When a person should look: the incidents of MCP servers, tools and calls.
//!
//! A `dedup_key` names cause and thing, so that what repeats is counted and does not flood. Facts are ids, names,
//! codes and hashes; no value of a call and no text of an upstream.

use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::ids::IncidentId;
use portcullis_schemas::incidents::IncidentSeverity::{self, Critical, High, Low, Medium};
use portcullis_schemas::incidents::{IncidentCause, NewIncident};
use portcullis_schemas::integrations::mcp::invocation::{InvocationFacts, InvocationOutcome};
use portcullis_schemas::integrations::mcp::server::{McpServer, RefusedDefinition};
use portcullis_schemas::integrations::mcp::tool::{McpTool, RiskLevel};
use portcullis_schemas::logs::ledger::IntentKind;
use portcullis_schemas::runtime::IdSource;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_trail::sha256;
use serde_json::{Value, json};

use super::events::{EventStamp, object};

/// Most refused definitions named in one incident.
const NAMED_DEFINITIONS: usize = 20;

/// A pinned definition changed. `new_hash` is what the server lists now.
pub(super) fn pin_broken(
    stamp: &EventStamp<'_>,
    tool: &McpTool,
    new_hash: &str,
    changed_members: &[String],
) -> NewIncident {
    let severity = if tool.risk_level == RiskLevel::Critical { Critical } else { High };
    let facts = json!({
        "server_id": tool.server_id,
        "tool_id": tool.tool_id,
        "tool": tool.name,
        "pinned_hash": tool.pinned_hash,
        "definition_hash": new_hash,
        "changed_members": changed_members,
        "risk_level": tool.risk_level,
    });
    Opening {
        cause: IncidentCause::PinBroken,
        severity,
        title: format!(
            "the definition of tool {} differs from the approved one; it is quarantined",
            tool.name
        ),
        dedup_key: format!("pin:{}:{new_hash}", tool.tool_id),
        facts,
    }
    .at(stamp.ids, stamp.now)
}

/// A listing held definitions that are not admitted. One incident for the listing: its size is the server's choice.
pub(super) fn definitions_refused(
    stamp: &EventStamp<'_>,
    server: &McpServer,
    refused: &[RefusedDefinition],
) -> Option<NewIncident> {
    if refused.is_empty() {
        return None;
    }
    let mut marks: Vec<String> = refused.iter().map(|one| format!("{}={}", one.tool, one.rule)).collect();
    marks.sort_unstable();
    let named: Vec<Value> = refused
        .iter()
        .take(NAMED_DEFINITIONS)
        .map(|one| json!({ "tool": one.tool, "rule": one.rule }))
        .collect();
    let opening = Opening {
        cause: IncidentCause::DefinitionRefused,
        severity: Medium,
        title: format!("server {} lists {} definitions that are refused", server.name, refused.len()),
        dedup_key: format!("definition:{}:{}", server.server_id, sha256(marks.join("\n").as_bytes())),
        facts: json!({ "server_id": server.server_id, "count": refused.len(), "refused": named }),
    };
    Some(opening.at(stamp.ids, stamp.now))
}

/// A server went offline.
pub(super) fn server_offline(stamp: &EventStamp<'_>, server: &McpServer) -> NewIncident {
    Opening {
        cause: IncidentCause::ServerOffline,
        severity: High,
        title: format!("server {} is offline; calls of its tools are refused", server.name),
        dedup_key: format!("offline:{}", server.server_id),
        facts: json!({
            "server_id": server.server_id,
            "failures": server.health_check_failures,
            "error_code": server.last_error,
        }),
    }
    .at(stamp.ids, stamp.now)
}

/// A refusal that a person should see: a critical tool that policies do not permit.
pub(super) fn for_refusal(
    ids: &dyn IdSource,
    now: Timestamp,
    facts: &InvocationFacts,
    code: Code,
) -> Option<NewIncident> {
    if code != codes::POLICY_DENIED || facts.risk_level != RiskLevel::Critical {
        return None;
    }
    let opening = Opening {
        cause: IncidentCause::CriticalBlocked,
        severity: High,
        title: format!("a call of the critical tool {} was refused by policy", facts.tool_name),
        dedup_key: format!("critical:{}:{}", facts.tool_id, facts.actor_id),
        facts: about_call(facts, Some(code)),
    };
    Some(opening.at(ids, now))
}

/// What the end of a call asks for. A success and a cancellation by the caller ask for nothing.
pub(super) fn for_outcome(
    ids: &dyn IdSource,
    now: Timestamp,
    facts: &InvocationFacts,
    outcome: InvocationOutcome,
    code: Option<Code>,
) -> Option<NewIncident> {
    let (cause, severity, title) = match outcome {
        InvocationOutcome::Failure if code == Some(codes::TOOL_ERROR) => {
            (IncidentCause::InvocationFailed, Low, format!("tool {} reports errors", facts.tool_name))
        }
        InvocationOutcome::Failure | InvocationOutcome::Timeout => {
            (IncidentCause::InvocationFailed, Medium, format!("calls of tool {} fail", facts.tool_name))
        }
        InvocationOutcome::Unknown => (
            IncidentCause::OutcomeUnknown,
            High,
            format!("the outcome of a call of tool {} is not known", facts.tool_name),
        ),
        _ => return None,
    };
    let dedup_key = match outcome {
        // Each such call may have acted, and each has to be looked into.
        InvocationOutcome::Unknown => format!("unknown:{}", facts.invocation_id),
        _ => format!("failed:{}:{}", facts.tool_id, code.unwrap_or(codes::INTERNAL)),
    };
    Some(Opening { cause, severity, title, dedup_key, facts: about_call(facts, code) }.at(ids, now))
}

/// An answer held the credential that the server was asked with. It was taken out of what the caller got; the server
/// may have written it elsewhere too.
pub(super) fn credential_echoed(
    ids: &dyn IdSource,
    now: Timestamp,
    facts: &InvocationFacts,
    code: Option<Code>,
) -> NewIncident {
    Opening {
        cause: IncidentCause::CredentialEchoed,
        severity: High,
        title: format!(
            "tool {} sends our credential back: rotate it, and ask the supplier why",
            facts.tool_name
        ),
        dedup_key: format!("echoed:{}", facts.tool_id),
        facts: about_call(facts, code),
    }
    .at(ids, now)
}

/// A discovery or health check was cut off.
pub(super) fn exchange_unknown(stamp: &EventStamp<'_>, server_id: &str, purpose: IntentKind) -> NewIncident {
    Opening {
        cause: IncidentCause::OutcomeUnknown,
        severity: Medium,
        title: format!("the outcome of {purpose} is not known: run it again"),
        dedup_key: format!("unknown:{purpose}:{server_id}"),
        facts: json!({ "server_id": server_id, "purpose": purpose }),
    }
    .at(stamp.ids, stamp.now)
}

fn about_call(facts: &InvocationFacts, code: Option<Code>) -> Value {
    json!({
        "invocation_id": facts.invocation_id,
        "server_id": facts.server_id,
        "tool_id": facts.tool_id,
        "tool": facts.tool_name,
        "run_id": facts.run_id,
        "actor": facts.actor_id,
        "error_code": code,
    })
}

struct Opening {
    cause: IncidentCause,
    severity: IncidentSeverity,
    title: String,
    dedup_key: String,
    facts: Value,
}

impl Opening {
    fn at(self, ids: &dyn IdSource, now: Timestamp) -> NewIncident {
        NewIncident {
            incident_id: IncidentId::generate(ids),
            cause: self.cause,
            severity: self.severity,
            title: self.title,
            facts: object(self.facts),
            dedup_key: self.dedup_key,
            opened_at: now,
        }
    }
}
