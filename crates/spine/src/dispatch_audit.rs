//! The standard dispatch audit: a log line for every dispatch, and an event of the trail for those that were
//! refused or broke before they could record anything themselves.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_schemas::codes;
use portcullis_schemas::ids::{EventId, TenantId};
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType};
use portcullis_schemas::logs::ledger::Refusal;
use portcullis_schemas::logs::ports::{DispatchAudit, DispatchRecord, Ledger};
use portcullis_schemas::runtime::{Clock, IdSource};
use serde_json::{Map, json};

/// See the module.
pub struct StandardDispatchAudit {
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl StandardDispatchAudit {
    /// Writes to this ledger.
    pub fn new(ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { ledger, clock, ids }
    }

    fn event(&self, record: &DispatchRecord, code: &str) -> AuditEventDraft {
        let mut facts = Map::new();
        facts.insert("code".to_owned(), json!(code));
        facts.insert("duration_micros".to_owned(), json!(record.duration_micros));
        AuditEventDraft {
            event_id: EventId::generate(&*self.ids),
            event_type: AuditEventType::OperationRefused,
            occurred_at: self.clock.now(),
            actor: record.actor.clone(),
            request_id: Some(record.request_id.clone()),
            subject: vec![("operation", record.operation.clone())],
            facts,
        }
    }
}

#[async_trait]
impl DispatchAudit for StandardDispatchAudit {
    async fn record(&self, tenant: &TenantId, record: &DispatchRecord) {
        tracing::info!(
            %tenant,
            operation = record.operation,
            actor = record.actor.name,
            request = record.request_id,
            micros = record.duration_micros,
            upstream_micros = record.upstream_micros,
            code = record.error_code.as_deref().unwrap_or("ok"),
            "dispatched"
        );
        let Some(code) = record.error_code.as_deref().filter(|code| leaves_no_event_of_its_own(code)) else {
            return;
        };
        let refusal = Refusal {
            events: vec![self.event(record, code)],
            invocation: None,
            incident: None,
            approval: None,
        };
        if let Err(error) = self.ledger.refuse(tenant, refusal).await {
            tracing::error!(%tenant, request = record.request_id, %error, "the refusal could not be recorded");
        }
    }
}

impl std::fmt::Debug for StandardDispatchAudit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StandardDispatchAudit(..)")
    }
}

fn leaves_no_event_of_its_own(code: &str) -> bool {
    [codes::AUTHORITY_DENIED, codes::OPERATION_PANICKED, codes::OPERATION_UNKNOWN, codes::FROZEN]
        .iter()
        .any(|refused| refused.as_str() == code)
}
