//! The events of a tool call. Their shapes are contracts (snapshots): an auditor reads them years later.
//!
//! Never a value of an argument or a result: keyed hashes, sizes, names and types only.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{EventId, TenantId};
use portcullis_schemas::integrations::mcp::input::{CallRound, InputKind};
use portcullis_schemas::integrations::mcp::invocation::{
    CallMethod, CalledThrough, InvocationFacts, InvocationOutcome, McpToolInvocation, Sanitised,
};
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_schemas::logs::ledger::FailureFacts;
use portcullis_schemas::logs::ports::{MCPAuditEmitterPort, ToolEventContext};
use portcullis_schemas::runtime::{Clock, IdSource};
use portcullis_schemas::timestamp::Timestamp;
use serde_json::{Map, Value};

/// Makes the events, and keeps and sends nothing: the ledger writes what it returns. It does not fail.
#[derive(Clone)]
pub struct ToolAuditEmitter {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl ToolAuditEmitter {
    /// An emitter.
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { clock, ids }
    }

    fn draft(
        &self,
        event_type: AuditEventType,
        call: ToolEventContext<'_>,
        facts: Map<String, Value>,
    ) -> AuditEventDraft {
        AuditEventDraft {
            event_id: EventId::generate(self.ids.as_ref()),
            event_type,
            occurred_at: self.clock.now(),
            actor: call.actor.clone(),
            request_id: Some(call.facts.request_id.clone()),
            subject: subject(call.facts),
            facts,
        }
    }
}

impl std::fmt::Debug for ToolAuditEmitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToolAuditEmitter").finish_non_exhaustive()
    }
}

#[async_trait]
impl MCPAuditEmitterPort for ToolAuditEmitter {
    async fn emit_tool_requested(
        &self,
        _tenant: &TenantId,
        call: ToolEventContext<'_>,
    ) -> Result<AuditEventDraft, PortError> {
        Ok(self.draft(AuditEventType::ToolInvocationRequested, call, requested(call)))
    }

    async fn emit_tool_allowed(
        &self,
        _tenant: &TenantId,
        call: ToolEventContext<'_>,
    ) -> Result<AuditEventDraft, PortError> {
        Ok(self.draft(AuditEventType::ToolInvocationAllowed, call, decided(call.facts)))
    }

    async fn emit_tool_denied(
        &self,
        _tenant: &TenantId,
        call: ToolEventContext<'_>,
        failure: &FailureFacts,
    ) -> Result<AuditEventDraft, PortError> {
        let mut facts = decided(call.facts);
        put(&mut facts, "code", Some(failure.code.as_str()));
        put(&mut facts, "reason", Some(failure.message.as_str()));
        Ok(self.draft(AuditEventType::ToolInvocationDenied, call, facts))
    }

    async fn emit_tool_started(
        &self,
        _tenant: &TenantId,
        _call: ToolEventContext<'_>,
        _started_at: Timestamp,
    ) -> Result<(), PortError> {
        Ok(())
    }

    async fn emit_tool_completed(
        &self,
        _tenant: &TenantId,
        call: ToolEventContext<'_>,
        invocation: &McpToolInvocation,
    ) -> Result<AuditEventDraft, PortError> {
        Ok(self.draft(AuditEventType::ToolInvocationCompleted, call, ended(invocation)))
    }

    async fn emit_tool_failed(
        &self,
        _tenant: &TenantId,
        call: ToolEventContext<'_>,
        invocation: &McpToolInvocation,
    ) -> Result<AuditEventDraft, PortError> {
        let event_type = match invocation.outcome {
            InvocationOutcome::Unknown => AuditEventType::ToolInvocationUnknown,
            _ => AuditEventType::ToolInvocationFailed,
        };
        Ok(self.draft(event_type, call, ended(invocation)))
    }
}

fn subject(facts: &InvocationFacts) -> Vec<(&'static str, String)> {
    let mut subject = vec![("invocation_id", facts.invocation_id.to_string())];
    if let Some(run_id) = &facts.run_id {
        subject.push(("run_id", run_id.to_string()));
    }
    subject.push(("server_id", facts.server_id.to_string()));
    subject.push(("tool_id", facts.tool_id.to_string()));
    subject
}

/// What was asked for.
fn requested(call: ToolEventContext<'_>) -> Map<String, Value> {
    let known = call.facts;
    let mut facts = Map::new();
    // Where none stands it is a call of a tool, as in the events of earlier versions.
    put(&mut facts, "method", (known.method != CallMethod::CallTool).then_some(known.method.as_str()));
    put(&mut facts, "tool_name", Some(known.tool_name.as_str()));
    put(&mut facts, "risk_level", Some(known.risk_level.as_str()));
    put(&mut facts, "input_hash", Some(known.input_hash.as_str()));
    put(&mut facts, "input_preview", known.input_preview.as_deref());
    put(&mut facts, "pinned_hash", known.pinned_hash.as_deref());
    put(&mut facts, "step_index", known.step_index);
    put(&mut facts, "through", known.through.as_ref().map(through));
    put(&mut facts, "round", known.round.as_ref().map(round));
    put(&mut facts, "traceparent", call.traceparent);
    put(&mut facts, "invoked_at", Some(known.invoked_at.to_string()));
    facts
}

/// What was decided, on what, by which policies.
fn decided(known: &InvocationFacts) -> Map<String, Value> {
    let mut facts = Map::new();
    put(&mut facts, "policy_decision", Some(known.policy_decision.as_str()));
    put(&mut facts, "policy_ids", Some(known.policy_ids.clone()));
    put(&mut facts, "policy_version", Some(known.policy_version));
    put(&mut facts, "policy_reason", known.policy_reason.as_deref());
    put(&mut facts, "flows", known.flows.and_then(|flows| serde_json::to_value(flows).ok()));
    put(&mut facts, "approval_id", known.approval_id.as_ref().map(ToString::to_string));
    put(&mut facts, "risk_level", Some(known.risk_level.as_str()));
    put(&mut facts, "input_hash", Some(known.input_hash.as_str()));
    put(&mut facts, "pinned_hash", known.pinned_hash.as_deref());
    facts
}

/// How it ended.
fn ended(invocation: &McpToolInvocation) -> Map<String, Value> {
    let mut facts = Map::new();
    put(&mut facts, "outcome", Some(invocation.outcome.as_str()));
    put(&mut facts, "error_code", invocation.error_code.as_deref());
    put(&mut facts, "input_hash", Some(invocation.facts.input_hash.as_str()));
    put(&mut facts, "output_hash", invocation.output_hash.as_deref());
    put(&mut facts, "output_bytes", invocation.output_bytes);
    put(&mut facts, "sanitised", invocation.sanitised.as_ref().map(sanitised));
    let kinds = |asked: &Vec<InputKind>| asked.iter().map(|kind| kind.as_str()).collect::<Vec<_>>();
    put(&mut facts, "asked", invocation.asked.as_ref().map(kinds));
    put(&mut facts, "started_at", invocation.started_at.map(|time| time.to_string()));
    put(&mut facts, "completed_at", Some(invocation.completed_at.to_string()));
    put(&mut facts, "duration_ms", Some(invocation.duration_ms));
    put(&mut facts, "incident_id", invocation.incident_id.as_ref().map(ToString::to_string));
    facts
}

/// What was taken out of the result; of what it was, only the hash.
fn sanitised(taken: &Sanitised) -> Value {
    let mut facts = Map::new();
    put(&mut facts, "hidden_characters", Some(taken.hidden_characters));
    put(&mut facts, "links", Some(taken.links));
    put(&mut facts, "icons", Some(taken.icons));
    put(&mut facts, "members", Some(taken.members));
    put(&mut facts, "credential", Some(taken.credential));
    put(&mut facts, "received_hash", Some(taken.received_hash.as_str()));
    Value::Object(facts)
}

/// By which toolset the tool was named, and as what.
fn through(known: &CalledThrough) -> Value {
    let mut facts = Map::new();
    put(&mut facts, "toolset_id", Some(known.toolset_id.as_str()));
    put(&mut facts, "toolset_version", Some(known.toolset_version));
    put(&mut facts, "name", Some(known.name.as_str()));
    Value::Object(facts)
}

/// Which call it goes on from, and with which answers.
fn round(known: &CallRound) -> Value {
    let mut facts = Map::new();
    put(&mut facts, "number", Some(known.number));
    put(&mut facts, "continues", Some(known.continues.as_str()));
    put(&mut facts, "responses_hash", known.responses_hash.as_deref());
    Value::Object(facts)
}

/// A fact that is not known is left out.
fn put(facts: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        facts.insert(name.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests;
