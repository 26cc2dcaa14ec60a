//! Ports that break: an emitter between the record of a call and its sending, and once more when it is told of that; a seal
//! when the answer is to be kept; and a hasher when it is given a result.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{KeyId, TenantId};
use portcullis_schemas::integrations::mcp::invocation::McpToolInvocation;
use portcullis_schemas::logs::event::AuditEventDraft;
use portcullis_schemas::logs::ledger::FailureFacts;
use portcullis_schemas::logs::ledger::SealedAnswer;
use portcullis_schemas::logs::ports::{AnswerSeal, MCPAuditEmitterPort, ToolEventContext};
use portcullis_schemas::runtime::{HashPurpose, KeyedHash};
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

pub(crate) struct PanickingSeal(pub(crate) Arc<dyn AnswerSeal>);

impl AnswerSeal for PanickingSeal {
    fn seal_answer(&self, _: &TenantId, _: &[u8]) -> Result<SealedAnswer, PortError> {
        panic!("as scripted")
    }

    fn open_answer(&self, tenant: &TenantId, sealed: &SealedAnswer) -> Result<Vec<u8>, PortError> {
        self.0.open_answer(tenant, sealed)
    }

    fn seal_round(&self, tenant: &TenantId, state: &[u8]) -> Result<Vec<u8>, PortError> {
        self.0.seal_round(tenant, state)
    }

    fn open_round(&self, tenant: &TenantId, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        self.0.open_round(tenant, sealed)
    }
}

pub(crate) struct PanickingHasher(pub(crate) Arc<dyn KeyedHash>);

impl KeyedHash for PanickingHasher {
    fn keyed_hash(&self, tenant: &TenantId, purpose: HashPurpose, bytes: &[u8]) -> [u8; 32] {
        let is_result = bytes.windows(CONTENT.len()).any(|window| window == CONTENT);
        assert!(!is_result, "as scripted");
        self.0.keyed_hash(tenant, purpose, bytes)
    }

    fn api_key_hash(&self, key_id: &KeyId, secret: &[u8]) -> [u8; 32] {
        self.0.api_key_hash(key_id, secret)
    }
}

/// What every result holds, and no argument of a test.
const CONTENT: &[u8] = b"\"content\"";
