//! An emitter that breaks between the record of a call and its sending, and once more when it is told of that.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::integrations::mcp::invocation::McpToolInvocation;
use portcullis_schemas::logs::event::AuditEventDraft;
use portcullis_schemas::logs::ledger::FailureFacts;
use portcullis_schemas::logs::ports::{MCPAuditEmitterPort, ToolEventContext};
use portcullis_schemas::timestamp::Timestamp;

pub(crate) struct PanickingEmitter(pub(crate) Arc<dyn MCPAuditEmitterPort>);

type Drafted = Result<AuditEventDraft, PortError>;

#[async_trait]
impl MCPAuditEmitterPort for PanickingEmitter {
    async fn emit_tool_requested(&self, tenant: &TenantId, event: ToolEventContext<'_>) -> Drafted {
        self.0.emit_tool_requested(tenant, event).await
    }

    async fn emit_tool_allowed(&self, tenant: &TenantId, event: ToolEventContext<'_>) -> Drafted {
        self.0.emit_tool_allowed(tenant, event).await
    }

    async fn emit_tool_denied(
        &self,
        tenant: &TenantId,
        event: ToolEventContext<'_>,
        failure: &FailureFacts,
    ) -> Drafted {
        self.0.emit_tool_denied(tenant, event, failure).await
    }

    async fn emit_tool_started(
        &self,
        _: &TenantId,
        _: ToolEventContext<'_>,
        _: Timestamp,
    ) -> Result<(), PortError> {
        panic!("as scripted")
    }

    async fn emit_tool_completed(
        &self,
        tenant: &TenantId,
        event: ToolEventContext<'_>,
        ended: &McpToolInvocation,
    ) -> Drafted {
        self.0.emit_tool_completed(tenant, event, ended).await
    }

    async fn emit_tool_failed(
        &self,
        _: &TenantId,
        _: ToolEventContext<'_>,
        _: &McpToolInvocation,
    ) -> Drafted {
        panic!("as scripted")
    }
}
