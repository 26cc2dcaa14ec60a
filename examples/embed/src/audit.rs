//! The service's own audit sink: every event of a tool call also goes to the service's log. No log, no call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use portcullis::PortError;
use portcullis::ids::TenantId;
use portcullis::ports::{AuditEventDraft, FailureFacts, MCPAuditEmitterPort, ToolEventContext};
use portcullis::records::{McpToolInvocation, Timestamp};
use serde_json::{Map, Value, json};

/// The service's log: in memory here, a SIEM or a message bus in a real service.
#[derive(Default)]
pub struct LogSink {
    lines: Mutex<Vec<Value>>,
    down: AtomicBool,
}

impl LogSink {
    /// Takes the sink down, or brings it back.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// What it was sent.
    pub fn lines(&self) -> Vec<Value> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn ship(&self, line: Value) -> Result<(), PortError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(PortError::unavailable("the help desk's log takes no lines"));
        }
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        Ok(())
    }
}

/// Ships what the emitter within makes. It must not change the events: the ledger writes what it returns.
pub struct ShippingEmitter {
    inner: Arc<dyn MCPAuditEmitterPort>,
    sink: Arc<LogSink>,
}

impl ShippingEmitter {
    /// Wraps an emitter.
    pub fn new(inner: Arc<dyn MCPAuditEmitterPort>, sink: Arc<LogSink>) -> Self {
        Self { inner, sink }
    }

    /// An error here refuses the call if it has not been made yet. Afterwards the trail records the outcome all the
    /// same, and marks its event with `emitter_failed`.
    fn ship(&self, tenant: &TenantId, event: AuditEventDraft) -> Result<AuditEventDraft, PortError> {
        let subject: Map<_, _> =
            event.subject.iter().map(|(name, id)| (String::from(*name), json!(id))).collect();
        self.sink.ship(json!({
            "tenant_id": tenant,
            "event_id": event.event_id,
            "event_type": event.event_type,
            "actor": event.actor.name,
            "subject": subject,
            "facts": event.facts,
        }))?;
        Ok(event)
    }
}

type Emitted = Result<AuditEventDraft, PortError>;

#[async_trait]
impl MCPAuditEmitterPort for ShippingEmitter {
    async fn emit_tool_requested(&self, tenant: &TenantId, call: ToolEventContext<'_>) -> Emitted {
        self.ship(tenant, self.inner.emit_tool_requested(tenant, call).await?)
    }

    async fn emit_tool_allowed(&self, tenant: &TenantId, call: ToolEventContext<'_>) -> Emitted {
        self.ship(tenant, self.inner.emit_tool_allowed(tenant, call).await?)
    }

    async fn emit_tool_denied(
        &self,
        tenant: &TenantId,
        call: ToolEventContext<'_>,
        failure: &FailureFacts,
    ) -> Emitted {
        self.ship(tenant, self.inner.emit_tool_denied(tenant, call, failure).await?)
    }

    async fn emit_tool_started(
        &self,
        tenant: &TenantId,
        call: ToolEventContext<'_>,
        started_at: Timestamp,
    ) -> Result<(), PortError> {
        self.inner.emit_tool_started(tenant, call, started_at).await
    }

    async fn emit_tool_completed(
        &self,
        tenant: &TenantId,
        call: ToolEventContext<'_>,
        invocation: &McpToolInvocation,
    ) -> Emitted {
        self.ship(tenant, self.inner.emit_tool_completed(tenant, call, invocation).await?)
    }

    async fn emit_tool_failed(
        &self,
        tenant: &TenantId,
        call: ToolEventContext<'_>,
        invocation: &McpToolInvocation,
    ) -> Emitted {
        self.ship(tenant, self.inner.emit_tool_failed(tenant, call, invocation).await?)
    }
}
