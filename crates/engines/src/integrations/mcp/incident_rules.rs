//! When a person should look: the incidents of MCP servers, tools and calls.
//!
//! A `dedup_key` names cause and thing, so that what repeats is counted and does not flood. Facts are ids, names,
//! codes and hashes; no value of a call and no text of an upstream.

use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::ids::{IncidentId, KeyId, ServerId};
use portcullis_schemas::incidents::IncidentSeverity::{self, Critical, High, Low, Medium};
use portcullis_schemas::incidents::{IncidentCause, NewIncident};
use portcullis_schemas::integrations::flows::{DataFlows, FlowLevel};
use portcullis_schemas::integrations::mcp::invocation::InvocationFacts;
use portcullis_schemas::integrations::mcp::server::{McpServer, RefusedDefinition};
use portcullis_schemas::integrations::mcp::tool::{McpTool, RiskLevel};
use portcullis_schemas::integrations::mcp::wire::{Conduct, McpFailure};
use portcullis_schemas::logs::ledger::IntentKind;
use portcullis_schemas::runtime::IdSource;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_trail::sha256;
use serde_json::{Value, json};

use super::events::{EventStamp, object};
use super::rounds::RoundProblem;

/// What is said of who holds our credential and writes it where it does not belong.
const ECHOES: &str = "sends our credential back: rotate it, and ask the supplier why";
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
        severity: refused.iter().map(|one| severity_of(&one.rule)).max().unwrap_or(Low),
        title: format!("server {} lists {} definitions that are refused", server.name, refused.len()),
        dedup_key: format!("definition:{}:{}", server.server_id, sha256(marks.join("\n").as_bytes())),
        facts: json!({ "server_id": server.server_id, "count": refused.len(), "refused": named }),
    };
    Some(opening.at(stamp.ids, stamp.now))
}

/// A definition wants an argument that sounds like a secret to be sent as a header as well.
pub(super) fn secret_mirrored(stamp: &EventStamp<'_>, tool: &McpTool) -> NewIncident {
    Opening {
        cause: IncidentCause::SecretMirrored,
        severity: Low,
        title: format!(
            "tool {} wants an argument that sounds like a secret in a header: look before you approve it",
            tool.name
        ),
        dedup_key: format!("mirrored:{}:{}", tool.tool_id, tool.definition_hash),
        facts: json!({ "server_id": tool.server_id, "tool_id": tool.tool_id, "tool": tool.name }),
    }
    .at(stamp.ids, stamp.now)
}

/// A server says that its list is everybody's, and shows one caller what it does not show another: whoever believes it
/// shows each what the other may see. A server that has given up a tool and adds one looks the same.
pub(super) fn list_not_public(stamp: &EventStamp<'_>, server: &McpServer) -> NewIncident {
    Opening {
        cause: IncidentCause::UpstreamConduct,
        severity: Low,
        title: format!(
            "server {} says that its list is the same for everybody, and it is another than a caller was given before",
            server.name
        ),
        dedup_key: format!("public:{}", server.server_id),
        facts: json!({ "server_id": server.server_id, "cache_scope": "public" }),
    }
    .at(stamp.ids, stamp.now)
}

/// Names and texts that deceive, and schemas that reach out, are no mistakes; a schema that costs too much may be one.
fn severity_of(rule: &str) -> IncidentSeverity {
    match rule {
        "name" | "duplicate_name" | "hidden_characters" | "schema" => High,
        "schema_cost" => Low,
        _ => Medium,
    }
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

/// A refusal that a person should see: a critical tool that policies do not permit, one that sends in a run that holds what
/// should not go out (`tool_sends`), a list that is not read any more, a state that `key` was not given for what it is
/// brought with.
pub(super) fn for_refusal(
    ids: &dyn IdSource,
    now: Timestamp,
    facts: &InvocationFacts,
    code: Code,
    key: &KeyId,
    round: Result<(), RoundProblem>,
    tool_sends: bool,
) -> Option<NewIncident> {
    if code == codes::LIST_STALE {
        return Some(list_stale(ids, now, facts));
    }
    if code == codes::REQUEST_STATE_REFUSED {
        return round
            .err()
            .filter(|problem| problem.is_forgery())
            .map(|_| state_forged(ids, now, facts, key));
    }
    if code != codes::POLICY_DENIED {
        return None;
    }
    if facts.risk_level != RiskLevel::Critical {
        let is_leak = tool_sends && facts.flows.is_some_and(leaks);
        return is_leak.then(|| flow_held(ids, now, facts, key));
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

/// All three that it takes, each for certain, with the call in question.
fn leaks(flows: DataFlows) -> bool {
    [flows.private_reads, flows.untrusted_reads, flows.egress] == [FlowLevel::Yes; 3]
}

/// What strangers wrote may speak by the agent here. One for each key and tool: what repeats is counted.
fn flow_held(ids: &dyn IdSource, now: Timestamp, facts: &InvocationFacts, key: &KeyId) -> NewIncident {
    Opening {
        cause: IncidentCause::FlowHeld,
        severity: Low,
        title: format!(
            "policy refused tool {}, which sends, in a run that with it holds private data and what strangers wrote",
            facts.tool_name
        ),
        dedup_key: format!("flow:{key}:{}", facts.tool_id),
        facts: about_call(facts, Some(codes::POLICY_DENIED)),
    }
    .at(ids, now)
}

/// Stolen, made up, or brought with another request: an agent that keeps to the protocol does none of it. One for each key.
fn state_forged(ids: &dyn IdSource, now: Timestamp, facts: &InvocationFacts, key: &KeyId) -> NewIncident {
    Opening {
        cause: IncidentCause::StateForged,
        severity: High,
        title: format!("{} goes on from a round that was not given out to it", facts.actor_id),
        dedup_key: format!("state:{key}"),
        facts: about_call(facts, Some(codes::REQUEST_STATE_REFUSED)),
    }
    .at(ids, now)
}

/// A server's list could not be read for so long that its tools are refused, or not for a call that needs it.
fn list_stale(ids: &dyn IdSource, now: Timestamp, facts: &InvocationFacts) -> NewIncident {
    Opening {
        cause: IncidentCause::ListStale,
        severity: Low,
        title: "a server's list of tools cannot be read; calls of its tools are refused".to_owned(),
        dedup_key: format!("stale:{}", facts.server_id),
        facts: about_call(facts, Some(codes::LIST_STALE)),
    }
    .at(ids, now)
}

/// What of a call's end the rules look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutcomeFacts {
    pub(super) code: Option<Code>,
    pub(super) conduct: Conduct,
    pub(super) is_sanitised: bool,
    pub(super) is_credential_echoed: bool,
}

/// What the end of a call asks for. The loudest speaks: a call has one incident at most.
pub(super) fn for_outcome(
    ids: &dyn IdSource,
    now: Timestamp,
    facts: &InvocationFacts,
    ended: &OutcomeFacts,
) -> Option<NewIncident> {
    let tool = &facts.tool_name;
    let (cause, severity, title, dedup_key) = if ended.is_credential_echoed {
        // It was taken out of what the caller got; the server may have written it elsewhere too.
        let title = format!("tool {tool} {ECHOES}");
        (IncidentCause::CredentialEchoed, High, title, format!("echoed:{}", facts.tool_id))
    } else if let Some((cause, severity)) = rule_of(ended) {
        let code = ended.code.map_or("answered", Code::as_str);
        let title = match cause {
            IncidentCause::UpstreamConduct if severity == High => {
                format!("the server of tool {tool} reaches for what is not its own ({code})")
            }
            IncidentCause::UpstreamConduct if ended.code == Some(codes::UPSTREAM_TOKEN_UNUSABLE) => {
                format!("the authorization server of tool {tool} gives tokens that may not be used ({code})")
            }
            IncidentCause::UpstreamConduct => {
                format!("the server of tool {tool} breaks the protocol as no correct one does ({code})")
            }
            IncidentCause::OutcomeUnknown => format!("the outcome of a call of tool {tool} is not known"),
            IncidentCause::ResultSanitised => {
                format!("results of tool {tool} are not handed on whole ({code})")
            }
            _ => format!("calls of tool {tool} fail ({code})"),
        };
        let dedup_key = match cause {
            // Each such call may have acted, and each has to be looked into.
            IncidentCause::OutcomeUnknown => format!("unknown:{}", facts.invocation_id),
            IncidentCause::InvocationFailed => format!("failed:{}:{code}", facts.tool_id),
            cause => format!("{cause}:{severity}:{}:{code}", facts.tool_id),
        };
        (cause, severity, title, dedup_key)
    } else {
        return None;
    };
    Some(Opening { cause, severity, title, dedup_key, facts: about_call(facts, ended.code) }.at(ids, now))
}

/// The table. A tool's own error is data, slowness, a caller who leaves and one who has connected no account yet are everyday
/// things, and so are answers that are merely broken. A server that does what only an attack needs is heard of, also where
/// the call succeeded.
fn rule_of(ended: &OutcomeFacts) -> Option<(IncidentCause, IncidentSeverity)> {
    use IncidentCause::{InvocationFailed, OutcomeUnknown, ResultSanitised, UpstreamConduct};
    let by_conduct = match ended.conduct {
        Conduct::Overreach => Some((UpstreamConduct, High)),
        Conduct::Breach => Some((UpstreamConduct, Low)),
        Conduct::Fair => None,
    };
    let by_code = match ended.code {
        None if ended.is_sanitised => Some((ResultSanitised, Low)),
        None => None,
        Some(codes::TOOL_ERROR) => ended.is_sanitised.then_some((ResultSanitised, Low)),
        Some(
            codes::CANCELLED
            | codes::CONNECTION_REQUIRED
            | codes::ACCESS_TOKEN_REQUIRED
            | codes::UPSTREAM_TIMEOUT
            | codes::UPSTREAM_PROTOCOL
            | codes::JSON_TEXT
            | codes::ELICITATION_REQUIRED
            | codes::URL_ELICITATION_REQUIRED
            | codes::SAMPLING_REQUIRED
            | codes::SAMPLING_TOOLS_REQUIRED
            | codes::ROOTS_REQUIRED,
        ) => None,
        Some(codes::DEADLINE_EXCEEDED) => Some((InvocationFailed, Low)),
        Some(codes::OUTCOME_UNKNOWN) => Some((OutcomeUnknown, Low)),
        Some(codes::CONTENT_REFUSED) => Some((ResultSanitised, Low)),
        Some(
            codes::UPSTREAM_TOO_LARGE
            | codes::UPSTREAM_TLS
            | codes::UPSTREAM_INCOMPATIBLE
            | codes::JSON_DEPTH
            | codes::JSON_NODES,
        ) => Some((UpstreamConduct, Low)),
        Some(
            codes::UPSTREAM_REDIRECT
            | codes::EGRESS_REFUSED
            | codes::ID_MISMATCH
            | codes::INPUT_REFUSED
            | codes::STATE_REFUSED
            | codes::UPSTREAM_TOKEN_UNUSABLE,
        ) => Some((UpstreamConduct, High)),
        Some(_) => Some((InvocationFailed, Medium)),
    };
    match (by_conduct, by_code) {
        (Some(conduct), Some(code)) if conduct.1 >= code.1 => Some(conduct),
        (conduct, code) => code.or(conduct),
    }
}

/// The gateway stopped between the record of a call and that of its outcome.
pub(super) fn cut_off(ids: &dyn IdSource, now: Timestamp, facts: &InvocationFacts) -> NewIncident {
    Opening {
        cause: IncidentCause::OutcomeUnknown,
        severity: High,
        title: format!("the outcome of a call of tool {} is not known", facts.tool_name),
        dedup_key: format!("unknown:{}", facts.invocation_id),
        facts: about_call(facts, Some(codes::OUTCOME_UNKNOWN)),
    }
    .at(ids, now)
}

/// What the end of a discovery or health check asks for. That it failed is told to who had it made, or leads to
/// [`server_offline`]; a server that does what only an attack needs is heard of besides.
pub(super) fn for_exchange(
    stamp: &EventStamp<'_>,
    server: &ServerId,
    purpose: IntentKind,
    failure: &McpFailure,
) -> Option<NewIncident> {
    let code = failure.code;
    let (cause, title, dedup_key) = if failure.is_credential_echoed {
        (IncidentCause::CredentialEchoed, format!("a server {ECHOES}"), format!("echoed:{server}"))
    } else {
        let title = match code {
            codes::ISSUER_MISMATCH => "a server's authorization server gives itself out for another",
            codes::UPSTREAM_TOKEN_UNUSABLE => {
                "a server's authorization server gives tokens that may not be used"
            }
            _ if failure.conduct == Conduct::Overreach => "a server reaches for what is not its own",
            _ => return None,
        };
        let dedup_key = format!("{}:{High}:{server}:{code}", IncidentCause::UpstreamConduct);
        (IncidentCause::UpstreamConduct, format!("{title} ({code})"), dedup_key)
    };
    let facts = json!({ "server_id": server, "purpose": purpose, "error_code": code });
    Some(Opening { cause, severity: High, title, dedup_key, facts }.at(stamp.ids, stamp.now))
}

/// A discovery or health check was cut off. Nothing is owed to who listened: whoever uses the server next listens again.
pub(super) fn exchange_unknown(
    stamp: &EventStamp<'_>,
    server_id: &str,
    purpose: IntentKind,
) -> Option<NewIncident> {
    let opening = Opening {
        cause: IncidentCause::OutcomeUnknown,
        severity: Medium,
        title: format!("the outcome of {purpose} is not known: run it again"),
        dedup_key: format!("unknown:{purpose}:{server_id}"),
        facts: json!({ "server_id": server_id, "purpose": purpose }),
    };
    (purpose != IntentKind::ListenForChanges).then(|| opening.at(stamp.ids, stamp.now))
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
