//! An emitter that cannot emit.

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::invocation::McpToolInvocation;
use portcullis_schemas::logs::event::AuditEventDraft;
use portcullis_schemas::logs::ledger::FailureFacts;
use portcullis_schemas::logs::ports::{MCPAuditEmitterPort, ToolEventContext};
use portcullis_schemas::timestamp::Timestamp;

/// Fails every emit: no call may be made with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrokenEmitter;

fn fails<T>() -> Result<T, PortError> {
    Err(PortError::unavailable("this emitter always fails"))
}

#[async_trait]
impl MCPAuditEmitterPort for BrokenEmitter {
    async fn emit_tool_requested(
        &self,
        _: &TenantId,
        _: ToolEventContext<'_>,
    ) -> Result<AuditEventDraft, PortError> {
        fails()
    }

    async fn emit_tool_allowed(
        &self,
        _: &TenantId,
        _: ToolEventContext<'_>,
    ) -> Result<AuditEventDraft, PortError> {
        fails()
    }

    async fn emit_tool_denied(
        &self,
        _: &TenantId,
        _: ToolEventContext<'_>,
        _: &FailureFacts,
    ) -> Result<AuditEventDraft, PortError> {
        fails()
    }

    async fn emit_tool_started(
        &self,
        _: &TenantId,
        _: ToolEventContext<'_>,
        _: Timestamp,
    ) -> Result<(), PortError> {
        fails()
    }

    async fn emit_tool_completed(
        &self,
        _: &TenantId,
        _: ToolEventContext<'_>,
        _: &McpToolInvocation,
    ) -> Result<AuditEventDraft, PortError> {
        fails()
    }

    async fn emit_tool_failed(
        &self,
        _: &TenantId,
        _: ToolEventContext<'_>,
        _: &McpToolInvocation,
    ) -> Result<AuditEventDraft, PortError> {
        fails()
    }
}
