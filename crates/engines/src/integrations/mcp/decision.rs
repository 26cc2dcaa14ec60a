//! May this call be made? Everything that was found out, in; one answer, out. Total, and nothing else decides.

use std::sync::Arc;

use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::context::CallContext;
use portcullis_schemas::controls::{Freeze, FreezeTarget};
use portcullis_schemas::ids::{ApprovalId, ServerId, ToolId};
use portcullis_schemas::integrations::approvals::ApprovalRule;
use portcullis_schemas::integrations::flows::DataFlows;
use portcullis_schemas::integrations::mcp::server::{DefinitionCheck, McpAuthType, McpServer};
use portcullis_schemas::integrations::mcp::tool::{ItemKind, McpTool, RiskLevel, ToolStatus};
use portcullis_schemas::integrations::toolsets::ToolsetName;
use portcullis_schemas::policies::{PolicyOutcome, ToolPolicyRequest};
use portcullis_schemas::tenants::ConfigVersion;
use portcullis_schemas::text::{RunId, Tag};
use portcullis_schemas::{Error, ErrorKind, PortError};

use super::arguments::ArgumentProblem;
use super::authentication::{NO_SUBJECT, NOT_GRANTED, not_opened};
use super::lifecycle;
use super::rounds::RoundProblem;
use crate::integrations::approvals::{ApprovalNeed, ApprovalStanding, MOST_PENDING};

#[cfg(test)]
mod tests;

/// What the decision rests on, loaded for the caller's tenant.
#[derive(Debug)]
pub struct CallFacts {
    /// The version of the configuration that server, tool, freeze, policies and credential were read from.
    pub decided_on: ConfigVersion,
    /// The server, deleted ones included.
    pub server: Arc<McpServer>,
    /// The tool.
    pub tool: Arc<McpTool>,
    /// Whether the server's list was not read for longer than what was approved is taken to stand, or not for this call where
    /// each needs it.
    pub list_is_stale: bool,
    /// The first of the call's [`freeze_targets`] that is frozen.
    pub frozen: Option<Freeze>,
    /// What the policies say, or that they cannot say.
    pub policy: Result<PolicyOutcome, PortError>,
    /// Whether the arguments fit.
    pub arguments: Result<(), ArgumentProblem>,
    /// Whether the server may use its credential.
    pub credential: CredentialVerdict,
    /// Whether it goes on from the round that it says, if it does from any.
    pub round: Result<(), RoundProblem>,
    /// How the approval stands, if the call [needs one](approval_rule).
    pub approval: ApprovalStanding,
}

/// What the credential rules say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialVerdict {
    /// The server does not authenticate.
    NotNeeded,
    /// A rule lets the server use its credential.
    Granted,
    /// No rule does, or there is no such credential.
    Denied,
    /// A rule does, but it is exchanged with the caller's access token, and the caller came with an API key.
    NoSubject,
    /// The caller has connected no account of theirs, or given no secret. Asked where a person is to approve the call;
    /// elsewhere it is seen when it is opened.
    NotConnected,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Make the call.
    Allow {
        /// Remarkable: the risk is high or critical.
        flagged: bool,
        /// The approval that it is made on.
        approval: Option<ApprovalId>,
    },
    /// Nothing objects, but a person must approve it first.
    NeedsApproval(ApprovalNeed),
    /// Refuse it.
    Deny(Denial),
}

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Stable code.
    pub code: Code,
    /// Kind, for the caller's status.
    pub kind: ErrorKind,
    /// For the caller: what is wrong and what to do next.
    pub reason: String,
    /// The step that refused.
    pub rule: DenyRule,
}

/// The steps of the decision, in order: the first that refuses speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DenyRule {
    /// The server takes no calls in its state.
    ServerState,
    /// The tool is disabled.
    ToolEnabled,
    /// The live definition is not the approved one.
    Pin,
    /// The kill switch.
    KillSwitch,
    /// No policy permits it, one forbids it, or they failed.
    Policy,
    /// The credential may not be used.
    Credential,
    /// What is live has not been looked at for too long. After all that would send nothing: it can be looked at.
    Freshness,
    /// The arguments do not fit, or cannot be judged. After all that is for the caller not to know: a schema tells what a
    /// tool is.
    Arguments,
    /// It goes on from no round that was given out for it.
    Round,
    /// A person has refused it, or too many calls wait for one.
    Approval,
    /// It was let through, again and again, by a configuration that did not hold any more when it was recorded.
    Configuration,
}

impl Denial {
    /// As an error for the caller.
    #[must_use]
    pub fn to_error(&self) -> Error {
        let error = Error::new(self.kind, self.code, self.reason.clone());
        match self.code {
            codes::ARGUMENTS_INVALID => error.with_field("arguments"),
            codes::REQUEST_STATE_REFUSED => error.with_field("requestState"),
            _ => error,
        }
    }

    /// The kill switch was found thrown.
    #[must_use]
    pub fn frozen(target: &FreezeTarget) -> Self {
        let what = match target {
            FreezeTarget::Tenant => "all calls of this tenant are",
            FreezeTarget::Key(_) => "this key is",
            FreezeTarget::Server(_) => "this server is",
            FreezeTarget::Tool(_) => "this tool is",
            _ => "it is",
        };
        let reason = format!("{what} frozen by the kill switch: ask an admin to release it");
        Self { code: codes::FROZEN, kind: ErrorKind::Denied, reason, rule: DenyRule::KillSwitch }
    }

    /// The caller brings no access token to exchange.
    #[must_use]
    pub fn no_subject() -> Self {
        Self {
            code: codes::ACCESS_TOKEN_REQUIRED,
            kind: ErrorKind::Conflict,
            reason: NO_SUBJECT.to_owned(),
            rule: DenyRule::Credential,
        }
    }

    /// The caller has no account or secret there.
    #[must_use]
    pub fn not_connected() -> Self {
        Self {
            code: codes::CONNECTION_REQUIRED,
            kind: ErrorKind::Conflict,
            reason: not_opened(codes::CONNECTION_REQUIRED).to_owned(),
            rule: DenyRule::Credential,
        }
    }

    /// The configuration did not stand still for as long as it takes to record an intent.
    #[must_use]
    pub fn unsettled() -> Self {
        let reason = "the tenant's configuration keeps changing while this is judged, so nothing was done: \
                      retry when the changes have ended";
        Self {
            code: codes::CONFIGURATION_UNSETTLED,
            kind: ErrorKind::Unavailable,
            reason: reason.to_owned(),
            rule: DenyRule::Configuration,
        }
    }
}

/// Decides. Default is to deny: a policy must permit the call, and nothing else may object.
#[must_use]
pub fn decide(facts: &CallFacts) -> Decision {
    let objections = [
        judge_server,
        judge_enabled,
        judge_pin,
        judge_frozen,
        judge_policy,
        judge_credential,
        judge_freshness,
        judge_arguments,
        judge_round,
    ];
    match objections.iter().find_map(|object| object(facts)) {
        Some(denial) => Decision::Deny(denial),
        None => judge_approval(facts),
    }
}

/// Whether a tool takes calls at all, whatever becomes of one: it is there, enabled, and has the definition that was approved.
#[must_use]
pub fn takes_calls(tool: &McpTool) -> bool {
    is_there(tool) && is_pinned(tool)
}

/// Who must approve the call: the strictest of what the tool and the policies that permit it ask for.
#[must_use]
pub fn approval_rule(facts: &CallFacts) -> ApprovalRule {
    let asked = facts.policy.as_ref().map_or(ApprovalRule::None, |outcome| outcome.approval);
    facts.tool.approval.max(asked)
}

/// What can freeze a call, from the widest to the narrowest.
#[must_use]
pub fn freeze_targets(ctx: &CallContext, server: &ServerId, tool: Option<&ToolId>) -> Vec<FreezeTarget> {
    let mut targets = vec![
        FreezeTarget::Tenant,
        FreezeTarget::Key(ctx.principal.key().clone()),
        FreezeTarget::Server(server.clone()),
    ];
    targets.extend(tool.cloned().map(FreezeTarget::Tool));
    targets
}

/// How a call is made, besides by whom and of what.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The run, if the caller named one.
    pub run_id: Option<&'a RunId>,
    /// The toolset that it comes through, if the caller did not name the tool itself.
    pub toolset: Option<&'a ToolsetName>,
    /// What the run has touched, with this call.
    pub flows: DataFlows,
}

/// The question to the policies.
#[must_use]
pub fn policy_request(
    ctx: &CallContext,
    server: &McpServer,
    tool: &McpTool,
    how: Circumstances<'_>,
) -> ToolPolicyRequest {
    ToolPolicyRequest {
        key_id: ctx.principal.key().to_string(),
        actor: ctx.principal.actor().to_owned(),
        actor_type: ctx.principal.actor_type(),
        server_id: server.server_id.to_string(),
        server_name: server.name.to_string(),
        server_tags: server.tags.iter().map(Tag::to_string).collect(),
        kind: tool.kind,
        tool_id: tool.tool_id.to_string(),
        tool_name: tool.name.clone(),
        risk: tool.risk_level,
        // Of a tool an untrusted claim, and one that the other hints may contradict.
        read_only: tool.kind != ItemKind::Tool
            || (tool.annotations.read_only == Some(true) && tool.annotations.destructive != Some(true)),
        run_id: how.run_id.map(RunId::to_string),
        toolset: how.toolset.map(ToolsetName::to_string),
        flows: how.flows,
    }
}

/// Last of all: a person is asked only about what nothing else refuses.
fn judge_approval(facts: &CallFacts) -> Decision {
    let flagged = facts.tool.risk_level >= RiskLevel::High;
    let rule = approval_rule(facts);
    if rule == ApprovalRule::None {
        return Decision::Allow { flagged, approval: None };
    }
    let refused =
        |kind, code, reason| Decision::Deny(Denial { code, kind, reason, rule: DenyRule::Approval });
    match &facts.approval {
        ApprovalStanding::Granted(id) | ApprovalStanding::Carried(id) => {
            Decision::Allow { flagged, approval: Some(id.clone()) }
        }
        ApprovalStanding::NotAsked => Decision::NeedsApproval(ApprovalNeed { rule, waiting: None }),
        ApprovalStanding::Pending { id, expires_at } => {
            Decision::NeedsApproval(ApprovalNeed { rule, waiting: Some((id.clone(), *expires_at)) })
        }
        ApprovalStanding::Denied { id, reason } => refused(
            ErrorKind::Denied,
            codes::APPROVAL_DENIED,
            format!("a person has refused this call ({id}): {reason}"),
        ),
        ApprovalStanding::NotGiven => refused(
            ErrorKind::Denied,
            codes::APPROVAL_REQUIRED,
            "a person must approve each use of it, and nobody is asked for completions: give the argument without"
                .to_owned(),
        ),
        ApprovalStanding::Full => refused(
            ErrorKind::RateLimited,
            codes::APPROVALS_FULL,
            format!(
                "{MOST_PENDING} calls of this key wait for an approval already: let people decide on those first"
            ),
        ),
    }
}

fn is_there(tool: &McpTool) -> bool {
    tool.enabled && tool.vanished_at.is_none()
}

fn is_pinned(tool: &McpTool) -> bool {
    tool.status == ToolStatus::Approved && tool.pinned_hash.as_ref() == Some(&tool.definition_hash)
}

fn judge_server(facts: &CallFacts) -> Option<Denial> {
    let status = facts.server.status;
    let reason = || {
        format!(
            "the server is {status}, expected active or degraded: enable it if it is disabled, and discover it"
        )
    };
    deny_if(
        !lifecycle::takes_calls(status),
        DenyRule::ServerState,
        codes::SERVER_NOT_ACTIVE,
        ErrorKind::Conflict,
        reason,
    )
}

fn judge_enabled(facts: &CallFacts) -> Option<Denial> {
    let reason = || match facts.tool.vanished_at {
        None => "the tool is disabled: ask an admin to enable it".to_owned(),
        Some(_) => "the server no longer lists this tool: discover it again".to_owned(),
    };
    deny_if(!is_there(&facts.tool), DenyRule::ToolEnabled, codes::TOOL_DISABLED, ErrorKind::Denied, reason)
}

/// Both the mark and the hashes, so that a stored contradiction refuses.
fn judge_pin(facts: &CallFacts) -> Option<Denial> {
    let tool = &facts.tool;
    let why = tool.quarantine_reason.map_or("definition_changed", |reason| reason.as_str());
    let reason = || format!("the tool is quarantined ({why}): an admin must approve its live definition");
    deny_if(!is_pinned(tool), DenyRule::Pin, codes::TOOL_QUARANTINED, ErrorKind::Denied, reason)
}

/// What was approved may be another thing by now, and nobody could look.
fn judge_freshness(facts: &CallFacts) -> Option<Denial> {
    let what = match facts.server.definition_check {
        DefinitionCheck::EachCall => {
            "the server's list of tools could not be read for this call, and its definitions are checked at each: try \
             again later, and an admin must find out why"
        }
        _ => {
            "the server's list of tools could not be read for too long: an admin must find out why, and discover it"
        }
    };
    let reason = || what.to_owned();
    deny_if(facts.list_is_stale, DenyRule::Freshness, codes::LIST_STALE, ErrorKind::Conflict, reason)
}

fn judge_frozen(facts: &CallFacts) -> Option<Denial> {
    facts.frozen.as_ref().map(|freeze| Denial::frozen(&freeze.target))
}

fn judge_arguments(facts: &CallFacts) -> Option<Denial> {
    let (code, kind, reason) = match facts.arguments.as_ref().err()? {
        ArgumentProblem::Invalid(what) => (codes::ARGUMENTS_INVALID, ErrorKind::Invalid, what.clone()),
        ArgumentProblem::SchemaUnusable(why) => {
            let reason = format!("the tool's input schema cannot be used: {why}");
            (codes::SCHEMA_UNUSABLE, ErrorKind::Conflict, reason)
        }
    };
    Some(Denial { code, kind, reason, rule: DenyRule::Arguments })
}

fn judge_round(facts: &CallFacts) -> Option<Denial> {
    let problem = facts.round.err()?;
    let (code, kind) = (codes::REQUEST_STATE_REFUSED, ErrorKind::Invalid);
    Some(Denial { code, kind, reason: problem.reason().to_owned(), rule: DenyRule::Round })
}

fn judge_policy(facts: &CallFacts) -> Option<Denial> {
    let reason = || match &facts.policy {
        Ok(outcome) => outcome.reason.clone().unwrap_or_else(|| "no policy permits this call".to_owned()),
        Err(_) => "policy error".to_owned(),
    };
    let permitted = facts.policy.as_ref().is_ok_and(|outcome| outcome.permitted);
    deny_if(!permitted, DenyRule::Policy, codes::POLICY_DENIED, ErrorKind::Denied, reason)
}

fn judge_credential(facts: &CallFacts) -> Option<Denial> {
    match facts.credential {
        CredentialVerdict::NoSubject => return Some(Denial::no_subject()),
        CredentialVerdict::NotConnected => return Some(Denial::not_connected()),
        CredentialVerdict::NotNeeded | CredentialVerdict::Granted | CredentialVerdict::Denied => {}
    }
    let needs_none = facts.server.auth_type == McpAuthType::None;
    let granted = facts.credential == CredentialVerdict::Granted && facts.server.credential_ref.is_some();
    let reason = || NOT_GRANTED.to_owned();
    deny_if(
        !needs_none && !granted,
        DenyRule::Credential,
        codes::CREDENTIAL_DENIED,
        ErrorKind::Denied,
        reason,
    )
}

fn deny_if(
    refused: bool,
    rule: DenyRule,
    code: Code,
    kind: ErrorKind,
    reason: impl FnOnce() -> String,
) -> Option<Denial> {
    refused.then(|| Denial { code, kind, reason: reason(), rule })
}
