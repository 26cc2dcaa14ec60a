//! Events of tool calls with the least that they must hold.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{EventId, TenantId};
use portcullis_schemas::integrations::mcp::invocation::{InvocationOutcome, McpToolInvocation};
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_schemas::logs::ledger::FailureFacts;
use portcullis_schemas::logs::ports::{MCPAuditEmitterPort, ToolEventContext};
use portcullis_schemas::runtime::{Clock, IdSource};
use portcullis_schemas::timestamp::Timestamp;
use serde_json::{Map, Value};

/// An [`MCPAuditEmitterPort`] whose events name the call, its outcome and its code, and nothing else.
pub struct PlainEmitter {
    ids: Arc<dyn IdSource>,
    clock: Arc<dyn Clock>,
}

impl PlainEmitter {
    /// An emitter with these ids and this time.
    pub fn new(ids: Arc<dyn IdSource>, clock: Arc<dyn Clock>) -> Self {
        Self { ids, clock }
    }

    fn draft(
        &self,
        event_type: AuditEventType,
        call: ToolEventContext<'_>,
        facts: &[(&str, Option<&str>)],
    ) -> AuditEventDraft {
        let text = |(name, value): &(&str, Option<&str>)| {
            value.map(|value| ((*name).to_owned(), Value::from(value)))
        };
        AuditEventDraft {
            event_id: EventId::generate(self.ids.as_ref()),
            event_type,
            occurred_at: self.clock.now(),
            actor: call.actor.clone(),
            request_id: Some(call.facts.request_id.clone()),
            subject: vec![
                ("invocation_id", call.facts.invocation_id.to_string()),
                ("server_id", call.facts.server_id.to_string()),
                ("tool_id", call.facts.tool_id.to_string()),
            ],
            facts: facts.iter().filter_map(text).collect::<Map<_, _>>(),
        }
    }

    fn ended(
        &self,
        event_type: AuditEventType,
        call: ToolEventContext<'_>,
        invocation: &McpToolInvocation,
    ) -> AuditEventDraft {
        let started_at = invocation.started_at.map(|time| time.to_string());
        let facts = [
            ("outcome", Some(invocation.outcome.as_str())),
            ("error_code", invocation.error_code.as_deref()),
            ("started_at", started_at.as_deref()),
        ];
        self.draft(event_type, call, &facts)
    }
}

impl std::fmt::Debug for PlainEmitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlainEmitter")
    }
}

#[async_trait]
impl MCPAuditEmitterPort for PlainEmitter {
    async fn emit_tool_requested(
        &self,
        _: &TenantId,
        call: ToolEventContext<'_>,
    ) -> Result<AuditEventDraft, PortError> {
        Ok(self.draft(
            AuditEventType::ToolInvocationRequested,
            call,
            &[("input_hash", Some(&call.facts.input_hash))],
        ))
    }

    async fn emit_tool_allowed(
        &self,
        _: &TenantId,
        call: ToolEventContext<'_>,
    ) -> Result<AuditEventDraft, PortError> {
        Ok(self.draft(AuditEventType::ToolInvocationAllowed, call, &[]))
    }

    async fn emit_tool_denied(
        &self,
        _: &TenantId,
        call: ToolEventContext<'_>,
        failure: &FailureFacts,
    ) -> Result<AuditEventDraft, PortError> {
        let facts = [("error_code", Some(failure.code.as_str()))];
        Ok(self.draft(AuditEventType::ToolInvocationDenied, call, &facts))
    }

    async fn emit_tool_started(
        &self,
        _: &TenantId,
        _: ToolEventContext<'_>,
        _: Timestamp,
    ) -> Result<(), PortError> {
        Ok(())
    }

    async fn emit_tool_completed(
        &self,
        _: &TenantId,
        call: ToolEventContext<'_>,
        invocation: &McpToolInvocation,
    ) -> Result<AuditEventDraft, PortError> {
        Ok(self.ended(AuditEventType::ToolInvocationCompleted, call, invocation))
    }

    async fn emit_tool_failed(
        &self,
        _: &TenantId,
        call: ToolEventContext<'_>,
        invocation: &McpToolInvocation,
    ) -> Result<AuditEventDraft, PortError> {
        let event_type = match invocation.outcome {
            InvocationOutcome::Unknown => AuditEventType::ToolInvocationUnknown,
            _ => AuditEventType::ToolInvocationFailed,
        };
        Ok(self.ended(event_type, call, invocation))
    }
}
